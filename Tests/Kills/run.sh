#!/bin/bash
# Breaks the release binary off, by kill -9, at POINTS moments of each command, has the same command typed again, and looks
# whether all is as if nothing had happened: every dataset, mount, record and file. Prints a line a command.
# usage: Tests/Kills/run.sh [COMMAND…]      (import docker install delete vacuum update create script publish server;
#                                            disk root squashfs streams convert export archive;
#                                            artifact container push diskpush repository)
#
# POINTS=N                 moments for each command (default 100)
# IMGADM_BINARIES=FOLDER   takes imgadm and imgapi-server from there, and builds none; .build/debug will do
# SEED=N                   the same moments again
#
# Half of the moments are times, spread over what the command takes; the others are before, during and after its n-th call
# of zfs. Of the times, half end imgadm alone, half its children, too. Every other point is looked at before the command is
# typed again: what `list` shows must be whole.
# shellcheck disable=SC2154 # some variables are those of the files that it sources
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
points=${POINTS:-100}
RANDOM=${SEED:-$$}
commands=("$@")
((${#commands[@]} > 0)) || commands=(
    import docker install delete vacuum update create script publish server
    disk root squashfs streams convert export archive
    artifact container push diskpush repository
)

((EUID == 0)) || { echo 'test-kills: this takes root' >&2; exit 1; }
# All that is in /var/tmp and /run/imgadm is compared: what others have there is not to be seen. (Mounts made elsewhere, by the daemon of
# a userspace ZFS, still are.)
if [[ -z ${KILLS_APART-} ]] && unshare --mount true 2> /dev/null; then
    exec env KILLS_APART=yes unshare --mount --propagation slave "$0" "$@"
fi
scripts/bootstrap.sh test
PATH=$PWD/.build/tools:$PATH
[[ -n ${IMGADM_BINARIES-} ]] || make --no-print-directory build
binaries=$(realpath -e "${IMGADM_BINARIES:-.build/release}")

# shellcheck source=scripts/sandbox-pool.sh
source scripts/sandbox-pool.sh
# shellcheck source=Tests/Kills/world.sh
source "$here/world.sh"
# shellcheck source=Tests/Kills/registry.sh
source "$here/registry.sh"
# shellcheck source=Tests/Kills/content.sh
source "$here/content.sh"
# shellcheck source=Tests/Kills/scenarios.sh
source "$here/scenarios.sh"
# shellcheck source=Tests/Kills/scenarios-files.sh
source "$here/scenarios-files.sh"
# shellcheck source=Tests/Kills/scenarios-registries.sh
source "$here/scenarios-registries.sh"

# now: in microseconds
now() { echo $(($(date +%s%N) / 1000)); }

# seconds MICROSECONDS: as sleep takes it
seconds() { printf '%d.%06d' "$(($1 / 1000000))" "$(($1 % 1000000))"; }

# fault NAME HOW TEXT: a line, and what was said
fault() {
    faults=$((faults + 1))
    printf 'FAULT   %s, %s: %s\n' "$1" "$2" "$3"
    [[ ! -s $work/killed.err ]] || sed 's/^/        killed: /' "$work/killed.err" | tail -n 5
    [[ ! -s $work/again.err ]] || sed 's/^/        again:  /' "$work/again.err" | tail -n 10
    [[ ! -s $work/difference ]] || sed 's/^/        /' "$work/difference" | head -n 20
    [[ -z $vm ]] || { zfs_destroy "$pool/$vm"; make_vm; }
}

# settled: no zfs that a killed imgadm had started is at work
settled() {
    while pgrep -f "^[^ ]*zfs .*$pool/" > /dev/null; do sleep 0.02; done
}

# begin WORD…: runs $command, behind these words; sets $child
begin() {
    "$@" "${command[@]}" > "$work/killed.out" 2> "$work/killed.err" < /dev/null &
    child=$!
}

# end: waits for it; its exit status is in $got. (The shell tells of children that were killed.)
end() {
    got=0
    wait "$child" 2> /dev/null || got=$?
}

# killed_at_call N MODE: runs $command so
killed_at_call() {
    : > "$work/calls"
    begin env PATH="$here:$PATH" KILL_CALLS="$work/calls" KILL_AT="$1" KILL_MODE="$2" KILL_ZFS="$real_zfs"
    end
}

# killed_at_time MICROSECONDS MODE: runs $command so (mode: alone, or with its children)
killed_at_time() {
    if [[ $2 == alone ]]; then
        begin env
        sleep "$(seconds "$1")"
        kill -KILL "$child" 2> /dev/null || true
    else
        begin timeout -s KILL "$(seconds "$1")"
    fi
    end
}

# judge NAME HOW: has the command typed again, and compares
judge() {
    local name=$1 how=$2 status=0 said
    : > "$work/difference"
    : > "$work/again.err"
    if ((point % 2)); then
        settled
        said=$(whole) || { fault "$name" "$how" "list after the kill: $said"; return; }
    fi
    timeout 120 "${command[@]}" > "$work/again.out" 2> "$work/again.err" < /dev/null || status=$?
    if declare -F "${name}_again" > /dev/null; then
        "${name}_again" "$status" || { fault "$name" "$how" "typed again: exit status $status"; return; }
    else
        ((status == 0)) || { fault "$name" "$how" "typed again: exit status $status"; return; }
    fi
    settled
    world > "$work/world"
    diff "$work/expected" "$work/world" > "$work/difference" ||
        { fault "$name" "$how" 'not as if nothing had happened (< expected, > found)'; return; }
    if declare -F "${name}_right" > /dev/null; then
        said=$("${name}_right" 2>&1) || { fault "$name" "$how" "$said"; return; }
    fi
}

# measure NAME: an undisturbed run; sets $duration, $calls and $work/expected
measure() {
    local name=$1 start
    "${name}_ready"
    killed_at_call 0 never
    ((got == 0)) || { cat "$work/killed.err" >&2; echo "test-kills: $name fails without being killed" >&2; exit 1; }
    calls=$(stat -c %s "$work/calls")
    world > "$work/expected"
    "${name}_ready"
    start=$(now)
    "${command[@]}" > /dev/null
    duration=$(($(now) - start))
}

kills_of() {
    local name=$1 point number=0 place mode moment how modes=(before during after)
    measure "$name"
    killed=0
    faults=0
    for ((point = 0; point < points; point++)); do
        "${name}_ready"
        if ((point % 4 < 2 && calls > 0)); then
            # Each call and mode once, or as many as there are points for, spread over all of them.
            place=$((number % (calls * 3)))
            ((points / 2 >= calls * 3)) || place=$((number * calls * 3 / (points / 2)))
            mode=${modes[place % 3]}
            how="$mode call $((place / 3 + 1)) of zfs"
            killed_at_call "$((place / 3 + 1))" "$mode"
            number=$((number + 1))
        else
            mode=alone
            ((point % 4 == 2)) || mode='with its children'
            moment=$((duration * (RANDOM * 32768 + RANDOM) * 11 / (10 << 30)))
            how="$mode, at $((moment / 1000)) of $((duration / 1000)) ms"
            killed_at_time "$moment" "$mode"
        fi
        if ((got == 137)); then killed=$((killed + 1)); fi
        judge "$name" "$how"
    done
    tried "$name"
    tell "$name" "$points" "$killed" "$faults" "$calls calls of zfs, $((duration / 1000)) ms"
}

# tried NAME: something was broken off, and what is known to call zfs was seen to
tried() {
    : > "$work/killed.err"
    : > "$work/again.err"
    : > "$work/difference"
    # One or two moments may all come too late.
    ((killed > 0 || points < 4)) || fault "$1" 'all points' 'nothing was killed'
    case $1 in
        server | publish | repository | convert) ;;
        *) ((calls > 0)) || fault "$1" 'all points' 'it has called no zfs' ;;
    esac
}

tell() {
    printf '%-10s %5d points, %5d killed, %3d faults (%s)\n' "$@"
    all_points=$((all_points + $2))
    all_killed=$((all_killed + $3))
    all_faults=$((all_faults + $4))
}

# The server is killed while an image is published to it, and started again on the same port and folder.
kills_of_server() {
    local point moment how start said status port publisher
    publish_begin
    publish_ready
    start=$(now)
    "${command[@]}" > /dev/null
    duration=$(($(now) - start))
    killed=0
    faults=0
    for ((point = 0; point < points; point++)); do
        publish_ready
        moment=$((duration * (RANDOM * 32768 + RANDOM) * 11 / (10 << 30)))
        how="at $((moment / 1000)) of $((duration / 1000)) ms"
        port=${url##*:}
        : > "$work/difference"
        "${command[@]}" > "$work/killed.out" 2> "$work/killed.err" < /dev/null &
        publisher=$!
        sleep "$(seconds "$moment")"
        end_child "$server_pid"
        if kill -0 "$publisher" 2> /dev/null; then killed=$((killed + 1)); fi
        start_server "$work/server" "$port" || { fault server "$how" 'it does not start again'; break; }
        wait "$publisher" 2> /dev/null || true
        status=0
        timeout 120 "${command[@]}" > "$work/again.out" 2> "$work/again.err" < /dev/null || status=$?
        publish_again "$status" || { fault server "$how" "published again: exit status $status"; continue; }
        said=$(publish_right 2>&1) || fault server "$how" "$said"
    done
    tried server
    tell server "$points" "$killed" "$faults" "$((duration / 1000)) ms"
}

# apart: a /var/tmp and a /run/imgadm of our own, the first in $work, since more is kept there than memory may have room for
apart() {
    mkdir -m 1777 "$work/vartmp"
    mount --bind "$work/vartmp" /var/tmp
    [[ -d /run/imgadm ]] || mkdir -m 700 /run/imgadm
    mount -t tmpfs -o mode=700 tmpfs /run/imgadm
}

world_open kills "$binaries"
# What is in there itself would be hidden.
[[ -z ${KILLS_APART-} || $work == /var/tmp/* ]] || apart
real_zfs=$(command -v zfs)
all_points=0
all_killed=0
all_faults=0

for name in "${commands[@]}"; do
    [[ $name == server ]] || declare -F "${name}_ready" > /dev/null ||
        { echo "test-kills: no such command: $name" >&2; exit 1; }
done
for name in "${commands[@]}"; do
    if [[ $name == server ]]; then
        kills_of_server
        continue
    fi
    ! declare -F "${name}_begin" > /dev/null || "${name}_begin"
    kills_of "$name"
done

printf 'kills: %d points, %d killed, %d faults, in %d min\n' "$all_points" "$all_killed" "$all_faults" "$((SECONDS / 60))"
((all_faults == 0))
