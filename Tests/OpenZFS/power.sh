#!/bin/bash
# Power cuts, in a small machine with real OpenZFS: each command runs there on a disk whose writes and flushes are logged; of
# POINTS moments of it a disk is made that has only what a disk keeps when its power goes (power/cut.py); a machine comes up with
# it, the same command is typed again, and then all must be as if nothing had happened. What is written but not flushed is lost:
# that this is so is the first thing that is looked at. Pool, state root, /var/tmp and the image server are on that disk.
# usage: Tests/OpenZFS/power.sh [COMMAND…]      (import docker install delete vacuum update create script publish)
#
# POINTS=N                 moments for each command (default 12)
# SEED=N                   the same places in the log; the log itself differs from run to run
# SUITE=bookworm           the machine's Debian: bookworm (OpenZFS 2.1) or trixie (2.3)
# IMGADM_BINARIES=FOLDER   takes imgadm and imgapi-server from there, and builds none; .build/debug will do
# KEEP=FOLDER              keeps the log, and all else that a moment can be made of again, there
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
points=${POINTS:-12}
seed=${SEED:-$$}
commands=("$@")
((${#commands[@]} > 0)) || commands=(import docker install delete vacuum update create script publish)
# Disks that a machine gets at once.
batch=10

scripts/bootstrap.sh openzfs test
# shellcheck source=Tests/OpenZFS/binaries.sh
source Tests/OpenZFS/binaries.sh
# shellcheck source=Tests/Kills/registry.sh
source Tests/Kills/registry.sh

registry=''
children=()
work=$(mktemp -d "${TMPDIR:-/tmp}/imgadm-power.XXXXXX")
take_down() {
    ((${#children[@]} == 0)) || kill "${children[@]}" 2> /dev/null || true
    [[ -n ${KEEP-} ]] || rm -rf "$work"
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/shown" "$work/shared"
show_binaries "$work/shown"
cp Tests/OpenZFS/power/guest.sh Tests/Kills/{world,scenarios}.sh "$work/shown"
image=$(Tests/OpenZFS/image.sh)

reach=()
if [[ " ${commands[*]} " == *' docker '* ]]; then
    start_registry
    reach=(-R "${registry##*:}")
fi

# machine OPTION… -- WORD…: guest.sh does that in a machine
machine() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    Tests/OpenZFS/ozvm run -i "$image" -t 1800 "${options[@]}" -v "$work/shown:/imgadm:ro" -v "$work/shared:/shared" \
        ${runtime[@]+"${runtime[@]}"} ${reach[@]+"${reach[@]}"} -- env "REGISTRY=$registry" bash /imgadm/guest.sh "$@"
}

truncate -s 3G "$work/disk"
machine -d "$work/disk" -- prepare < /dev/null
cp --sparse=always "$work/disk" "$work/base"
machine -d "$work/disk" -l "$work/log" -- record "${commands[@]}" < /dev/null > "$work/record.log" 2>&1 ||
    { tail -n 40 "$work/record.log" >&2; exit 1; }
Tests/OpenZFS/power/cut.py choose "$work/log" "$points" "$seed" > "$work/moments"
[[ -z ${KEEP-} ]] || { mkdir -p "$KEEP" && cp -r --sparse=always "$work"/. "$KEEP"; }

number=0
: > "$work/lines"
: > "$work/results"
look() {
    local disk disks=()
    ((number > 0)) || return 0
    for ((disk = 0; disk < number; disk++)); do disks+=(-d "$work/cut$disk"); done
    machine "${disks[@]}" -- check < "$work/lines" | tee -a "$work/results" || echo 'FAULT   a machine did not come to its end' | tee -a "$work/results"
    number=0
    : > "$work/lines"
}
while read -r name moment part; do
    Tests/OpenZFS/power/cut.py make "$work/log" "$work/base" "$moment" "$part" "$work/cut$number"
    how="write $moment"
    ((part == 0)) || how+=", a part of what was not flushed ($part)"
    echo "$number $name $how" >> "$work/lines"
    number=$((number + 1))
    if ((number == batch)); then look; fi
done < "$work/moments"
look

faults=$(grep -c ^FAULT "$work/results" || true)
printf 'power cuts: %d moments, %d faults, in %d min\n' "$(grep -c '^ok\|^FAULT' "$work/results")" "$faults" "$((SECONDS / 60))"
((faults == 0))
