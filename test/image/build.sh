#!/usr/bin/env bash
# Builds the Dockerfile for real where there is no Docker engine and no registry of images: with buildah, on a base that
# debootstrap makes of Debian's packages, with the Node and npm of this machine. Prints nothing but what failed.
#   build.sh FOLDER: leaves the image's files in FOLDER/rootfs and its configuration in FOLDER/config.json;
#   what is in FOLDER/storage belongs to buildah.
set -euo pipefail
folder=${1:?the folder to work in}
root=$(cd "$(dirname "$0")/../.." && pwd -P)
base=$folder/base
store=(--root "$folder/storage" --runroot "$folder/run" --storage-driver vfs)

if [ "$(id -u)" != 0 ]; then
  echo 'test:image needs root: debootstrap and chroot do' >&2
  exit 1
fi
missing=()
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

mkdir -p "$folder"

# A bare Debian 12: the executable is tried on it as it is, and the image is built on it once Node is in.
if [ ! -f "$base/etc/debian_version" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  timeout 300 debootstrap --variant=minbase --include=binutils,ca-certificates bookworm "$base" "$mirror" \
    >"$folder/debootstrap.log" 2>&1 || { tail -n 20 "$folder/debootstrap.log" >&2; exit 1; }
fi

# What the image of Node would bring: node, and the npm of this machine with what it needs to reach its registry.
npm_folder=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
certificates=/etc/ssl/certs/ca-certificates.crt
container=$(buildah "${store[@]}" from scratch)
mounted=$(buildah "${store[@]}" mount "$container")
cp -a "$base/." "$mounted/"
cp "$certificates" "$mounted$certificates"
install -m 755 "$(readlink -f "$root/node_modules/.bin/node")" "$mounted/usr/local/bin/node"
mkdir -p "$mounted/usr/local/lib/node_modules"
cp -a "$npm_folder" "$mounted/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$mounted/usr/local/bin/npm"
buildah "${store[@]}" umount "$container" >/dev/null
buildah "${store[@]}" config \
  --env "npm_config_registry=$(cd / && npm config get registry)" \
  --env "npm_config_cafile=$certificates" \
  "$container"
buildah "${store[@]}" commit --quiet --rm "$container" clock-test-base >/dev/null

timeout 600 buildah "${store[@]}" bud --isolation chroot --pull-never --format docker \
  --volume "$(npm config get cache):/root/.npm" \
  --build-arg NODE_IMAGE=localhost/clock-test-base \
  --build-arg BUILD_COMMIT=0123abc \
  --build-arg BUILD_DATE=2026-01-02T03:04:05Z \
  --tag clock-test "$root" >"$folder/build.log" 2>&1 || { tail -n 40 "$folder/build.log" >&2; exit 1; }

container=$(buildah "${store[@]}" from --pull-never --name clock-test-run clock-test)
buildah "${store[@]}" inspect --type image clock-test >"$folder/config.json"
mounted=$(buildah "${store[@]}" mount "$container")
ln -sfn "$mounted" "$folder/rootfs"
