#!/bin/bash
# The whole way of images in one sitting, on two hosts that are made for the occasion (each a pool and a state of its own): a
# Debian root file system and a disk become images of the first, a machine that was cloned and changed becomes a third, all are
# published to imgapi-server on loopback, and the second host finds, imports, lists and uses them.
# usage: scripts/demo.sh
#
# Everything is taken down again, also after a failure or ^C. What stays is the cache in
# ${XDG_CACHE_HOME:-~/.cache}/imgadm/demo: the root file system as mmdebstrap made it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/imgadm/demo
suite=bookworm

say() { printf '\e[2m# %s\e[0m\n' "$*"; }
[[ -t 1 ]] || say() { printf '# %s\n' "$*"; }

if [[ ${1-} != --built ]]; then
    scripts/bootstrap.sh demo
    make --no-print-directory build
    # Pools, mounts and a root file system with its owners take root; compiling does not.
    # As root, it would be root's alone.
    mkdir -p "${XDG_CACHE_HOME:-$HOME/.cache}/imgadm"
    ((EUID == 0)) || exec sudo env XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" "$PWD/scripts/demo.sh" --built
fi

# shellcheck source=scripts/sandbox-pool.sh
source "$PWD/scripts/sandbox-pool.sh"
work=''
server=''

stop_server() {
    [[ -n $server ]] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
}
sandbox_ends stop_server

# ---------------------------------------------------------------- what goes into the images

mkdir -p "$cache"
sandbox_folder work imgadm-demo

# The release files of an archive's snapshot are older than they may be.
debootstrap() {
    mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$@"
}

rootfs=$cache/$suite.tar
package=$cache/$suite-busybox-static.deb
if [[ ! -s $rootfs || ! -s $package ]]; then
    say "making a Debian $suite root file system (once; about half a minute)"
    # shellcheck disable=SC2016 # $1 is the hooks' own
    debootstrap --customize-hook='chroot "$1" sh -c "cd /var/cache && apt-get -qq -o APT::Sandbox::User=root download busybox-static" >&2' \
        --customize-hook='mv "$1"/var/cache/busybox-static_*.deb '"'$work/package.deb'" \
        "$suite" "$work/rootfs.tar"
    mv "$work/package.deb" "$package"
    mv "$work/rootfs.tar" "$rootfs"
fi

# What a stranger has: a root file system as debootstrap, LXC and docker export leave one, and a disk as clouds have it.
gzip -1 < "$rootfs" > "$work/debian-rootfs.tar.gz"
mkdir "$work/tree"
tar --extract --numeric-owner --file "$rootfs" --directory "$work/tree"
truncate -s 1G "$work/disk.raw"
mke2fs -q -t ext4 -d "$work/tree" "$work/disk.raw"
qemu-img convert -c -O qcow2 "$work/disk.raw" "$work/debian-disk-12.qcow2"
rm -rf --one-file-system "$work/tree" "$work/disk.raw"

# ---------------------------------------------------------------- two hosts and a server

export PATH=$PWD/.build/release:$PATH
mkdir "$work/root1" "$work/root2" "$work/server"
sandbox_pool_open one 4G "$work"
one=$pool
sandbox_pool_open two 4G "$work"
two=$pool

: > "$work/server.out"
imgapi-server --root "$work/server" --listen 127.0.0.1:0 > "$work/server.out" 2> "$work/server.log" &
server=$!
url=''
for ((tries = 0; tries < 100; tries++)); do
    url=$(sed -n 's/^listening on \(http:[^ ]*\).*/\1/p' "$work/server.out")
    [[ -z $url ]] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[[ -n $url ]] || { cat "$work/server.log" >&2; say "imgapi-server does not listen"; exit 1; }

# shown COMMAND…: as it would look at a prompt
shown() {
    if [[ -t 1 ]]; then printf '\n\e[1m$ %s\e[0m\n' "$*"; else printf '\n$ %s\n' "$*"; fi
    "$@"
}

mountpoint() { zfs get -H -o value mountpoint "$1"; }

# ---------------------------------------------------------------- the first host

cd "$work"
export IMGADM_ROOT=$work/root1 IMGADM_POOL=$one
say "one host, with the pool $one: what the world makes becomes images"

shown imgadm import ./debian-rootfs.tar.gz name=debian
shown imgadm inspect debian-disk-12.qcow2
shown imgadm import ./debian-disk-12.qcow2
shown imgadm list

say "a machine is a clone of an image; changed, it becomes an image that holds what was changed"
base=$(imgadm list -H -P "$one" -o uuid name=debian)
machine=$(cat /proc/sys/kernel/random/uuid)
shown zfs clone "$one/$base@final" "$one/$machine"
home=$(mountpoint "$one/$machine")
cp "$package" "$home/root/root/package.deb"
chroot "$home/root" dpkg --force-unsafe-io --install /root/package.deb > "$work/dpkg.log" 2>&1 ||
    { cat "$work/dpkg.log" >&2; exit 1; }
rm "$home/root/root/package.deb"
mkdir -p "$home/root/srv/www"
echo "<h1>It came out of an image</h1>" > "$home/root/srv/www/index.html"

say "an image server: imgapi-server on $url"
shown imgadm export -q -o debian.zfs.gz debian
shown imgadm publish -q -m debian.imgmanifest -f debian.zfs.gz "$url"
shown imgadm create -q -i -c gzip -p "$url" "$machine" name=debian-web version=1.0.0 type=lx-dataset os=linux
shown imgadm export -q -o debian-disk.zvol.gz debian-disk
shown imgadm publish -q -m debian-disk.imgmanifest -f debian-disk.zvol.gz "$url"

# ---------------------------------------------------------------- the second host

export IMGADM_ROOT=$work/root2 IMGADM_POOL=$two
say "another host, with the pool $two"

shown imgadm sources -a "$url"
shown imgadm sources -d https://images.smartos.org
shown imgadm avail
shown imgadm import debian-web
shown imgadm import debian-disk
# Both hosts are this machine, whose pools are all listed.
shown imgadm list --tree -o name,version,type,used,unique "zpool=$two"
web=$(imgadm list -H -P "$two" -o uuid name=debian-web)
shown imgadm get -r "$web"
shown imgadm ancestry "$web"

vm=$(cat /proc/sys/kernel/random/uuid)
shown zfs clone "$two/$web@final" "$two/$vm"
home=$(mountpoint "$two/$vm")
shown cat "$home/root/srv/www/index.html"
shown chroot "$home/root" busybox grep PRETTY_NAME /etc/os-release
cmp -s "$home/root/srv/www/index.html" - <<< "<h1>It came out of an image</h1>"
shown imgadm list -o uuid,name,version,clones "zpool=$two" "name=~debian"
cd /

echo
say "done in $SECONDS s; taking everything down again"
