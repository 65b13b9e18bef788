#!/bin/sh
# Feeds each module that has a driver in Fuzz/ with mutated input (libFuzzer and AddressSanitizer, both
# part of the Swift toolchain). Fails on the first crash, hang or broken promise; the input that did it
# is then in .build/fuzz/MODULE/.
# usage: scripts/fuzz.sh [SECONDS [MODULE...]]        (default: 30 seconds for each module)
#
# Seeds come from Fuzz/Seeds/MODULE, and from .build/corpus/MODULE (lower case) where that was fetched.
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-30}
[ $# -gt 0 ] && shift
# shellcheck disable=SC2046,SC2012 # names of modules
[ $# -gt 0 ] || set -- $(cd Fuzz && ls -- *Fuzz.swift | sed 's/Fuzz\.swift$//')

build=.build/fuzz/build
built=$build/release
# Whoever uses a module's module needs those of the C libraries below it, too.
modules="-I $built/Modules"
for map in Sources/C*/module.modulemap; do
    [ -f "$map" ] && modules="$modules -I $(dirname "$map")"
done

for module in "$@"; do
    work=.build/fuzz/$module
    mkdir -p "$work/corpus"
    echo "== $module: $seconds s"
    swift build -c release --sanitize fuzzer --sanitize address -Xswiftc -enable-testing --scratch-path "$build" \
        --target "$module" > "$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; exit 1; }
    # The linker takes from an archive what is needed.
    rm -f "$work/modules.a"
    find "$built"/*.build -name '*.o' ! -path '*-tool.build/*' -exec ar qcsT "$work/modules.a" {} +
    includes=
    for map in "$built"/*.build/module.modulemap "$build"/checkouts/*/Sources/*/include/module.modulemap; do
        [ -e "$map" ] && includes="$includes -I $(dirname "$map")"
    done
    # shellcheck disable=SC2086
    swiftc -O -swift-version 6 -parse-as-library -use-ld=lld -sanitize=fuzzer,address -module-name "${module}Fuzz" \
        $modules $includes Fuzz/"$module"Fuzz.swift "$work/modules.a" -o "$work/driver"
    seeds=$work/corpus
    for folder in "Fuzz/Seeds/$module" ".build/corpus/$(echo "$module" | tr '[:upper:]' '[:lower:]')"; do
        [ -d "$folder" ] && seeds="$seeds $folder"
    done
    # shellcheck disable=SC2086 # folders without blanks
    if ! "$work/driver" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/" $seeds > "$work/log" 2>&1; then
        tail -n 60 "$work/log"
        echo "== $module: a finding, see $work" >&2
        exit 1
    fi
    grep -E '^(stat::number_of_executed_units|Done)' "$work/log"
done
