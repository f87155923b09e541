#!/usr/bin/env bash
# Builds the Dockerfile without a Docker engine or an image registry: buildah builds on a base image that contains
# Debian's packages from debootstrap and the Node and npm of this machine. Prints only errors.
#   build.sh DIRECTORY: writes the image's files to DIRECTORY/rootfs and its configuration to DIRECTORY/config.json;
#   DIRECTORY/storage belongs to buildah.
set -euo pipefail
directory=${1:?usage: build.sh DIRECTORY}
root=$(cd "$(dirname "$0")/../.." && pwd -P)
base=$directory/base
store=(--root "$directory/storage" --runroot "$directory/run" --storage-driver vfs)

if [ "$(id -u)" != 0 ]; then
  echo 'test:image: run it as root, since it uses debootstrap and chroot' >&2
  exit 1
fi
mkdir -p "$directory"
missing=()
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ "${#missing[@]}" -gt 0 ]; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >"$directory/apt.log" 2>&1 || { tail -n 20 "$directory/apt.log" >&2; exit 1; }
fi

# A bare Debian 12: one test runs the executable on it, and the image is built on it after Node is added.
if [ ! -f "$base/etc/debian_version" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  timeout 300 debootstrap --variant=minbase --include=binutils,ca-certificates bookworm "$base" "$mirror" \
    >"$directory/debootstrap.log" 2>&1 || { tail -n 20 "$directory/debootstrap.log" >&2; exit 1; }
fi

# Takes the place of the Node image: adds node, npm, and the certificates and registry that npm uses on this machine.
npm_directory=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
certificates=/etc/ssl/certs/ca-certificates.crt
container=$(buildah "${store[@]}" from scratch)
mounted=$(buildah "${store[@]}" mount "$container")
cp -a "$base/." "$mounted/"
cp "$certificates" "$mounted$certificates"
install -m 755 "$(readlink -f "$root/node_modules/.bin/node")" "$mounted/usr/local/bin/node"
mkdir -p "$mounted/usr/local/lib/node_modules"
cp -a "$npm_directory" "$mounted/usr/local/lib/node_modules/npm"
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
  --tag clock-test "$root" >"$directory/build.log" 2>&1 || { tail -n 40 "$directory/build.log" >&2; exit 1; }

container=$(buildah "${store[@]}" from --pull-never --name clock-test-run clock-test)
buildah "${store[@]}" inspect --type image clock-test >"$directory/config.json"
mounted=$(buildah "${store[@]}" mount "$container")
ln -sfn "$mounted" "$directory/rootfs"
