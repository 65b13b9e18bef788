#!/bin/bash
# docker and podman take what `imgadm push` sends, and run it: real daemons, in a Debian of their own, a real registry, a real pool.
# usage: Tests/Engines/run.sh
#
# IMGADM_BINARIES=FOLDER   takes imgadm from there, and builds none; .build/debug will do
# SUITE=bookworm           the engines' Debian
# That Debian stays in ${XDG_CACHE_HOME:-~/.cache}/imgadm/engines; all else is taken down again. Takes root. The engines see the registry on
# 127.0.0.1; what they run has no network.
# shellcheck disable=SC2317 # end_registry is called at the end
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite=${SUITE:-bookworm}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/imgadm/engines
root=$cache/$suite

scripts/bootstrap.sh engines
PATH=$PWD/.build/tools:$PATH
[[ -n ${IMGADM_BINARIES-} ]] || make --no-print-directory build
PATH=$(cd "${IMGADM_BINARIES:-.build/release}" && pwd):$PATH

# shellcheck source=scripts/sandbox-pool.sh
source "$PWD/scripts/sandbox-pool.sh"
work=''
registry=''
end_registry() {
    [[ -z $registry ]] || kill "$registry" 2> /dev/null || true
}
sandbox_ends end_registry

if [[ ! -e $root/etc/done ]]; then
    rm -rf --one-file-system "$root"
    mkdir -p "$cache"
    mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt=force-unsafe-io --include=docker.io,podman,runc,iptables,ca-certificates "$suite" "$root" </dev/null
    touch "$root/etc/done"
fi

sandbox_folder work imgadm-engines
sandbox_pool_open engines 2G "$work"
export IMGADM_ROOT=$work/state IMGADM_POOL=$pool

printf 'version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:0"}\n' \
    "$work/registry" > "$work/registry.yml"
docker-registry serve "$work/registry.yml" > /dev/null 2> "$work/registry.log" &
registry=$!
host=''
for ((tries = 0; tries < 200; tries++)); do
    host=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
    [[ -z $host ]] || break
    sleep 0.1
done
[[ -n $host ]] || { cat "$work/registry.log" >&2; exit 1; }

# An image of three layers: the second changes and removes, the third is of what is rare.
tree=$work/tree
mkdir -p "$tree"/bin "$tree"/opt/{kept,emptied,gone} "$tree/tmp"
cp "$(command -v busybox)" "$tree/bin/busybox"
for name in sh cat find stat sort sha256sum; do ln -s busybox "$tree/bin/$name"; done
echo first | tee "$tree"/opt/{kept/stays,kept/changes,emptied/goes,gone/file} > /dev/null
chmod 1777 "$tree/tmp"
umoci init --layout "$work/made"
umoci new --image "$work/made:image"
umoci insert --image "$work/made:image" "$tree" / > /dev/null
mkdir -p "$work"/second/opt/{kept,emptied}
echo second > "$work/second/opt/kept/changes"
umoci insert --image "$work/made:image" "$work/second/opt/kept/changes" /opt/kept/changes > /dev/null
umoci insert --image "$work/made:image" --opaque "$work/second/opt/emptied" /opt/emptied > /dev/null
umoci insert --image "$work/made:image" --whiteout /opt/gone > /dev/null
rare=$work/third/opt/rare
mkdir -p "$rare"
echo owned > "$rare/owned"
chown 1234:4321 "$rare/owned"
chmod 6751 "$rare/owned"
touch -d '2001-02-03 04:05:06' "$rare/owned"
ln "$rare/owned" "$rare/hard"
truncate -s 3M "$rare/hole"
mkfifo "$rare/fifo"
mknod "$rare/null" c 1 3
ln -s ../nowhere "$rare/link"
echo named > "$rare/$(printf 'n\303\244me with blanks and a very long rest %0100d' 0)"
umoci insert --image "$work/made:image" "$rare" /opt/rare > /dev/null
skopeo copy -q --dest-tls-verify=false "oci:$work/made:image" "docker://$host/engines/made:1"

imgadm import -q "$host/engines/made:1" > "$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
image=$(imgadm list -H -o uuid type=docker clones=0)
listing='cd /opt && find . -exec stat -c "%n %f %u %g %t %T %Y" {} + | sort; find . -type f -exec sha256sum {} + | sort'
printf '{"Cmd": ["/bin/sh", "-c", "%s"], "Env": ["PATH=/bin"]}' "${listing//\"/\\\"}" > "$work/config.json"
for compression in gzip zstd none; do
    imgadm push -q --config "$work/config.json" --compression "$compression" "$image" "$host/engines/pushed:$compression" > "$work/said" 2>&1 ||
        { cat "$work/said" >&2; exit 1; }
done
# What the dataset has, by the same programs.
top=$(zfs get -H -o value mountpoint "$pool/$image")/root
chroot "$top" /bin/sh -c "PATH=/bin; $listing" > "$work/expected"
[[ $(wc -l < "$work/expected") -gt 15 ]] || { cat "$work/expected" >&2; exit 1; }

# The engines, with mounts and processes of their own, which end with them.
cat > "$work/inside" <<'ENGINES'
set -uo pipefail
host=$1
podman() { command podman --root /tmp/podman --runroot /run/podman --storage-driver vfs --cgroup-manager cgroupfs "$@"; }
dockerd --data-root /tmp/docker --exec-root /run/docker -s vfs --iptables=false --bridge=none -H unix:///run/docker.sock > /tmp/dockerd.log 2>&1 &
for ((tries = 0; tries < 120; tries++)); do
    version=$(docker version --format '{{.Server.Version}}' 2> /dev/null) && break
    sleep 0.5
done
[[ -n ${version-} ]] || { tail -n 20 /tmp/dockerd.log >&2; exit 1; }
for compression in gzip zstd none; do
    name=$host/engines/pushed:$compression
    # docker reads zstd since 23: only of an older one nothing is expected, and the marker says so.
    if [[ $compression == zstd ]] && ((${version%%.*} < 23)); then
        touch /tmp/out/docker-reads-no-zstd
    else
        docker pull -q "$name" > /dev/null && docker run --rm --network none "$name" > "/tmp/out/docker $version, $compression"
    fi
    podman pull -q --tls-verify=false "$name" > /dev/null &&
        podman run --rm --network none "$name" > "/tmp/out/$(command podman --version), $compression"
done
kill %1
wait
ENGINES
mkdir "$work/out"
export root work host
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --pid --fork --kill-child bash -euc '
    mount --make-rprivate /
    # docker makes mounts of what lies below /: that is to be one.
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir "$root/tmp/out"
    mount --bind "$work/out" "$root/tmp/out"
    cp "$work/inside" "$root/tmp/inside"
    exec chroot "$root" bash /tmp/inside "$host"
' || true

passed=0
failed=0
for engine in docker podman; do
    for compression in gzip zstd none; do
        found=("$work/out/$engine "*", $compression")
        [[ $engine-$compression != docker-zstd || ! -e $work/out/docker-reads-no-zstd ]] || continue
        if [[ -e ${found[0]} ]] && diff "$work/expected" "${found[0]}" >&2; then
            passed=$((passed + 1))
            printf 'ok    %s\n' "${found[0]##*/}"
        else
            failed=$((failed + 1))
            printf 'FAILED %s, %s\n' "$engine" "$compression"
        fi
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
