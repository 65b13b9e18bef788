#!/bin/bash
# Installs what a task needs and this machine lacks, from the distribution's own packages (apt).
# usage: scripts/bootstrap.sh GROUP…      (build zfs test demo openzfs bench lint docs deb)
#
# Says nothing and takes a moment where nothing is missing. Uses sudo where it is not run by root.
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

# A kernel with ZFS is served by zfsutils-linux; any other by a userspace ZFS.
zfs_group() {
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

test_group() { build_group; zfs_group; codec_tools; packages+=(python3 python3-pip docker-registry skopeo umoci openssl openssh-client attr busybox-static util-linux bsdutils curl zsh fish); }
demo_group() { build_group; zfs_group; packages+=(mmdebstrap debian-archive-keyring gzip); }
openzfs_group() { build_group; packages+=(mmdebstrap debian-archive-keyring xz-utils openssh-client qemu-system-x86); }
bench_group() { build_group; zfs_group; codec_tools; packages+=(time docker-registry skopeo umoci curl nginx-light wrk); wishes+=(isal); }
lint_group() { packages+=(shellcheck mandoc); }
docs_group() { packages+=(mandoc); }
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

# --no-remove: zfs-fuse and zfsutils-linux exclude each other, and which of them goes is not ours to say.
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends --no-remove "$@" >&2
}

apt_update() { as_root apt-get update -qq >&2; }

install_missing() {
    local missing wanted
    mapfile -t missing < <(missing_of "${packages[@]}")
    mapfile -t wanted < <(missing_of ${wishes[@]+"${wishes[@]}"})
    ((${#missing[@]} + ${#wanted[@]} > 0)) || return 0
    command -v apt-get >/dev/null ||
        die "not a Debian or Ubuntu system: install by hand what these packages hold: ${missing[*]} ${wanted[*]}"

    local updated=
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        apt_update
        updated=yes
    fi
    if ((${#missing[@]} > 0)); then
        say "installing ${missing[*]}"
        if ! apt_install "${missing[@]}"; then
            [[ -z $updated ]] || die "apt-get could not install: ${missing[*]}"
            apt_update
            apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
        fi
    fi
    local package
    for package in ${wanted[@]+"${wanted[@]}"}; do
        if apt-cache show "$package" >/dev/null 2>&1 && apt_install "$package"; then
            say "installed $package"
        fi
    done
}

(($# > 0)) || die "usage: scripts/bootstrap.sh GROUP… (build zfs test demo openzfs bench lint docs deb)"
for group; do
    case $group in
        build | zfs | test | demo | openzfs | bench | lint | docs | deb) "${group}_group" ;;
        *) die "no such group: $group" ;;
    esac
done
install_missing
