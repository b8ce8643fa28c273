# The first start: configuration, databases, users, catalog. Read by devcloud, whose functions and
# variables it uses; later starts only run the commands that are written down here.

setup() {
  setup_ceph
  setup_openstack
}

setup_ceph() {
  say "ceph"
  mkdir -p "$CEPH"/{mon,mgr,osd}; cd "$CEPH"
  local fsid osd; fsid=$(cat /proc/sys/kernel/random/uuid); osd=$(cat /proc/sys/kernel/random/uuid)
  cat >ceph.conf <<EOF
[global]
fsid = $fsid
mon_initial_members = a
mon_host = [v2:127.0.0.1:3300,v1:127.0.0.1:6789]
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_crit = 1
mon_data_avail_warn = 1
mon_data = $CEPH/mon
mgr_data = $CEPH/mgr
osd_data = $CEPH/osd
osd_objectstore = bluestore
bluestore_block_size = 21474836480
bluestore_block_create = true
osd_memory_target = 939524096
keyring = $CEPH/keyring
log_to_stderr = true
log_file =
admin_socket = $CEPH/\$name.asok
run_dir = $CEPH
# Debian 13's own value is a relative path, which is not found
osd_class_dir = /usr/lib/$(uname -m)-linux-gnu/rados-classes
EOF
  quiet ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *'
  quiet ceph-authtool keyring --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  quiet ceph-authtool keyring --gen-key -n mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *'
  quiet ceph-authtool keyring --gen-key -n osd.0 --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'
  quiet monmaptool --create --addv a '[v2:127.0.0.1:3300,v1:127.0.0.1:6789]' --fsid "$fsid" monmap
  quiet ceph-mon --mkfs -i a --monmap monmap --keyring keyring
  service mon.a ceph-mon -f -i a
  service mgr.x ceph-mgr -f -i x
  service osd.0 ceph-osd -f -i 0
  start mon.a
  quiet timeout 30 ceph auth import -i keyring
  begin mgr.x
  quiet timeout 30 ceph osd new "$osd"
  quiet ceph-osd -i 0 --mkfs --osd-uuid "$osd"
  start osd.0
  await mgr.x
  local pool
  for pool in volumes volumes-2 backups; do
    quiet timeout 60 ceph osd pool create "$pool" 8 8
    quiet timeout 60 rbd pool init "$pool"
  done
  # os-brick looks for configuration and keyring here only
  ln -sf "$CEPH/ceph.conf" /etc/ceph/ceph.conf
  ln -sf "$CEPH/keyring" /etc/ceph/ceph.client.admin.keyring
}

# wsgi_service NAME PORT PROGRAM SETTING: of one process, whose memory is the whole cache: without it a
# token's every check takes half a second
wsgi_service() {
  service "$1" env "$4" uwsgi_python3 --http-socket "127.0.0.1:$2" --wsgi-file "$3" --processes 1 --threads 4 --master --lazy-apps --buffer-size 65535 --add-header "Connection: close" --die-on-term
}

setup_openstack() {
  say "mariadb and rabbitmq"
  mkdir -p "$OS"/{db,rabbit,keystone,barbican/.barbican,glance/images,glance/staging,glance/tasks,cinder/lock,cinder/conversion,cinder/coord,fernet,credential,backups}
  cd "$OS"; chmod 700 fernet credential
  quiet mariadb-install-db --no-defaults --user=root --datadir="$OS/db" --auth-root-authentication-method=normal --skip-test-db
  service mariadb mariadbd --no-defaults --user=root --datadir="$OS/db" --socket="$RUN/mysql.sock" --port=$MYSQL_PORT --bind-address=127.0.0.1 --innodb-flush-log-at-trx-commit=2 --max-connections=500
  cat >rabbit/rabbitmq.conf <<EOF
listeners.tcp.1 = 127.0.0.1:$RABBIT_PORT
loopback_users = none
default_user = stack
default_pass = pw
EOF
  echo '[].' >rabbit/enabled_plugins
  service epmd epmd -address 127.0.0.1 -port $EPMD_PORT
  service rabbitmq env HOME="$OS/rabbit" RABBITMQ_NODENAME=devcloud@localhost RABBITMQ_MNESIA_BASE="$OS/rabbit/mnesia" RABBITMQ_LOG_BASE="$LOG" \
    RABBITMQ_CONFIG_FILE="$OS/rabbit/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$OS/rabbit/enabled_plugins" \
    RABBITMQ_DIST_PORT=$RABBIT_DIST_PORT RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" ERL_EPMD_PORT=$EPMD_PORT /usr/lib/rabbitmq/bin/rabbitmq-server
  begin epmd; begin rabbitmq
  start mariadb
  for db in keystone barbican glance cinder; do
    quiet sql "CREATE DATABASE $db CHARACTER SET utf8; CREATE USER $db@'127.0.0.1' IDENTIFIED BY 'pw'; GRANT ALL ON $db.* TO $db@'127.0.0.1'; CREATE USER $db@'localhost' IDENTIFIED BY 'pw'; GRANT ALL ON $db.* TO $db@'localhost';"
  done

  cat >glance/glance-api.conf <<EOF
[DEFAULT]
bind_host = 127.0.0.1
workers = 1
enabled_backends = file:file
[database]
connection = mysql+pymysql://glance:pw@127.0.0.1:$MYSQL_PORT/glance
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $OS/glance/images
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
[os_glance_staging_store]
filesystem_store_datadir = $OS/glance/staging
[os_glance_tasks_store]
filesystem_store_datadir = $OS/glance/tasks
$(auth_section glance)
EOF
  cat >cinder/cinder.conf <<EOF
[DEFAULT]
state_path = $OS/cinder
osapi_volume_listen = 127.0.0.1
osapi_volume_workers = 2
api_paste_config = /etc/cinder/api-paste.ini
rootwrap_config = /etc/cinder/rootwrap.conf
transport_url = rabbit://stack:pw@127.0.0.1:$RABBIT_PORT/
auth_strategy = keystone
enabled_backends = ceph,ceph-2
default_volume_type = ceph
glance_api_servers = $GLANCE
image_conversion_dir = $OS/cinder/conversion
backup_driver = cinder.backup.drivers.ceph.CephBackupDriver
backup_ceph_conf = $CEPH/ceph.conf
backup_ceph_user = admin
backup_ceph_pool = backups
backup_posix_path = $OS/backups
backup_native_threads_pool_size = 20
my_ip = 127.0.0.1
host = devcloud
report_interval = 2
service_down_time = 12
periodic_interval = 5
periodic_fuzzy_delay = 0
backup_driver_stats_polling_interval = 10
default_log_levels = amqp=WARN,keystonemiddleware=WARN,sqlalchemy=WARN,stevedore=WARN,urllib3=WARN,cinder.scheduler.host_manager=DEBUG
[ceph]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
volume_backend_name = ceph
rbd_pool = volumes
rbd_ceph_conf = $CEPH/ceph.conf
rbd_user = admin
[ceph-2]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
volume_backend_name = ceph-2
rbd_pool = volumes-2
rbd_ceph_conf = $CEPH/ceph.conf
rbd_user = admin
[database]
connection = mysql+pymysql://cinder:pw@127.0.0.1:$MYSQL_PORT/cinder
[oslo_concurrency]
lock_path = $OS/cinder/lock
[coordination]
backend_url = file://$OS/cinder/coord
[oslo_policy]
policy_file = $OS/cinder/policy.yaml
[key_manager]
backend = barbican
[barbican]
auth_endpoint = $KEYSTONE
$(auth_section cinder)
EOF
  # Barbican looks for its configuration in the home directory. Zed's knows the database's place by its old
  # name alone. By the old policy a member has no keys.
  cat >barbican/.barbican/barbican.conf <<EOF
[DEFAULT]
host_href = $BARBICAN
db_auto_create = false
sql_connection = mysql+pymysql://barbican:pw@127.0.0.1:$MYSQL_PORT/barbican
[database]
connection = mysql+pymysql://barbican:pw@127.0.0.1:$MYSQL_PORT/barbican
[oslo_policy]
enforce_new_defaults = true
[simple_crypto_plugin]
kek = $(head -c 32 /dev/urandom | base64)
$(auth_section barbican)
EOF
  # those that wait for nothing of Keystone's, meanwhile
  {
    quiet env HOME="$OS/barbican" barbican-manage db upgrade
    quiet glance-manage --config-file "$OS/glance/glance-api.conf" db_sync
    quiet cinder-manage --config-file "$OS/cinder/cinder.conf" db sync
  } &
  local syncing=$!

  say "keystone"
  cat >keystone/keystone.conf <<EOF
[database]
connection = mysql+pymysql://keystone:pw@127.0.0.1:$MYSQL_PORT/keystone
[token]
provider = fernet
[fernet_tokens]
key_repository = $OS/fernet
[credential]
key_repository = $OS/credential
[cache]
enabled = true
backend = dogpile.cache.memory
EOF
  local ks="--config-file $OS/keystone/keystone.conf"
  quiet keystone-manage $ks db_sync
  quiet keystone-manage $ks fernet_setup --keystone-user root --keystone-group root
  quiet keystone-manage $ks credential_setup --keystone-user root --keystone-group root
  quiet keystone-manage $ks bootstrap --bootstrap-password adminpw --bootstrap-admin-url $KEYSTONE/ --bootstrap-internal-url $KEYSTONE/ --bootstrap-public-url $KEYSTONE/ --bootstrap-region-id RegionOne
  wsgi_service keystone 5000 /usr/bin/keystone-wsgi-public OS_KEYSTONE_CONFIG_DIR="$OS/keystone"
  wsgi_service barbican 9311 /usr/bin/barbican-wsgi-api HOME="$OS/barbican"
  start keystone
  say "users and catalog"
  OS_AUTH_URL=$KEYSTONE OS_USERNAME=admin OS_PASSWORD=adminpw OS_PROJECT_NAME=admin OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default OS_REGION_NAME=RegionOne \
    quiet $PY - <<'PYTHON'
import openstack
ks = openstack.connect().identity
roles = {r.name: r for r in ks.roles()}
def project(name): return ks.create_project(name=name, domain_id='default')
def user(name, password, project, role):
    u = ks.create_user(name=name, password=password, domain_id='default', default_project_id=project.id)
    ks.assign_project_role_to_user(project, u, roles[role])
service = project('service')
for name in ('barbican', 'glance', 'cinder'):
    user(name, 'pw', service, 'admin')
for p, u in (('conformance', 'tester'), ('other', 'stranger')):
    user(u, 'secret', project(p), 'member')
for name, kind, url in (('barbican', 'key-manager', 'http://127.0.0.1:9311'), ('glance', 'image', 'http://127.0.0.1:9292'), ('cinderv3', 'volumev3', 'http://127.0.0.1:8776/v3/%(project_id)s')):
    s = ks.create_service(name=name, type=kind)
    for interface in ('public', 'internal', 'admin'):
        ks.create_endpoint(service_id=s.id, interface=interface, url=url, region_id='RegionOne')
PYTHON
  say "barbican, glance and cinder"
  wait $syncing
  await epmd; await rabbitmq
  # What copies volumes takes and gives back buffers of 128 MiB all the time. In a virtual machine a page
  # that is touched for the first time is dear: large pages, and buffers that are kept, spare a quarter of
  # the time that a check of contents takes.
  local name copies="env GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=4294967296"
  service glance $copies glance-api --config-file "$OS/glance/glance-api.conf"
  for name in cinder-api cinder-scheduler; do service $name $name --config-file "$OS/cinder/cinder.conf"; done
  for name in cinder-volume cinder-backup; do service $name $copies $name --config-file "$OS/cinder/cinder.conf"; done
  for name in barbican glance cinder-api cinder-scheduler cinder-volume cinder-backup; do begin $name; done

  { echo clouds:
    for who in ":tester:secret:conformance" "-other:stranger:secret:other" "-admin:admin:adminpw:admin"; do
      IFS=: read -r suffix user password project <<<"$who"
      cat <<EOF
  devcloud$suffix:
    region_name: RegionOne
    auth:
      auth_url: $KEYSTONE
      username: $user
      password: $password
      project_name: $project
      user_domain_name: Default
      project_domain_name: Default
EOF
    done; } >"$OS/clouds.yaml"
  await barbican; await glance; await cinder-api
  OS_CLIENT_CONFIG_FILE=$OS/clouds.yaml quiet $PY - <<'PYTHON'
import openstack
bs = openstack.connect(cloud='devcloud-admin').block_storage
for name in ('ceph', 'ceph-2'):
    bs.create_type(name=name, extra_specs={'volume_backend_name': name})
luks = bs.create_type(name='luks', extra_specs={'volume_backend_name': 'ceph'})
bs.create_type_encryption(luks, provider='luks', control_location='front-end', cipher='aes-xts-plain64', key_size=256)
PYTHON
  for name in cinder-scheduler cinder-volume cinder-backup; do await $name; done
  mv "$OS/clouds.yaml" "$STATE/clouds.yaml"
}
