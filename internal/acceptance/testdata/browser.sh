#!/usr/bin/env bash
# Debian's headless Chromium, in the system that this is run in.
#
#   browser.sh install     about 100 MB, if it is not there yet; the only one that needs a network
#   browser.sh PAGE PNG    draws a page 400 pixels wide, as on a phone, and prints what was read of it
set -euo pipefail
if [ "$1" = install ]; then
  command -v chromium-headless-shell >/dev/null && exit
  apt-get -qq -o DPkg::Lock::Timeout=900 update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=900 install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core
  exit
fi
# as root it refuses to make a sandbox
browse() { timeout 120 chromium-headless-shell --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$2.profile" "${@:3}" "file://$1" 2>"$2.log" || { cat "$2.log" >&2; exit 1; }; }
browse "$1" "$2" --window-size=400,4000 --screenshot="$2"
browse "$1" "$2" --dump-dom
