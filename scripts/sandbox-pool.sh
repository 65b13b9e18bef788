# shellcheck shell=bash
# A pool of one's own on a sparse file, and its end. Sourced by scripts that need one:
#
#   sandbox_pool_open PREFIX SIZE FOLDER   makes the pool on FOLDER/PREFIX.pool, mounted in FOLDER/PREFIX;
#                                          sets $pool, and $zfs_pid to the PID of zfs-fuse (empty: the kernel's ZFS)
#   sandbox_pool_close                     takes it away again (also half of it); fails if that cannot be done
#
# FOLDER must be there, and may be removed once sandbox_pool_close has succeeded.

PATH=$PATH:/usr/sbin:/sbin

pool=''
zfs_pid=''
sandbox_started=''
sandbox_file=''

sandbox_pool_open() {
    local prefix=$1 size=$2 folder=$3 state
    state=$("$(dirname "${BASH_SOURCE[0]}")/zfs-daemon.sh" start)
    if [[ $state != kernel ]]; then
        zfs_pid=${state#* }
        [[ $state != started* ]] || sandbox_started=$zfs_pid
    fi
    sandbox_file=$folder/$prefix.pool
    truncate -s "$size" "$sandbox_file"
    # A name nobody else has: a pool of the machine's must never be met by accident.
    pool=$prefix-$(od -An -N 6 -t x1 /dev/urandom | tr -d ' \n')
    zpool create -o cachefile=none -m "$folder/$prefix" "$pool" "$sandbox_file" 2> "$folder/zpool.log" || {
        cat "$folder/zpool.log" >&2
        pool=''
        return 1
    }
}

# Datasets that were just mounted can be busy for a moment.
sandbox_pool_close() {
    local tries
    if [[ -n $pool ]]; then
        for ((tries = 0; ; tries++)); do
            zpool destroy -f "$pool" 2>/dev/null && break
            zpool list -H -o name "$pool" >/dev/null 2>&1 || break
            if ((tries >= 50)); then
                printf 'the pool %s on %s cannot be destroyed: %s\n' \
                    "$pool" "$sandbox_file" "$(zpool destroy -f "$pool" 2>&1)" >&2
                return 1
            fi
            sleep 0.2
        done
        pool=''
    fi
    rm -f "$sandbox_file"
    if [[ -n $sandbox_started ]]; then
        "$(dirname "${BASH_SOURCE[0]}")/zfs-daemon.sh" stop "$sandbox_started"
        sandbox_started=''
    fi
}
