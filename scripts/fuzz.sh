#!/bin/sh
# Feeds each module that has a driver in Fuzz/ with mutated input (libFuzzer and AddressSanitizer, both
# part of the Swift toolchain). Fails on the first crash, hang or broken promise, and on more memory than the driver states; the input
# that did it is then in .build/fuzz/MODULE/. Fails, too, where libFuzzer would see nothing of a module: it then mutates at random.
# usage: scripts/fuzz.sh [SECONDS|COUNTx [MODULE...]]
#   30 seconds for each module, if nothing is said; 10000000x is as many inputs, however long they take.
#
# Seeds come from Fuzz/Seeds/MODULE, and from .build/corpus/MODULE (lower case) where that was fetched.
set -eu

cd "$(dirname "$0")/.."
long=${1:-30}
case $long in
    *x) until="-runs=${long%x}" said="${long%x} inputs" ;;
    *) until="-max_total_time=$long" said="$long s" ;;
esac
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

# Our modules with Swift code that this one is made of.
needed() {
    swift package --scratch-path "$build" describe --type json 2> /dev/null | python3 -c '
import json, sys
targets = {target["name"]: target for target in json.load(sys.stdin)["targets"]}
needed, rest = set(), [sys.argv[1]]
while rest:
    name = rest.pop()
    if name not in needed and targets[name]["module_type"] == "SwiftTarget":
        needed.add(name)
        rest += targets[name].get("target_dependencies", [])
print(*sorted(needed))' "$1"
}

for module in "$@"; do
    work=.build/fuzz/$module
    mkdir -p "$work/corpus"
    echo "== $module: $said"
    # Of several -sanitize= swiftc heeds the last: one must name both. (C code of packages is not what is looked for.)
    swift build -c release --sanitize address -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing \
        --scratch-path "$build" --target "$module" > "$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; exit 1; }
    # The linker takes from an archive what is needed, and the first that it finds: packages come last. Other modules of ours may
    # be of another day, and have specializations of the same functions.
    rm -f "$work/modules.a"
    ours=$(needed "$module")
    packages=
    for folder in "$built"/*.build; do
        name=$(basename "$folder" .build)
        [ -d "Sources/$name" ] || case $name in *-tool) ;; *) packages="$packages $name" ;; esac
    done
    for name in $ours CHost $packages; do
        [ ! -d "$built/$name.build" ] || find "$built/$name.build" -name '*.o'
    done | sed 's/.*/"&"/' > "$work/objects"
    # Quoted: a file of a package has a blank in its name. At once: what is added later replaces what is called like it.
    ar qcsT "$work/modules.a" "@$work/objects"
    for name in $ours; do
        find "$built/$name.build" -name '*.o' -exec nm {} + 2> /dev/null | grep -q __sanitizer_cov_8bit_counters_init || {
            echo "== $module: the objects of $name have no counters of coverage" >&2
            exit 1
        }
    done
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
    # Leaks are looked for once, at the end: after each input that keeps something, it takes all of a short run. Nor is the stack of each
    # allocation kept; run on the one input that is a finding, the driver tells it. What is slow is mutated less often.
    # What a driver states is for all: itself (70 MiB), the inputs that it keeps, and what was freed, which is kept for a while to see who uses
    # it all the same: 16 MiB, more than an input takes. One piece may have 24 MiB, since libFuzzer itself takes 20 at its start; its own
    # -malloc_limit_mb does nothing where it looks for no leaks.
    bound=$(sed -n 's,^/// Memory: \([0-9]*\) MiB: .*,\1,p' Fuzz/"$module"Fuzz.swift)
    if [ -z "$bound" ]; then
        echo "== $module: its driver states no bound of memory" >&2
        exit 1
    fi
    asan=malloc_context_size=1:quarantine_size_mb=16:max_allocation_size_mb=24
    # shellcheck disable=SC2086 # folders without blanks
    if ! ASAN_OPTIONS="$asan${ASAN_OPTIONS:+:$ASAN_OPTIONS}" "$work/driver" "$until" -max_len=16384 -timeout=10 -rss_limit_mb="$bound" \
        -detect_leaks=0 -entropic_scale_per_exec_time=1 -print_final_stats=1 -artifact_prefix="$work/" $seeds > "$work/log" 2>&1; then
        tail -n 60 "$work/log"
        echo "== $module: a finding, see $work" >&2
        exit 1
    fi
    counters=$(sed -n 's/^INFO: Loaded .* (\([0-9]*\) inline.*/\1/p' "$work/log")
    reached=$(sed -n 's/^#[0-9]*[[:space:]]*\(INITED\|DONE\)[[:space:]]*cov: \([0-9]*\) .*/\2/p' "$work/log" | xargs)
    units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$work/log")
    peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$work/log")
    echo "$units inputs, $rate a second, $peak of $bound MiB; of $counters counters hit by the seeds, and in the end: $reached"
done
