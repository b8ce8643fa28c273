"""Writes tempest.conf and accounts.yaml for the cloud $CLOUD of clouds.yaml, whose accounts are all clouds named so or
$CLOUD-..., and uploads the image that Tempest's tests make volumes of."""

import json
import os
import urllib.request

import yaml

name = os.environ["CLOUD"]
with open("clouds.yaml") as f:
    clouds = {k: v for k, v in yaml.safe_load(f)["clouds"].items() if k == name or k.startswith(name + "-")}
region = clouds[name]["region_name"]


def send(method, url, data, headers):
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
        return json.loads(answer.read() or "null"), answer.headers


def post(url, body, headers={}):
    return send("POST", url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})


def login(auth):
    user = {"name": auth["username"], "password": auth["password"], "domain": {"name": auth["user_domain_name"]}}
    project = {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}
    answer, headers = post(auth["auth_url"] + "/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}})
    return answer["token"], {"X-Auth-Token": headers["X-Subject-Token"]}


accounts = []
for cloud in clouds.values():
    auth = cloud["auth"]
    token, headers = login(auth)
    admin = any(role["name"] == "admin" for role in token["roles"])
    accounts.append({key: auth[key] for key in ("username", "password", "project_name", "user_domain_name", "project_domain_name")}
                    | {"domain_name": auth["user_domain_name"], "roles": ["admin" if admin else "member"]})
    if admin:
        catalog, publisher = token["catalog"], headers  # only an administrator's image may be public, for every account
with open("accounts.yaml", "w") as f:
    yaml.safe_dump(accounts, f)

glance = next(e["url"] for s in catalog if s["type"] == "image" for e in s["endpoints"]
              if e["interface"] == "public" and e["region"] == region)
image, _ = post(glance + "/v2/images", {"name": "tempest", "disk_format": "raw", "container_format": "bare", "visibility": "public"}, publisher)
send("PUT", f"{glance}/v2/images/{image['id']}/file", bytes(range(256)) * 4096, {**publisher, "Content-Type": "application/octet-stream"})

# cloudsim's operations take 0.1 s: to wait for a second between two looks is most of what the tests take. Where [volume]
# has 0, Tempest takes [compute]'s.
interval, timeout = (0, 60) if name == "cloudsim" else (1, 300)
os.makedirs("lock")
with open("tempest.conf", "w") as f:
    f.write(f"""[DEFAULT]
debug = true
log_file = {os.getcwd()}/tempest.log
[oslo_concurrency]
lock_path = {os.getcwd()}/lock
[auth]
use_dynamic_credentials = false
test_accounts_file = {os.getcwd()}/accounts.yaml
admin_role = admin
[identity]
auth_version = v3
uri_v3 = {clouds[name]["auth"]["auth_url"]}
region = {region}
[service_available]
cinder = true
glance = true
nova = false
swift = false
# There is none, but without it Tempest skips its backup tests. With ready-made accounts it asks it nothing.
neutron = true
[image]
region = {region}
[compute]
image_ref = {image["id"]}
build_interval = {interval}
[volume]
catalog_type = volumev3
region = {region}
min_microversion = 3.0
max_microversion = 3.70
backup_driver = ceph
storage_protocol = ceph
volume_size = 1
build_interval = {interval}
build_timeout = {timeout}
[volume-feature-enabled]
backup = true
snapshot = true
clone = true
extend_attached_volume = false
volume_revert = false
""")
