#!/bin/bash
# Installs what a task needs and this machine lacks, from the distribution's own packages (apt).
# usage: scripts/bootstrap.sh GROUP…      (build zfs test instructions page demo clean openzfs engines bench lint docs deb fuzz manual)
#        scripts/bootstrap.sh --list GROUP…   prints what the groups ask for, also what is there
#
# Says nothing and takes a moment where nothing is missing. Uses sudo where it is not run by root. Waits for another apt,
# as the first boot of a cloud image has one, up to IMGADM_APT_WAIT seconds (default 600).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

packages=()      # must be there
wishes=()        # taken where the distribution has them

build_group() {
    packages+=(git ca-certificates zlib1g-dev libbz2-dev liblzma-dev libzstd-dev libdeflate-dev)
    wishes+=(libisal-dev)
    swift_is_new_enough
}

list=''
if [[ ${1-} == --list ]]; then
    list=yes
    shift
fi

# A kernel with ZFS is served by zfsutils-linux; any other by a userspace ZFS.
zfs_group() {
    if [[ -n $list ]]; then
        packages+=(zfs-fuse zfsutils-linux kmod procps)
        return
    fi
    if command -v zpool >/dev/null && command -v zfs >/dev/null; then
        if "$here/zfs-daemon.sh" possible; then
            packages+=(procps)
            return
        fi
    fi
    if "$here/zfs-daemon.sh" kernel; then
        packages+=(zfsutils-linux kmod procps)
    else
        packages+=(zfs-fuse procps)
    fi
}

codec_tools() { packages+=(curl gzip bzip2 xz-utils zstd pigz); }

test_group() {
    build_group
    zfs_group
    codec_tools
    packages+=(
        python3 python3-pip python3-yaml docker-registry skopeo umoci openssl openssh-client attr busybox-static
        libarchive-tools util-linux bsdutils curl zsh fish qemu-utils squashfs-tools squashfs-tools-ng cloud-image-utils
        gdisk e2fsprogs
        ansible-core python3-prometheus-client
        nginx haproxy
    )
    wishes+=(caddy buildah)
}
instructions_group() { build_group; packages+=(valgrind binutils python3); }
page_group() { packages+=(chromium chromium-driver fonts-dejavu-core); }
demo_group() { build_group; zfs_group; packages+=(mmdebstrap debian-archive-keyring gzip e2fsprogs qemu-utils); }
clean_group() { packages+=(mmdebstrap debian-archive-keyring util-linux git); }
openzfs_group() {
    build_group
    packages+=(mmdebstrap debian-archive-keyring xz-utils zstd openssh-client qemu-system-x86 qemu-utils fdisk e2fsprogs)
}
engines_group() {
    build_group
    zfs_group
    packages+=(mmdebstrap debian-archive-keyring util-linux docker-registry skopeo umoci busybox-static)
}
bench_group() {
    build_group
    zfs_group
    codec_tools
    packages+=(time docker-registry skopeo umoci curl nginx wrk qemu-utils)
    wishes+=(isal)
}
lint_group() { packages+=(shellcheck shfmt mandoc python3); }
docs_group() { build_group; packages+=(mandoc); }
fuzz_group() { build_group; packages+=(python3); }
manual_group() { build_group; packages+=(python3); }
deb_group() { packages+=(dpkg-dev lintian curl); }

swift_is_new_enough() {
    local version major minor
    command -v swift >/dev/null ||
        die "no swift on the PATH: install Swift 6.2 or newer first (https://www.swift.org/install/linux/)"
    version=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    IFS=. read -r major minor <<< "${version:-0.0}"
    ((major > 6 || (major == 6 && minor >= 2))) ||
        die "Swift ${version:-(unknown)} is too old: 6.2 or newer is needed (https://www.swift.org/install/linux/)"
}

installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing_of() {
    local package
    for package; do
        installed "$package" || printf '%s\n' "$package"
    done | sort -u
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "run this as root, or install sudo: $*"
    fi
}

# apt ARGUMENT…: apt-get, once no other one is at work. By itself it waits for dpkg's lock at most (DPkg::Lock::Timeout),
# never for that of the lists. What it says is shown if it fails.
apt() {
    local log holder waited='' deadline=$((SECONDS + ${IMGADM_APT_WAIT:-600}))
    log=$(mktemp)
    until as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" > "$log" 2>&1; do
        if ! grep -qE '^E: (Could not get lock|Unable to lock|Unable to acquire)' "$log" || ((SECONDS >= deadline)); then
            cat "$log" >&2
            rm -f "$log"
            [[ -z $waited ]] || say "waited ${IMGADM_APT_WAIT:-600} s at most (IMGADM_APT_WAIT) for another apt"
            return 1
        fi
        if [[ -z $waited ]]; then
            holder=$(sed -n 's/^E: Could not get lock \(.*\)\. It is held by process \(.*\)$/\1, held by \2/p' "$log")
            say "waiting for another apt to end, at most ${IMGADM_APT_WAIT:-600} s (lock: ${holder:-unknown})"
            waited=yes
        fi
        sleep 2
    done
    rm -f "$log"
}

# --no-remove: zfs-fuse and zfsutils-linux exclude each other, and which of them goes is not ours to say.
apt_install() { apt install -y --no-install-recommends --no-remove "$@"; }

apt_update() { apt update; }

# What these start by themselves, from now on and at each boot, nobody asked for: tests start their own.
services=(nginx docker-registry haproxy caddy zfs-fuse)

still_services() {
    local name
    [[ -d /run/systemd/system ]] || return 0
    for name in "${services[@]}"; do
        [[ " $* " != *" $name "* ]] || as_root systemctl disable --now --quiet "$name.service" || say "$name runs, and need not"
    done
}

# busybox, which many machines have, and busybox-static exclude each other: then the program alone is taken, for the tests.
static_busybox() {
    local folder tools=${here%/*}/.build/tools
    [[ " ${packages[*]-} " == *' busybox-static '* ]] && installed busybox || return 0
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -vx busybox-static)
    [[ ! -x $tools/busybox ]] || return 0
    folder=$(mktemp -d)
    say "unpacking busybox-static to $tools"
    # The lists of packages may not be there, or be old.
    if ! fetch_busybox "$folder" && ! { apt_update && fetch_busybox "$folder"; }; then
        rm -rf "$folder"
        die 'busybox-static cannot be fetched'
    fi
    dpkg-deb -x "$folder"/busybox-static_*.deb "$folder/root"
    install -D "$(find "$folder/root" -name busybox -type f -perm /1 | head -n 1)" "$tools/busybox"
    rm -rf "$folder"
}

fetch_busybox() {
    (cd "$1" && apt-get -qq -o APT::Sandbox::User= download busybox-static) >&2
}

install_missing() {
    local missing wanted
    static_busybox
    mapfile -t missing < <(missing_of "${packages[@]}")
    mapfile -t wanted < <(missing_of ${wishes[@]+"${wishes[@]}"})
    ((${#missing[@]} + ${#wanted[@]} > 0)) || return 0
    command -v apt-get >/dev/null ||
        die "not a Debian or Ubuntu system: install by hand what these packages hold: ${missing[*]} ${wanted[*]}"

    local updated=
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        apt_update || die 'the lists of packages cannot be fetched'
        updated=yes
    fi
    if ((${#missing[@]} > 0)); then
        say "installing ${missing[*]}"
        if ! apt_install "${missing[@]}"; then
            [[ -z $updated ]] || die "apt-get could not install: ${missing[*]}"
            { apt_update && apt_install "${missing[@]}"; } || die "apt-get could not install: ${missing[*]}"
        fi
        still_services "${missing[@]}"
    fi
    local package
    for package in ${wanted[@]+"${wanted[@]}"}; do
        if apt-cache show "$package" >/dev/null 2>&1 && apt_install "$package"; then
            say "installed $package"
            still_services "$package"
        fi
    done
}

(($# > 0)) || die "usage: scripts/bootstrap.sh [--list] GROUP… (build zfs test instructions page demo clean openzfs engines bench lint docs deb fuzz manual)"
for group; do
    case $group in
        build | zfs | test | instructions | page | demo | clean | openzfs | engines | bench | lint | docs | deb | fuzz | manual) "${group}_group" ;;
        *) die "no such group: $group" ;;
    esac
done
if [[ -n $list ]]; then
    printf '%s\n' "${packages[@]}" ${wishes[@]+"${wishes[@]}"} | sort -u
else
    install_missing
fi
