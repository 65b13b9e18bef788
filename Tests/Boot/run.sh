#!/bin/bash
# A machine comes up from a disk that has been an image: a Debian with its kernel, as a qcow2 as distributions publish them, is imported
# on a pool, exported again, and started in QEMU until it asks who logs in.
# usage: Tests/Boot/run.sh
#
# IMGADM_BINARIES=FOLDER   takes imgadm from there, and builds none; .build/debug will do
# SUITE=bookworm           the machine's Debian
# The Debian stays in ${XDG_CACHE_HOME:-~/.cache}/imgadm/boot; all else is taken down again. QEMU starts the kernel of that disk itself, as it
# lies there in a file of its own: no boot loader is installed.
# shellcheck disable=SC2317 # end_machine is called at the end
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite=${SUITE:-bookworm}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/imgadm/boot/$suite
patience=900        # seconds; a machine without KVM takes minutes

scripts/bootstrap.sh openzfs zfs
[[ -n ${IMGADM_BINARIES-} ]] || make --no-print-directory build
PATH=$(cd "${IMGADM_BINARIES:-.build/release}" && pwd):$PATH

# shellcheck source=scripts/sandbox-pool.sh
source "$PWD/scripts/sandbox-pool.sh"
work=''
machine=''
end_machine() {
    [[ -z $machine ]] || kill -9 "$machine" 2> /dev/null || true
}
sandbox_ends end_machine

if [[ ! -e $cache/done ]]; then
    rm -rf "$cache"
    mkdir -p "$cache"
    mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt=force-unsafe-io --include=linux-image-cloud-amd64,initramfs-tools,systemd-sysv,udev,kmod,zstd \
        "$suite" "$cache/root.tar" </dev/null
    touch "$cache/done"
fi

sandbox_folder work imgadm-boot
sandbox_pool_open boot 6G "$work"
export IMGADM_ROOT=$work/state IMGADM_POOL=$pool

mkdir "$work/tree"
tar -C "$work/tree" --numeric-owner -xpf "$cache/root.tar"
cp "$work"/tree/boot/vmlinuz-* "$work/kernel"
cp "$work"/tree/boot/initrd.img-* "$work/initrd"
truncate -s 3G "$work/disk.raw"
printf 'label: gpt\nstart=2048, size=6287360, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n' | sfdisk -q "$work/disk.raw"
mke2fs -q -t ext4 -d "$work/tree" -E offset=1048576 "$work/disk.raw" 3143680k
qemu-img convert -c -O qcow2 "$work/disk.raw" "$work/debian-1.qcow2"
rm -rf --one-file-system "$work/tree" "$work/disk.raw"

imgadm import "$work/debian-1.qcow2"
imgadm export -q -o "$work/again.qcow2" debian
qemu-img compare "$work/debian-1.qcow2" "$work/again.qcow2"

# A guest of another machine may have the device and no KVM that works (Tests/OpenZFS/ozvm has the long story).
if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then accel=(-accel kvm -cpu host); else accel=(-accel tcg -cpu 'max,erms=off'); fi
qemu-system-x86_64 "${accel[@]}" -m 1024 -smp 2 -nodefaults -no-reboot -display none -serial "file:$work/console" \
    -kernel "$work/kernel" -initrd "$work/initrd" -append 'root=/dev/vda1 console=ttyS0 quiet nowatchdog rcupdate.rcu_cpu_stall_suppress=1' \
    -drive "file=$work/again.qcow2,if=virtio,format=qcow2" < /dev/null &
machine=$!
for ((waited = 0; waited < patience; waited++)); do
    if grep -aq 'login: ' "$work/console" 2> /dev/null; then
        tr -d '\r' < "$work/console" | grep -a 'login: '
        printf 'boot: the machine asks who logs in\n1 passed, 0 failed\n'
        exit 0
    fi
    kill -0 "$machine" 2> /dev/null || break
    sleep 1
done
tail -n 30 "$work/console" | cut -c 1-300 >&2
printf 'boot: no machine came up in %d s\n0 passed, 1 failed\n' "$waited"
exit 1
