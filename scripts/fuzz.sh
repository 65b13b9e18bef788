#!/bin/sh
# Feeds each room that has a driver in Fuzz/ with mutated input (libFuzzer and AddressSanitizer, both
# part of the Swift toolchain). Fails on the first crash, hang or broken promise; the input that did it
# is then in .build/fuzz/ROOM/.
# usage: scripts/fuzz.sh [SECONDS [ROOM...]]        (default: 30 seconds for each room)
#
# Fuzz/ROOMFuzz.swift is compiled with all of Sources/ROOM as one module, so it needs no import of it.
# Seeds come from Fuzz/Seeds/ROOM, and from .build/corpus/ROOM (lower case) where that was fetched.
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-30}
[ $# -gt 0 ] && shift
# shellcheck disable=SC2046,SC2012 # names of modules
[ $# -gt 0 ] || set -- $(cd Fuzz && ls -- *Fuzz.swift | sed 's/Fuzz\.swift$//')

modules=
for folder in Sources/C*; do
    [ -f "$folder/module.modulemap" ] && modules="$modules -I $folder"
done
define=
if [ -e /usr/include/isa-l/igzip_lib.h ] || [ -e /usr/include/isa-l.h ]; then define="-D ISAL"; fi

for room in "$@"; do
    work=.build/fuzz/$room
    mkdir -p "$work/corpus"
    echo "== $room: $seconds s"
    # shellcheck disable=SC2086
    swiftc -O -swift-version 6 -parse-as-library -use-ld=lld -sanitize=fuzzer,address -module-name "${room}Fuzz" $modules $define \
        Sources/"$room"/*.swift Fuzz/"$room"Fuzz.swift -o "$work/driver"
    set -- "$work/corpus"
    for seeds in "Fuzz/Seeds/$room" ".build/corpus/$(echo "$room" | tr '[:upper:]' '[:lower:]')"; do
        [ -d "$seeds" ] && set -- "$@" "$seeds"
    done
    if ! "$work/driver" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/" "$@" > "$work/log" 2>&1; then
        tail -n 60 "$work/log"
        echo "== $room: a finding, see $work" >&2
        exit 1
    fi
    grep -E '^(stat::number_of_executed_units|Done)' "$work/log"
done
