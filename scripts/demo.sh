#!/bin/bash
# The whole way of an image in one sitting: a real Debian root file system and an incremental image on top of it are
# served by imgapi-server on loopback, then found, imported, listed and used by imgadm on a pool made for the occasion.
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
    ((EUID == 0)) || exec sudo env XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" "$PWD/scripts/demo.sh" --built
fi

# shellcheck source=scripts/sandbox-pool.sh
source scripts/sandbox-pool.sh
work=''
server=''

take_down() {
    local status=$?
    trap '' INT TERM HUP
    trap - EXIT
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if sandbox_pool_close; then
        [[ -z $work ]] || rm -rf --one-file-system "$work"
    else
        say "left behind: $work"
        status=1
    fi
    exit "$status"
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# ---------------------------------------------------------------- what goes into the images

mkdir -p "$cache"
work=$(mktemp -d "${TMPDIR:-/tmp}/imgadm-demo.XXXXXX")
chmod 755 "$work"

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

# ---------------------------------------------------------------- two images

# write_manifest UUID NAME VERSION DESCRIPTION [ORIGIN]: of the file that lies in $images/UUID.file
write_manifest() {
    local uuid=$1 name=$2 version=$3 description=$4 origin=${5-}
    local file=$images/$uuid.file sha1
    [[ -z $origin ]] || origin=$'\n'"  \"origin\": \"$origin\","
    sha1=$(sha1sum < "$file")
    cat > "$images/$uuid.json" <<MANIFEST
{
  "v": 2,
  "uuid": "$uuid",
  "owner": "00000000-0000-0000-0000-000000000000",
  "name": "$name",
  "version": "$version",
  "description": "$description",
  "state": "active",
  "disabled": false,
  "public": true,
  "published_at": "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)",
  "type": "lx-dataset",
  "os": "linux",$origin
  "files": [
    {
      "sha1": "${sha1%% *}",
      "size": $(stat -c %s "$file"),
      "compression": "gzip"
    }
  ],
  "requirements": {
    "brand": "lx"
  }
}
MANIFEST
}

images=$work/server/images
mkdir -p "$images" "$work/root"
base=$(cat /proc/sys/kernel/random/uuid)
child=$(cat /proc/sys/kernel/random/uuid)

sandbox_pool_open demo 4G "$work"
say "a sandbox pool on a sparse file: $pool"

zfs create "$pool/debian"
tar --extract --numeric-owner --file "$rootfs" --directory "$work/demo/debian"
release=$(cat "$work/demo/debian/etc/debian_version")
zfs snapshot "$pool/debian@final"
zfs send "$pool/debian@final" | gzip -4 > "$images/$base.file"
write_manifest "$base" debian-12 "$release" "A minimal Debian 12"
say "the base image: Debian $release, $(du -h --apparent-size "$images/$base.file" | cut -f 1)"

zfs clone "$pool/debian@final" "$pool/web"
web=$work/demo/web
cp "$package" "$web/root/package.deb"
chroot "$web" dpkg --force-unsafe-io --install /root/package.deb > "$work/dpkg.log" 2>&1 ||
    { cat "$work/dpkg.log" >&2; exit 1; }
rm "$web/root/package.deb"
mkdir -p "$web/srv/www"
echo "<h1>It came out of an image</h1>" > "$web/srv/www/index.html"
zfs snapshot "$pool/web@final"
zfs send -i "$pool/debian@final" "$pool/web@final" | gzip -4 > "$images/$child.file"
write_manifest "$child" debian-12-web 1.0.0 "Debian 12 with a small web server" "$base"
say "the incremental image on top of it: a package and a page, $(du -h --apparent-size "$images/$child.file" | cut -f 1)"

# The pool is to know nothing of them.
for dataset in web debian; do
    for ((tries = 0; ; tries++)); do
        zfs destroy -r "$pool/$dataset" 2> "$work/destroy.log" && break
        ((tries < 50)) || { cat "$work/destroy.log" >&2; exit 1; }
        sleep 0.2
    done
done

# ---------------------------------------------------------------- the session

export PATH=$PWD/.build/release:$PATH
export IMGADM_ROOT=$work/root IMGADM_POOL=$pool

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
say "served by imgapi-server on $url"

# shown COMMAND…: as it would look at a prompt
shown() {
    if [[ -t 1 ]]; then printf '\n\e[1m$ %s\e[0m\n' "$*"; else printf '\n$ %s\n' "$*"; fi
    "$@"
}

shown imgadm sources -a "$url"
shown imgadm sources -d https://images.smartos.org
shown imgadm avail
shown imgadm show "$child"
shown imgadm import debian-12-web
shown imgadm list
shown imgadm list --tree -o name,version,used,unique
shown imgadm get -r "$base"
shown imgadm ancestry "$child"

vm=$(cat /proc/sys/kernel/random/uuid)
shown zfs clone "$pool/$child@final" "$pool/$vm"
home=$(zfs get -H -o value mountpoint "$pool/$vm")
shown cat "$home/srv/www/index.html"
shown chroot "$home" busybox grep PRETTY_NAME /etc/os-release
cmp -s "$home/srv/www/index.html" - <<< "<h1>It came out of an image</h1>"
shown imgadm list -o uuid,name,version,clones "name=~debian"

echo
say "done in $SECONDS s; taking everything down again"
