#!/bin/sh
# The tests drive real servers, proxies and a real browser, and the executable's build strips Node's symbols: installs
# what is missing, from Debian, where that is allowed.
set -eu
# Where Debian puts nginx and haproxy; it is not in everybody's path.
PATH=$PATH:/usr/sbin

missing=''
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v nginx >/dev/null 2>&1 || missing="$missing nginx"
command -v haproxy >/dev/null 2>&1 || missing="$missing haproxy"
command -v strip >/dev/null 2>&1 || missing="$missing binutils"
command -v xz >/dev/null 2>&1 || missing="$missing xz-utils"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
command -v sqlite3 >/dev/null 2>&1 || missing="$missing sqlite3"
command -v curl >/dev/null 2>&1 || missing="$missing curl"
command -v script >/dev/null 2>&1 || missing="$missing bsdutils"
ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
[ -z "$missing" ] && exit 0

as_root=''
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
  else
    echo "The tests need$missing: install it first, as root: apt-get install$missing" >&2
    exit 1
  fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests need$missing: install it first with this system's package manager" >&2
  exit 1
fi
echo "Installing$missing for the tests"
# shellcheck disable=SC2086 # words are meant to be split
$as_root apt-get update -qq >/dev/null
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
