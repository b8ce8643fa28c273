# The cloud in the system that this runs in: a Debian 12 or 13 machine, or the box. Read by devcloud.

CEPH=$STATE/ceph OS=$STATE/os RUN=$STATE/run LOG=$STATE/log
export CEPH_CONF=$CEPH/ceph.conf
KEYSTONE=http://127.0.0.1:5000/v3 GLANCE=http://127.0.0.1:9292 CINDER=http://127.0.0.1:8776 BARBICAN=http://127.0.0.1:9311
MYSQL_PORT=13306 RABBIT_PORT=15673 RABBIT_DIST_PORT=25673 EPMD_PORT=14369
PORTS="3300 6789 $MYSQL_PORT $RABBIT_PORT $RABBIT_DIST_PORT $EPMD_PORT 5000 9292 9311 8776 6200 6201 6202 8080"
# in the order in which they need one another
SWIFT="swift-account swift-container swift-object swift-proxy"
SERVICES="mon.a mgr.x osd.0 mariadb epmd rabbitmq keystone barbican glance $SWIFT cinder-api cinder-scheduler cinder-volume cinder-backup"
PACKAGES="keystone barbican-api glance-api cinder-api cinder-scheduler cinder-volume cinder-backup
  mariadb-server python3-pymysql rabbitmq-server curl procps qemu-utils
  ceph-mon ceph-osd ceph-mgr ceph-common python3-rbd python3-rados
  python3-openstackclient python3-openstacksdk"
SWIFT_PACKAGES="$SWIFT python3-swiftclient"
PY=/usr/bin/python3   # Debian's interpreter: the one that has OpenStack's packages

quiet() { "$@" >>"$LOG/setup.log" 2>&1 || fail "$LOG/setup.log" "failed: $*"; }
open()  { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
http()  { curl -s -o /dev/null -m 5 "$1"; }
sql()   { timeout 10 mariadb --no-defaults -N -uroot -S "$RUN/mysql.sock" -e "$1"; }

auth_section() { # USER: how a service validates tokens
  cat <<EOF
[keystone_authtoken]
auth_url = $KEYSTONE
www_authenticate_uri = $KEYSTONE
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = $1
password = pw
EOF
}

devcloud_install() {
  local packages=$PACKAGES
  [ "$BACKUP" != swift ] || packages+=" $SWIFT_PACKAGES"
  [ "$(dpkg-query -W -f '${Status}\n' $packages 2>/dev/null | grep -c '^install ok installed')" != "$(wc -w <<<"$packages")" ] || return 0
  say "installing Debian's packages"
  apt $packages
}

# --- one service: NAME.cmd in run/ is its command, NAME.pid the leader of its process group ---

service() { local name=$1; shift; printf '%q ' "$@" >"$RUN/$name.cmd"; }
pid()   { cat "$RUN/$1.pid" 2>/dev/null; }
alive() { local pid; pid=$(pid "$1") && ours "$pid"; }
# members NAME: what still runs of its process group; a leader may end before its children (rabbitmq's does)
members() {
  local leader p; leader=$(pid "$1") || return 0
  for p in $(pgrep -g "$leader"); do ! ours "$p" || echo "$p"; done
}

# beats NAME: its heartbeats so far, a row for each host. Cinder lists a service as up for
# service_down_time after it died; only a new heartbeat shows that it works.
beats() { sql "SELECT host, report_count FROM cinder.services WHERE NOT deleted AND report_count > 0 AND \`binary\` = '$1'"; }
beating() {
  local now hosts=1
  [ "$1" != cinder-volume ] || hosts=2   # its two backends are two rows
  now=$(beats "$1") && [ "$(grep -c . <<<"$now")" -ge $hosts ] && ! grep -qxFf "$RUN/$1.beats" <<<"$now"
}

# heard NAME: since NAME was started the scheduler has been told that cinder-backup works. No
# heartbeat tells it that, and until then every new backup ends in "Service not found".
heard() {
  ! alive cinder-scheduler || ! alive cinder-backup ||
    grep -q "Received backup service update.*'backend_state': True" < <(tail -c "+$(cat "$RUN/$1.mark")" "$LOG/cinder-scheduler.log")
}

answers() {
  case $1 in
    mon.a) timeout 10 ceph mon stat ;;
    osd.0) timeout 10 ceph tell osd.0 version ;;
    mgr.x) timeout 10 ceph tell mgr.x version ;;
    mariadb) sql 'SELECT 1' ;;
    epmd) open $EPMD_PORT ;;
    rabbitmq) open $RABBIT_PORT ;;
    keystone) http $KEYSTONE ;;
    barbican) http $BARBICAN/ ;;
    glance) http $GLANCE/ ;;
    cinder-api) http $CINDER/ ;;
    swift-proxy) http http://127.0.0.1:8080/healthcheck ;;
    swift-object) open 6200 ;;
    swift-container) open 6201 ;;
    swift-account) open 6202 ;;
    cinder-volume) beating "$1" ;;
    cinder-*) beating "$1" && heard "$1" ;;
  esac >/dev/null 2>&1
}

begin() {
  ! alive "$1" || return 0
  halt "$1"   # what a dead leader left behind
  case $1 in cinder-scheduler | cinder-volume | cinder-backup)
    beats "$1" >"$RUN/$1.beats" 2>/dev/null || true
    stat -c %s "$LOG/cinder-scheduler.log" >"$RUN/$1.mark" 2>/dev/null || echo 0 >"$RUN/$1.mark" ;;
  esac
  : >"$RUN/$1.new"
  # it notes its pid itself, so that no kill of this script leaves one that nobody knows; 9 is our lock,
  # which a service must not hold
  (
    echo $BASHPID >"$RUN/$1.pid"
    cd "$STATE"
    export TMPDIR=$STATE/tmp   # os-brick and others leave files in it
    eval "exec setsid $(cat "$RUN/$1.cmd")"
  ) >>"$LOG/$1.log" 2>&1 </dev/null 9>&- &
  until alive "$1" || ! kill -0 $! 2>/dev/null; do sleep .05; done   # until exec its environment is this script's
}
await() {
  [ -e "$RUN/$1.new" ] || return 0   # ran already
  local until=$((SECONDS + 180))
  until answers "$1"; do
    alive "$1" || fail "$LOG/$1.log" "$1 ended"
    [ $SECONDS -lt $until ] || fail "$LOG/$1.log" "$1 runs but does not answer"
    sleep .3
  done
  rm "$RUN/$1.new"
}
start() { local name; for name; do begin "$name"; await "$name"; done; }
halt() { # the whole group, first kindly
  local leader signal until; leader=$(pid "$1") || return 0
  for signal in TERM KILL; do
    until=$((SECONDS + 20))
    [ -z "$(members "$1")" ] || kill -$signal -- "-$leader" 2>/dev/null || true
    while [ -n "$(members "$1")" ] && [ $SECONDS -lt $until ]; do sleep .2; done
  done
  [ -z "$(members "$1")" ] || die "$1 cannot be ended: pids $(members "$1" | xargs)"
}
known()  { [ -e "$RUN/$1.cmd" ]; }
demand() { [ -n "$1" ] && known "$1" || die "no service ${1:-named}; there are: $(there | xargs)"; }
# of all the services those that are there: Swift comes when it is first asked for
there()  { local name; for name in $SERVICES; do ! known "$name" || echo "$name"; done; }

# --- the whole ---

check_free() {
  local f p
  for f in ceph.conf ceph.client.admin.keyring; do
    [ ! -e /etc/ceph/$f ] || [ "$(readlink /etc/ceph/$f)" = "$CEPH/${f#ceph.client.admin.}" ] || die "/etc/ceph/$f belongs to another Ceph"
  done
  for p in $PORTS; do ! open "$p" || die "port $p of 127.0.0.1 is taken: by another devcloud, or by a service of Debian's that the machine started at boot"; done
}
devcloud_up() {
  devcloud_install
  claim
  if [ -e "$STATE/clouds.yaml" ]; then   # it is written last
    start $(there)
  else
    devcloud_down
    check_free
    claim
    mkdir -p "$RUN" "$LOG" "$STATE/tmp" /etc/ceph
    . "$HERE/setup.sh"
    setup
  fi
  [ "${BACKUP:-$(driver)}" = "$(driver)" ] || switch_driver
  say up
  echo "$STATE/clouds.yaml"
}
devcloud_down() {
  [ -e "$STATE/.devcloud" ] || return 0
  local name; for name in $(there | tac); do halt "$name"; done
  [ "$(readlink /etc/ceph/ceph.conf)" != "$CEPH/ceph.conf" ] || rm -f /etc/ceph/ceph.conf /etc/ceph/ceph.client.admin.keyring
  unclaim
}
# the name of Cinder's backup driver is where it is written down
driver() { sed -n 's/^backup_driver = cinder.backup.drivers.\([a-z]*\)\..*/\1/p' "$OS/cinder/cinder.conf"; }
switch_driver() {
  say "backups go to $BACKUP"
  [ "$BACKUP" != swift ] || { . "$HERE/swift.sh"; setup_swift; }
  halt cinder-backup   # first: a switch that is killed half way is not taken for done
  sed -i "s/^backup_driver = .*/backup_driver = cinder.backup.drivers.$BACKUP.${BACKUP^}BackupDriver/" "$OS/cinder/cinder.conf"
  start cinder-backup
}

devcloud_status()  { local name; for name in $(there); do alive "$name" && echo "$name up" || echo "$name down"; done; }
devcloud_stop()    { demand "${1:-}"; halt "$1"; }
devcloud_start()   { demand "${1:-}"; start "$1"; }
devcloud_restart() { demand "${1:-}"; halt "$1"; start "$1"; }
# here there is but one network and one system
devcloud_net() { exec "$@" 9>&-; }
devcloud_box() { exec "$@" 9>&-; }
