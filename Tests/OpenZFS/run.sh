#!/bin/bash
# The platform tests, in a small machine with real OpenZFS: zvols, clones of zvols, and streams that no userspace ZFS
# can make. Not part of `make test`, which is to stay quick.
# usage: Tests/OpenZFS/run.sh [PATTERN]      (PATTERN: only the tests whose name matches it, e.g. 'zvol*')
#
# SUITE=bookworm           the machine's Debian: bookworm (OpenZFS 2.1) or trixie (2.3)
# IMGADM_BINARIES=FOLDER   takes imgadm and imgapi-server from there, and builds none; .build/debug will do
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scripts/bootstrap.sh openzfs
# shellcheck source=Tests/OpenZFS/binaries.sh
source Tests/OpenZFS/binaries.sh

# Disks in the formats that imgadm reads, for the machine, which has no qemu-img: a table of partitions and an ext4 with files in it.
# show_disks FOLDER: puts them there, and beside them disk.raw, the judge of all
show_disks() (
    set -e
    mkdir -p "$1/disks" "$1/tree/etc" "$1/tree/data"
    cd "$1"
    printf 'ID=bench\nVERSION_ID=1\n' > tree/etc/os-release
    head -c 24M /dev/urandom > tree/data/noise
    head -c 16M < <(yes 'a line that packs well') > tree/data/words
    truncate -s 128M disks/disk.raw
    printf 'label: gpt\nstart=2048, size=258048, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=root\n' |
        sfdisk -q disks/disk.raw
    mke2fs -q -t ext4 -d tree -E offset=1048576 -L root disks/disk.raw 129024k
    rm -r tree
    cd disks
    qemu-img convert -O qcow2 disk.raw plain-1.qcow2
    qemu-img convert -c -O qcow2 disk.raw deflate-1.qcow2
    qemu-img convert -c -O qcow2 -o compression_type=zstd,extended_l2=on,cluster_size=128k disk.raw zstd-1.qcow2
    qemu-img convert -W -m 8 -O qcow2 -o cluster_size=4k disk.raw order-1.qcow2
    qemu-img convert -O vmdk -o subformat=streamOptimized disk.raw stream-1.vmdk
    qemu-img convert -O vmdk disk.raw sparse-1.vmdk
    qemu-img convert -O vpc -o subformat=dynamic,force_size disk.raw dynamic-1.vhd
    qemu-img convert -O vhdx disk.raw log-1.vhdx
    xz -0 -T 0 -k -c disk.raw > disk-1.raw.xz
)

shown=$(mktemp -d)
trap 'rm -rf "$shown"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
show_binaries "$shown"
cp -r Tests/OpenZFS/{platform,images,machines}.sh Tests/OpenZFS/cases docs/first-image.md docs/recipes/kvm-host.md "$shown"
show_disks "$shown"
image=$(Tests/OpenZFS/image.sh)

Tests/OpenZFS/ozvm run -i "$image" -n -t 7200 -L 7500 -v "$shown:/imgadm:ro" ${runtime[@]+"${runtime[@]}"} -- \
    bash /imgadm/platform.sh "$@"
