#!/bin/bash
# Makes sure that the zfs and zpool commands have a ZFS to talk to.
# usage: scripts/zfs-daemon.sh start       the kernel's ZFS, or else zfs-fuse; prints "kernel", "running PID" or
#                                          "started PID" (the last: it was not there before)
#        scripts/zfs-daemon.sh stop PID    ends the zfs-fuse that start has started, unless it has pools by now
#        scripts/zfs-daemon.sh kernel      is there, or can there be, a ZFS in the kernel? (exit status)
#        scripts/zfs-daemon.sh possible    could start work with what is installed? (exit status)
set -euo pipefail

daemon=/usr/sbin/zfs-fuse

die() { printf 'zfs-daemon: %s\n' "$*" >&2; exit 1; }

PATH=$PATH:/usr/sbin:/sbin

kernel_has_zfs() {
    grep -qw zfs /proc/filesystems || modprobe --dry-run --quiet zfs 2>/dev/null
}

answers() { zpool list >/dev/null 2>&1; }

# What keeps mounts that begin at the same moment from stopping the daemon (scripts/zfs-fuse-mounts.c); nothing without a compiler.
mounts_apart() {
    local source built compiler part
    source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/zfs-fuse-mounts.c
    built=${source%/scripts/*}/.build/zfs-fuse-mounts.so
    if [[ ! $built -nt $source ]]; then
        compiler=$(command -v clang || command -v cc) || return 0
        mkdir -p "${built%/*}"
        # Several may do so at a time, each the first of its own PIDs.
        part=$(mktemp "$built.XXXXXX")
        "$compiler" -O1 -shared -fPIC -o "$part" "$source" -ldl -lpthread >&2 || {
            rm -f "$part"
            return 0
        }
        mv -f "$part" "$built"
    fi
    printf '%s' "$built"
}

fuse_pid() { pgrep -o -x zfs-fuse || true; }

start() {
    local pid tries
    if grep -qw zfs /proc/filesystems || modprobe --quiet zfs 2>/dev/null; then
        answers || die "the kernel has ZFS, but zpool list fails: $(zpool list 2>&1 | head -n 1)"
        echo kernel
        return
    fi
    # One that does not answer may be about to end, or has just begun.
    for ((tries = 0; tries < 100; tries++)); do
        pid=$(fuse_pid)
        [[ -n $pid ]] || break
        if answers; then
            echo "running $pid"
            return
        fi
        sleep 0.1
    done
    [[ -z $pid ]] || die "zfs-fuse runs (PID $pid), but zpool list fails: $(zpool list 2>&1 | head -n 1)"

    [[ -x $daemon ]] || die "the kernel has no ZFS and $daemon is missing: run scripts/bootstrap.sh zfs"
    ((EUID == 0)) || die "zfs-fuse must be started by root"
    [[ -c /dev/fuse ]] || modprobe --quiet fuse 2>/dev/null || true
    [[ -c /dev/fuse ]] || die "no /dev/fuse: this machine can run no userspace ZFS (a container needs --device /dev/fuse)"
    LD_PRELOAD=$(mounts_apart) setsid "$daemon" </dev/null >/dev/null 2>&1 || die "$daemon does not start"
    for ((tries = 0; tries < 100; tries++)); do
        if answers; then
            echo "started $(fuse_pid)"
            return
        fi
        sleep 0.1
    done
    die "zfs-fuse was started, but zpool list still fails: $(zpool list 2>&1 | head -n 1)"
}

stop() {
    local pid=$1 tries
    [[ $pid == "$(fuse_pid)" ]] || return 0
    [[ -z $(zpool list -H -o name 2>/dev/null) ]] || return 0
    kill "$pid"
    for ((tries = 0; tries < 100; tries++)); do
        # One that nobody waits for stays as a zombie.
        [[ $(ps -o stat= -p "$pid") == [^Z]* ]] || return 0
        sleep 0.1
    done
    die "zfs-fuse (PID $pid) does not end"
}

case ${1-} in
    start) start ;;
    stop) stop "${2:?which PID?}" ;;
    kernel) kernel_has_zfs ;;
    possible) [[ -x $daemon ]] || kernel_has_zfs ;;
    *) die "usage: scripts/zfs-daemon.sh start | stop PID | kernel | possible" ;;
esac
