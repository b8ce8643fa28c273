# The box: a Debian 13 on a Debian 12, a tree in $ROOT, in which the cloud runs with processes, mounts and
# a loopback of its own. Read by devcloud, which runs in it a second time. All mounts are in namespaces
# that end with their processes: this machine never has one of them, so that no deletion reaches through.

export ROOT=$STATE/root
INSIDE=/usr/local/lib/devcloud   # where devcloud is in the tree
MOUNTS='mount -t proc proc "$ROOT/proc" && mount --rbind /sys "$ROOT/sys" && mount --rbind /dev "$ROOT/dev" && mount -t tmpfs tmpfs "$ROOT/dev/shm"'
SYSTEM=(PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)

# --- the tree ---

make_box() {
  # an installation that was killed may have left anything: the next tree is a new one
  [ ! -e "$STATE/installing" ] || devcloud_down
  claim
  [ ! -e "$ROOT" ] || return 0
  [ -x /usr/bin/mmdebstrap ] || { say "installing mmdebstrap"; apt mmdebstrap; }
  say "Debian 13's base system"
  rm -rf --one-file-system "$ROOT.new"
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main')
  mirror=${mirror%%$'\n'*}
  unshare --mount --propagation private mmdebstrap --quiet --mode=root --variant=minbase --components=main --include=iproute2 \
    --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' trixie "$ROOT.new" "${mirror:?no Debian mirror is known to apt: run apt-get update}" >"$STATE/mmdebstrap.log" 2>&1 ||
    fail "$STATE/mmdebstrap.log" "mmdebstrap failed"
  # nothing in it has to outlive a power failure, or is read
  printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' >"$ROOT.new/etc/dpkg/dpkg.cfg.d/devcloud"
  # a third of Python's modules is never imported: each is compiled when it first is
  chroot "$ROOT.new" dpkg-divert --quiet --local --rename --add /usr/bin/py3compile
  ln -s /bin/true "$ROOT.new/usr/bin/py3compile"
  cp /etc/resolv.conf "$ROOT.new/etc/resolv.conf"
  echo "127.0.0.1 localhost $(hostname)" >"$ROOT.new/etc/hosts"
  mv "$ROOT.new" "$ROOT"
}
# whatever runs in the tree has 8, and its removal waits for that
share() { exec 8<"$STATE/.devcloud"; flock -s 8; }

# run COMMAND...: with the tree's programs, this machine's /tmp, working tree and state, and the network that
# this is called in; all that it started ends with it
run() {
  PROJECT=$(realpath "$HERE/../..") CWD=$PWD unshare --mount --pid --fork --kill-child --propagation private bash -c \
    "$MOUNTS"' || exit
    for dir in /tmp "$PROJECT" "$DEVCLOUD_STATE"; do mkdir -p "$ROOT$dir" && mount --bind "$dir" "$ROOT$dir" || exit; done
    [ -d "$ROOT$CWD" ] || CWD=/
    chroot "$ROOT" env -C "$CWD" -u ROOT -u PROJECT -u CWD -u DEVCLOUD_STATE "$@"; exit $?' run "${SYSTEM[@]}" "$@" 9>&-
}

# --- the box ---

# first: the pid of the first process in the box
first() {
  local pid
  pid=$(cat "$STATE/pid" 2>/dev/null) && ours "$pid" && pgrep -P "$pid"
}
running() { first >/dev/null || die "the cloud is not up: devcloud --release $RELEASE up"; }
start_box() {
  ! first >/dev/null || return 0
  rm -f "$ROOT/run/box"
  # bash as its first process reaps what the services leave behind
  (
    echo $BASHPID >"$STATE/pid"
    exec setsid unshare --net --mount --pid --fork --kill-child --propagation private bash -c \
      "$MOUNTS"' && exec chroot "$ROOT" bash -c "ip link set lo up && : >/run/box && while :; do sleep infinity & wait; done"'
  ) >"$STATE/box.log" 2>&1 </dev/null 9>&- &
  until [ -e "$ROOT/run/box" ]; do kill -0 $! 2>/dev/null || fail "$STATE/box.log" "the box does not start"; sleep .05; done
}
# With the first process all others of the box are killed, and its parent ends when they are gone.
stop_box() {
  local pid; pid=$(first) || return 0
  kill -KILL "$pid"
  while ours "$(cat "$STATE/pid")"; do sleep .05; done
}

put_inside() { install -D -t "$ROOT$INSIDE" "$HERE"/devcloud "$HERE"/*.sh; }
again() { printf '%s\n' env "${SYSTEM[@]}" HOME=/root DEVCLOUD_STATE=/devcloud $INSIDE/devcloud --release "$RELEASE" ${BACKUP:+--backup "$BACKUP"}; }
# inside ARGUMENTS...: devcloud in the box
inside() {
  local command; mapfile -t command < <(again)
  put_inside
  nsenter -t "$(first)" --mount --pid --net --root --wd "${command[@]}" "$@" || exit
}

devcloud_install() {
  local command; mapfile -t command < <(again)
  make_box
  put_inside
  : >"$STATE/installing"
  (share; run "${command[@]}" install)
  rm "$STATE/installing"
}
devcloud_up() {
  devcloud_install
  start_box
  local yaml; yaml=$(inside up)
  echo "$ROOT$yaml"
}
devcloud_down() {
  [ -e "$STATE/.devcloud" ] || return 0
  stop_box
  exec 8<"$STATE/.devcloud"
  flock -n 8 || { say "waiting for the end of what runs in $ROOT"; flock 8; }
  unclaim
}
devcloud_status()  { ! first >/dev/null || inside status; }
devcloud_stop()    { running; inside stop "$@"; }
devcloud_start()   { running; inside start "$@"; }
devcloud_restart() { running; inside restart "$@"; }

devcloud_net() {
  running
  exec nsenter --net="/proc/$(first)/ns/net" "$@"
}
devcloud_box() {
  make_box
  share
  exec 9>&-
  run "$@" || exit
}
