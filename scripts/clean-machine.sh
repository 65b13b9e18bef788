#!/bin/bash
# Runs a command on a machine that has nothing but a minimal Debian, git, make and the Swift toolchain: what it needs and
# does not install itself is missing there.
# usage: scripts/clean-machine.sh [-s SUITE] [-k DIR] FOLDER COMMAND…
#
# FOLDER (a fresh clone) is seen at the same path, and COMMAND runs in it as root, without a terminal's environment, with
# mounts and PIDs of its own and a root of its own (pivot_root, not chroot: unshare works in there as on a machine). Test data
# that lies beside FOLDER (Tests/SendStreamTests/Corpus.swift) is seen in there, too, and cannot be changed.
# -s SUITE  the Debian release (default: this machine's, bookworm where that is no Debian)
# -k DIR    keeps the root in DIR, or takes the one that is there
#
# Takes root, mmdebstrap (scripts/bootstrap.sh clean) and the toolchain of the `swift` on the PATH; 20 s to make.
# Exit status: the command's; 125 if there is no such machine to be had.
set -euo pipefail

die() { printf 'clean-machine: %s\n' "$*" >&2; exit 125; }

suite=''
keep=''
while getopts s:k: option; do
    case $option in
        s) suite=$OPTARG ;;
        k) keep=$OPTARG ;;
        *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))
(($# >= 2)) || die 'usage: scripts/clean-machine.sh [-s SUITE] [-k DIR] FOLDER COMMAND…'
folder=$(realpath -e "$1") || exit 125
shift
((EUID == 0)) || die 'this takes root'
command -v mmdebstrap >/dev/null || die 'mmdebstrap is missing: run scripts/bootstrap.sh clean'
swift=$(realpath -e "$(command -v swift)") || die 'no swift on the PATH'
toolchain=${swift%/usr/bin/*}
if [[ -z $suite ]]; then
    # shellcheck source=/dev/null
    suite=$(. /etc/os-release && [[ ${ID-} == debian ]] && printf '%s' "${VERSION_CODENAME-}") || suite=bookworm
fi

# The mirror that this machine uses, if it is a Debian.
mirror() {
    local found=''
    if grep -qx 'ID=debian' /etc/os-release; then
        found=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)*\([^ ]*\).*/\2/p' \
            /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1) || true
    fi
    printf '%s' "${found:-http://deb.debian.org/debian}"
}

# make_root: what the toolchain's own documentation lists for Debian, and nothing of the project's
make_root() {
    local gcc=14 file
    [[ $suite != bookworm ]] || gcc=12
    local include=(
        ca-certificates git make binutils libc6-dev libcurl4 libedit2 libsqlite3-0 libxml2 libz3-4 tzdata zlib1g-dev
        pkg-config "libstdc++-$gcc-dev" "libgcc-$gcc-dev" libncurses6
    )
    # An archive that is a snapshot is older than it may be.
    mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt=force-unsafe-io \
        --include="$(IFS=,; printf '%s' "${include[*]}")" "$suite" "$root" "deb $(mirror) $suite main"
    # How this machine reaches the network: proxies and whom it trusts, resolvers, mirrors of git and pip.
    cp -a /etc/apt/apt.conf.d "$root/etc/apt/"
    for file in /etc/{resolv.conf,gitconfig,gitignore,pip.conf,ssl/certs/ca-certificates.crt}; do
        [[ ! -e $file ]] || cp -L "$file" "$root$file"
    done
}

root=${keep:-$(mktemp -d -t clean-machine.XXXXXX)}
# Whatever was mounted below it went with the namespace that had it.
# shellcheck disable=SC2317 # a trap calls it
clean_up() { [[ -n $keep ]] || rm -rf --one-file-system "$root"; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ ! -e $root/etc/clean-machine ]]; then
    make_root || die "no Debian $suite could be made"
    : > "$root/etc/clean-machine"
fi

# A folder of this machine that git is told to take Swift packages from is shown in there, too.
packages=$(git config --system --get-regexp '^url\..*\.insteadof$' 2>/dev/null |
    sed -n 's,^url\.\(/[^ ]*\)/\.insteadof .*,\1,p' | head -n 1) || true
corpora=$(dirname "$folder")/shared/corpora
[[ -d $corpora ]] || corpora=''
mkdir -p "$root$folder" "$root$toolchain" "$root/.host" ${packages:+"$root$packages"} ${corpora:+"$root$corpora"}
export root folder toolchain packages corpora

status=0
# The shell stays, as PID 1, to take leave of orphans.
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --pid --fork --kill-child --mount-proc bash -euc '
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --bind "$toolchain" "$root$toolchain"
    [[ -z $packages ]] || mount --bind "$packages" "$root$packages"
    if [[ -n $corpora ]]; then
        mount --bind "$corpora" "$root$corpora"
        mount -o remount,bind,ro "$root$corpora"
    fi
    mount --bind "$folder" "$root$folder"
    cd "$root"
    pivot_root . .host
    umount -l /.host
    cd "$folder"
    env -i HOME=/root LANG=C.UTF-8 CI="${CI-}" \
        PATH="$toolchain/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$@" || exit "$?"
' clean-machine "$@" || status=$?
exit "$status"
