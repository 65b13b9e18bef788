#!/bin/bash
# Inside the machine whose power goes: makes the world, does the commands, and looks at what came of them.
# usage: guest.sh prepare                  a fresh disk: marks, a file system for all that imgadm and the server keep, a pool
#        guest.sh record COMMAND…          each command on that disk, undisturbed
#        guest.sh check < LINES            each line: NUMBER NAME HOW…; what became of NAME on the disk of that number
#
# Beside it lie imgadm, imgapi-server, and world.sh and scenarios.sh of Tests/Kills. /shared is a folder of the host, that
# keeps what each command is and what the world looks like after it. REGISTRY: HOST:PORT of an image registry of the host.
# shellcheck disable=SC2154 # variables of world.sh and scenarios.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Kills/world.sh
source "$here/world.sh"
# shellcheck source=Tests/Kills/scenarios.sh
source "$here/scenarios.sh"

home=/power
work=$home/work
pool=power
port=7070
registry=${REGISTRY-}
export IMGADM_ROOT=$home/root IMGADM_POOL=$pool IMGADM_PATIENCE=5

mkdir -p /tmp/bin "$home"
# Read once through 9p, not at every start.
cp "$here/imgadm" "$here/imgapi-server" /tmp/bin/
export PATH=/tmp/bin:$PATH

disk() { echo "/dev/disk/by-id/virtio-disk$1"; }

# up NUMBER: a machine with this disk comes up
up() {
    mount "$(disk "$1")-part2" "$home"
    mount --bind "$home/vartmp" /var/tmp
    # Nothing in /run outlives a boot.
    rm -rf "$IMGADM_ROOT/var/run"
    zpool import -f -o cachefile=none -d "$(disk "$1")-part3" "$pool"
    # shellcheck source=/dev/null
    source "$work/variables"
    start_server "$work/server" "$port"
}

# down: and goes down, in order
down() {
    end_child "$server_pid"
    server_pid=''
    if zpool list -H -o name "$pool" > /dev/null 2>&1; then zpool export "$pool"; fi
    if mountpoint -q /var/tmp; then umount /var/tmp; fi
    if mountpoint -q "$home"; then umount "$home"; fi
    find /run -maxdepth 1 -name '*imgadm*' -exec rm -rf {} +
}

# settled: nothing that imgadm had started is at work
settled() {
    while pgrep -f "^[^ ]*zfs .*$pool/" > /dev/null; do sleep 0.1; done
    udevadm settle -t 20
}

prepare() {
    sfdisk -q --wipe always "$(disk 0)" <<< $'label: gpt\nstart=2048, size=2048\nstart=4096, size=512MiB\nsize=+'
    udevadm settle -t 20
    mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$(disk 0)-part2"
    mount "$(disk 0)-part2" "$home"
    mkdir -p "$home/vartmp" "$work" "$IMGADM_ROOT"
    chmod 1777 "$home/vartmp"
    zpool create -f -o cachefile=none -O mountpoint="/$pool-pool" "$pool" "$(disk 0)-part3"
    make_images
    make_vm
    published=$(uuid)
    sed "s/\"uuid\": \"[^\"]*\"/\"uuid\": \"$published\"/" "$work/files/$base.json" > "$work/published.json"
    declare -p chain base middle top vm published | sed 's/^declare /declare -g /' > "$work/variables"
    down
}

# mark KIND NAME: a place in the log of writes. It is not flushed, so that it changes nothing.
mark() {
    printf '%s %s\n' "$1" "$2" | dd of="$(disk 0)-part1" bs=512 count=1 conv=sync oflag=direct status=none
}

record() {
    local name
    up 0
    sync
    zpool sync "$pool"
    echo kept > "$home/kept"
    sync "$home/kept"
    echo kept > "/$pool-pool/kept"
    sync "/$pool-pool/kept"
    echo lost > "$home/lost"
    echo lost > "/$pool-pool/lost"
    mark begin proof
    mark end proof
    rm "$home"/{kept,lost} "/$pool-pool"/{kept,lost}
    for name; do
        "${name}_ready"
        sync
        zpool sync "$pool"
        mark begin "$name"
        "${command[@]}"
        mark end "$name"
        sleep 1
        mark over "$name"
        settled
        state > "/shared/$name.state"
        declare -p command > "/shared/$name.command"
    done
    sync
}

# state: the world, and what is not in order there
state() {
    world
    imgadm check || true
}

# script_again STATUS: in another boot the VM may have been used since, so that it is put back only when its owner says so
script_again() {
    local vm
    (($1 != 0)) || return 0
    vm=$(sed -n 's/.*imgadm create --recover \([0-9a-f-]*\) puts it back.*/\1/p' "$work/again.err" | head -n 1)
    [[ -n $vm ]] || return 1
    { imgadm create --recover "$vm" && timeout 300 "${command[@]}"; } >> "$work/again.out" 2>> "$work/again.err" < /dev/null
}

# judged NAME: has the command typed again, and compares; says what is not right
judged() {
    local name=$1 status=0
    whole || { echo "what list shows after the cut is not whole"; return 1; }
    timeout 300 "${command[@]}" > "$work/again.out" 2> "$work/again.err" < /dev/null || status=$?
    if declare -F "${name}_again" > /dev/null; then
        "${name}_again" "$status" || { echo "typed again: exit status $status"; return 1; }
    else
        ((status == 0)) || { echo "typed again: exit status $status"; return 1; }
    fi
    settled
    state > /tmp/state
    diff "/shared/$name.state" /tmp/state || { echo 'not as if nothing had happened (< expected, > found)'; return 1; }
    if declare -F "${name}_right" > /dev/null; then "${name}_right" || return 1; fi
}

proven() {
    [[ $(cat "$home/kept" "/$pool-pool/kept") == $'kept\nkept' ]] || { echo 'what was flushed is not there'; return 1; }
    [[ ! -e $home/lost && ! -e /$pool-pool/lost ]] || { echo 'what was not flushed is there'; return 1; }
}

check() {
    local number name how said
    while read -r -u 3 number name how; do
        if ! up "$number" > /tmp/up 2>&1; then
            echo "FAULT   $name, $how: the machine does not come up"
            sed 's/^/        /' /tmp/up
        elif [[ $name == proof ]]; then
            said=$(proven) || { echo "FAULT   proof: $said"; continue; }
            echo 'ok      proof: what was flushed is there, and what was not is lost'
        else
            # shellcheck source=/dev/null
            source "/shared/$name.command"
            : > "$work/again.err"
            if said=$(judged "$name" 2>&1); then
                echo "ok      $name, $how"
            else
                echo "FAULT   $name, $how:"
                printf '%s\n' "$said" | sed 's/^/        /'
                tail -n 10 "$work/again.err" | sed 's/^/        again: /'
            fi
        fi
        down || { echo "FAULT   $name, $how: the machine does not go down"; return 1; }
    done 3<&0 < /dev/null
}

verb=$1
shift
"$verb" "$@"
