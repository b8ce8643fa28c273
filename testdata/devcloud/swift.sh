# A Swift with one replica on one disk, in Keystone's catalog, to which cinder-backup can back up. Read by
# devcloud; what is there already is left as it is.

swift_port() { case $1 in object) echo 6200 ;; container) echo 6201 ;; account) echo 6202 ;; esac; }

setup_swift() {
  local dir=$OS/swift kind name
  mkdir -p "$dir/devices/d1"; cd "$dir"
  for kind in account container object; do
    [ -e $kind.ring.gz ] || {
      rm -f $kind.builder
      quiet swift-ring-builder $kind.builder create 6 1 0
      quiet swift-ring-builder $kind.builder add "r1z1-127.0.0.1:$(swift_port $kind)/d1" 1
      quiet swift-ring-builder $kind.builder rebalance
    }
    swift_server $kind "$(swift_port $kind)" $kind-server >$kind.conf <<EOF
devices = $dir/devices
mount_check = false
disable_fallocate = true
[app:$kind-server]
use = egg:swift#$kind
EOF
  done
  swift_server proxy 8080 "catch_errors gatekeeper healthcheck authtoken keystoneauth listing_formats slo dlo proxy-server" >proxy.conf <<EOF
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = true
$(auth_section swift | tail -n +2)
$(for name in catch_errors gatekeeper healthcheck listing_formats slo dlo; do printf '[filter:%s]\nuse = egg:swift#%s\n' $name $name; done)
EOF
  OS_CLIENT_CONFIG_FILE=$STATE/clouds.yaml quiet $PY - <<'PYTHON'
import openstack
ks = openstack.connect(cloud='devcloud-admin').identity
project = ks.find_project('service')
user = ks.find_user('swift') or ks.create_user(name='swift', password='pw', domain_id='default', default_project_id=project.id)
ks.assign_project_role_to_user(project, user, ks.find_role('admin'))
service = ks.find_service('swift') or ks.create_service(name='swift', type='object-store')
there = {e.interface for e in ks.endpoints(service_id=service.id)}
for interface in {'public', 'internal', 'admin'} - there:
    ks.create_endpoint(service_id=service.id, interface=interface, url='http://127.0.0.1:8080/v1/AUTH_%(project_id)s', region_id='RegionOne')
PYTHON
  for kind in account container object proxy; do service swift-$kind swift-$kind-server "$dir/$kind.conf"; done
  start $SWIFT
}

# swift_server KIND PORT PIPELINE: a server's configuration, which goes on with what is on stdin
swift_server() {
  cat <<EOF
[pipeline:main]
pipeline = $3
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
user = root
swift_dir = $OS/swift
workers = 0
fallocate_reserve = 0
EOF
  cat
}
