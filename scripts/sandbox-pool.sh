# shellcheck shell=bash
# Pools of one's own on sparse files, folders for what belongs to them, and their end. Sourced by scripts that need one:
#
#   sandbox_ends [FUNCTION]                from now on, however the script ends, all of it is taken away again: FUNCTION is called,
#                                          which ends what the script has started, then go the pools, then the folders
#   sandbox_folder VARIABLE NAME [PARENT]  makes a folder of that name and random letters, and sets VARIABLE to its path
#   sandbox_pool_open PREFIX SIZE FOLDER   makes a pool on FOLDER/PREFIX.pool, mounted in FOLDER/PREFIX;
#                                          sets $pool, and $zfs_pid to the PID of zfs-fuse (empty: the kernel's ZFS)
#   sandbox_pool_close                     takes all of them away again (also half of one); fails if that cannot be done
#
# FOLDER must be there, and may be removed once sandbox_pool_close has succeeded.

PATH=$PATH:/usr/sbin:/sbin

pool=''
zfs_pid=''
sandbox_started=''
sandbox_pools=()
sandbox_files=()
sandbox_folders=()
sandbox_before=true

sandbox_ends() {
    sandbox_before=${1-true}
    trap sandbox_take_down EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

# What a pool lies in that cannot be destroyed is left behind, too, and the script fails.
sandbox_take_down() {
    local status=$?
    trap '' INT TERM HUP
    trap - EXIT
    "$sandbox_before" || true
    if sandbox_pool_close; then
        rm -rf --one-file-system ${sandbox_folders[@]+"${sandbox_folders[@]}"}
    else
        printf 'left behind: %s\n' "${sandbox_folders[*]-}" >&2
        status=1
    fi
    exit "$status"
}

sandbox_folder() {
    local -n sandbox_made=$1
    sandbox_made=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/$2.XXXXXX")
    sandbox_folders+=("$sandbox_made")
    chmod 755 "$sandbox_made"
}

sandbox_pool_open() {
    local prefix=$1 size=$2 folder=$3 state
    if ((${#sandbox_pools[@]} == 0)); then
        state=$("$(dirname "${BASH_SOURCE[0]}")/zfs-daemon.sh" start)
        if [[ $state != kernel ]]; then
            zfs_pid=${state#* }
            [[ $state != started* ]] || sandbox_started=$zfs_pid
        fi
    fi
    # A name nobody else has: a pool of the machine's must never be met by accident.
    pool=$prefix-$(od -An -N 6 -t x1 /dev/urandom | tr -d ' \n')
    sandbox_pools+=("$pool")
    sandbox_files+=("$folder/$prefix.pool")
    truncate -s "$size" "$folder/$prefix.pool"
    zpool create -o cachefile=none -m "$folder/$prefix" "$pool" "$folder/$prefix.pool" 2> "$folder/zpool.log" || {
        cat "$folder/zpool.log" >&2
        return 1
    }
}

# Datasets that were just mounted can be busy for a moment.
sandbox_pool_close() {
    local tries name
    for name in ${sandbox_pools[@]+"${sandbox_pools[@]}"}; do
        for ((tries = 0; ; tries++)); do
            zpool destroy -f "$name" 2>/dev/null && break
            zpool list -H -o name "$name" >/dev/null 2>&1 || break
            if ((tries >= 50)); then
                printf 'the pool %s cannot be destroyed: %s\n' "$name" "$(zpool destroy -f "$name" 2>&1)" >&2
                return 1
            fi
            sleep 0.2
        done
    done
    rm -f ${sandbox_files[@]+"${sandbox_files[@]}"}
    pool=''
    sandbox_pools=()
    sandbox_files=()
    if [[ -n $sandbox_started ]]; then
        "$(dirname "${BASH_SOURCE[0]}")/zfs-daemon.sh" stop "$sandbox_started"
        sandbox_started=''
    fi
}
