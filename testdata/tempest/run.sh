#!/usr/bin/env bash
# run.sh: the volume backup tests of Tempest and of cinder-tempest-plugin, against cloudsim or another cloud
#
#   run.sh               all that selection.txt selects
#   run.sh backup        the tests of backups alone (backup.txt)
#
# It fails if a test fails or is skipped, and if a line of the list selects none: what cannot pass is in
# excluded.txt, with the reason. It is run in Debian 13's system, on Debian 12 in the box of
# testdata/devcloud, where Debian's packages tempest and cinder-tempest-plugin are installed if they are
# missing; with `install` instead of a list, that is all. Root, and:
#
# TEMPEST_WORK    where configuration, logs and results go; emptied first  (default /tmp/tempest)
# CLOUDSIM        the program                                       (default bin/cloudsim)
# CLOUDSIM_FLAGS  more flags of it, such as --fault=restore=error_restoring
# CONCURRENCY     workers                                           (default 2)
# CLOUD           instead of cloudsim this cloud of OS_CLIENT_CONFIG_FILE: with clouds CLOUD-..., of which
#                 there have to be a member and an administrator for each worker
set -euo pipefail
here=$(dirname "$(realpath "$0")")
: "${TEMPEST_WORK:=/tmp/tempest}" "${CONCURRENCY:=2}"
export TEMPEST_WORK CONCURRENCY
list=${1:-selection}
box() { "$here/../devcloud/devcloud" --release 2025.1 box "$@"; }
if [ "$list" = install ]; then
  box bash -euc '
    dpkg-query -W tempest cinder-tempest-plugin >/dev/null 2>&1 && exit
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends tempest cinder-tempest-plugin' >"$TEMPEST_WORK.apt.log" 2>&1 ||
    { tail -n 20 "$TEMPEST_WORK.apt.log" >&2; exit 1; }
  exit
fi
[ -e "$here/$list.txt" ] || { sed -n '2,/^set -/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 2; }
[ "$(id -u)" = 0 ] || { echo "run.sh: must be run as root: it works in another root directory" >&2; exit 1; }

if [ -z "${CLOUD:-}" ]; then
  # shellcheck disable=SC2086 # several flags
  exec "${CLOUDSIM:-$here/../../bin/cloudsim}" --page-size 1000 --more-accounts "$CONCURRENCY" ${CLOUDSIM_FLAGS:-} -- env CLOUD=cloudsim "$0" "$list"
fi

"$0" install
rm -rf "$TEMPEST_WORK"; mkdir -p "$TEMPEST_WORK"
cp "$OS_CLIENT_CONFIG_FILE" "$TEMPEST_WORK/clouds.yaml"
cp "$here/setup.py" "$TEMPEST_WORK/"
for f in "$list" excluded; do sed '/^#/d; /^$/d' "$here/$f.txt" >"$TEMPEST_WORK/$f.txt"; done

began=$SECONDS rc=0
box env "HOME=$TEMPEST_WORK" "CLOUD=$CLOUD" bash -euc '
  cd "$HOME"
  python3 setup.py
  tempest init workspace >init.log 2>&1
  cp tempest.conf accounts.yaml workspace/etc/
  cd workspace
  exec timeout 900 tempest run --concurrency "$1" --include-list "$HOME/$2.txt" --exclude-list "$HOME/excluded.txt" >"$HOME/out.log" 2>&1
' bash "$CONCURRENCY" "$list" || rc=$?

out=$TEMPEST_WORK/out.log
[ -e "$out" ] || exit 1
grep -E '^\{[0-9]+\} |^ - (Passed|Skipped|Failed)' "$out" || tail -n 30 "$out"
echo "tempest: exit status $rc after $((SECONDS - began)) s; logs are in $TEMPEST_WORK"
[ $rc = 0 ] || exit 1
grep -qx ' - Skipped: 0' "$out" || { echo "error: tests were skipped: what cannot run is to be excluded, with the reason" >&2; exit 1; }
while read -r selected; do
  grep -Eq "^\{[0-9]+\} ${selected#^}" "$out" || { echo "error: $selected selects no test" >&2; exit 1; }
done <"$TEMPEST_WORK/$list.txt"
