#!/bin/sh
# Installs the Debian packages that the tests need, if any is missing: those below, or those in the file $1.
set -eu
# Debian installs nginx, haproxy and chronyd in /usr/sbin, which is not on every PATH.
PATH=$PATH:/usr/sbin

# One package a line, with the command or the file (a pattern) that shows it is installed.
packages='
  binutils          strip
  bsdutils          script
  caddy             caddy
  chromium          chromium
  chrony            chronyd
  curl              curl
  firefox-esr       firefox-esr
  fonts-noto-cjk    /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
  haproxy           haproxy
  iproute2          ip
  libfaketime       /usr/lib/*/faketime/libfaketime.so.1
  nginx             nginx
  openssl           openssl
  prometheus        promtool
  python3-django    /usr/lib/python3/dist-packages/django/__init__.py
  python3-jwt       /usr/lib/python3/dist-packages/jwt/__init__.py
  python3-requests  /usr/lib/python3/dist-packages/requests/__init__.py
  redis-server      redis-server
  sqlite3           sqlite3
  systemd           systemd-analyze
  util-linux        flock
  xz-utils          xz
'
[ $# -eq 0 ] || packages=$(cat "$1")

is_installed() {
  case $1 in
    # shellcheck disable=SC2086 # expands the pattern
    /*) ls $1 ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

# Ends with one line: what is missing, and how to install it.
fail() {
  echo "The tests need$missing: $1" >&2
  exit 1
}

missing=$(echo "$packages" | while read -r package proof; do
  [ -z "$package" ] || is_installed "$proof" || printf ' %s' "$package"
done)
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null 2>&1 || fail "install them with this system's package manager"
as_root=''
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || fail "run: sudo apt-get install$missing"
  as_root='sudo -n'
fi

echo "Installing$missing for the tests"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # splits into words
if ! {
  $as_root apt-get update -qq &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
} >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  fail "apt-get could not install them"
fi
