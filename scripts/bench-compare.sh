#!/bin/bash
# Measures two commits in turn, and prints what each measurement of scripts/bench.sh takes in this tree, beside the other.
# usage: scripts/bench-compare.sh REV [PART…]      (parts as of scripts/bench.sh; default: import files inventory)
#
# Builds REV once, in .build/compare; the measuring itself is this tree's. ROUNDS=N sets how often each is measured (default 5), in
# turns, the first one changing. A ratio is new by old, round by round: its median, least and most. Where the commands of others,
# measured along, spread as far, the difference is the machine's.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if (($# == 0)) || [[ $1 == -* ]]; then
    sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2
    exit 2
fi
commit=$(git rev-parse --verify --quiet "$1^{commit}") || { printf 'bench-compare: no such commit: %s\n' "$1" >&2; exit 2; }
shift
parts=("$@")
((${#parts[@]} > 0)) || parts=(import files inventory)
rounds=${ROUNDS:-5}
products=(imgadm imgapi-server)
old=$PWD/.build/compare/$commit

if [[ -z ${BENCH_BUILT-} ]]; then
    scripts/bootstrap.sh bench
    make --no-print-directory build
    if [[ ! -x $old/imgapi-server ]]; then
        tree=$PWD/.build/compare/tree
        git worktree remove --force "$tree" 2> /dev/null || rm -rf --one-file-system "$tree"
        git worktree prune
        git worktree add --quiet --detach "$tree" "$commit"
        # The dependencies that are here are those of the other, too, or nearly.
        [[ ! -f Package.resolved ]] || cp Package.resolved "$tree/"
        for product in "${products[@]}"; do
            (cd "$tree" && swift build -c release --static-swift-stdlib --product "$product")
        done
        mkdir -p "$old"
        for product in "${products[@]}"; do cp "$tree/.build/release/$product" "$old/"; done
        git worktree remove --force "$tree"
    fi
    # As root, it would be root's alone.
    mkdir -p "${XDG_CACHE_HOME:-$HOME/.cache}/imgadm"
    ((EUID == 0)) ||
        exec sudo env BENCH_BUILT=1 ROUNDS="$rounds" XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" "$PWD/scripts/bench-compare.sh" \
            "$commit" "${parts[@]}"
fi

samples=$(mktemp -d -t imgadm-compare.XXXXXX)
trap 'rm -rf --one-file-system "$samples"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$samples/old" "$samples/new"

# once old|new FOLDER
once() {
    BENCH_BUILT=1 ROUNDS=1 BENCH_BINARIES=$2 BENCH_SAMPLES=$samples/$1 scripts/bench.sh "${parts[@]}" > /dev/null 2> "$samples/said" || {
        cat "$samples/said" >&2
        exit 1
    }
}

for ((round = 1; round <= rounds; round++)); do
    printf 'bench-compare: round %d of %d\n' "$round" "$rounds" >&2
    if ((round % 2)); then
        once old "$old"
        once new "$PWD/.build/release"
    else
        once new "$PWD/.build/release"
        once old "$old"
    fi
done

printf 'new: %s; old: %s; %d rounds\n\n' "$(git describe --always --dirty)" "${commit:0:7}" "$rounds"
cd "$samples/new"
for label in *; do
    [[ -f ../old/$label ]] || continue
    paste -d ' ' "../old/$label" "$label" | sed "s|^|$label |"
done | LC_ALL=C awk '
    function middle(values, count,    i, j, t) {
        for (i = 2; i <= count; i++) for (j = i; j > 1 && values[j - 1] > values[j]; j--) {
            t = values[j]; values[j] = values[j - 1]; values[j - 1] = t
        }
        return values[int((count + 1) / 2)]
    }
    function told(    i, o, n, r, c, m) {
        if (count == 0) return
        for (i = 1; i <= count; i++) { o[i] = wall[i, 1]; n[i] = wall[i, 2]; r[i] = n[i] / o[i]; c[i] = cpu[i, 2] / cpu[i, 1]; m[i] = rss[i, 2] / rss[i, 1] }
        printf "%-34s %10.1f %10.1f  %5.2f (%.2f to %.2f) %6.2f %6.2f\n", label, middle(o, count) / 1000, middle(n, count) / 1000,
            middle(r, count), r[1], r[count], middle(c, count), middle(m, count)
    }
    BEGIN { printf "%-34s %10s %10s  %-21s %6s %6s\n", "WHAT", "OLD ms", "NEW ms", "WALL new/old", "CPU", "MEMORY" }
    $1 != label { told(); label = $1; count = 0 }
    # A measurement that failed on one side has no other; one of no CPU at all is of the least that is told.
    NF == 7 { count++; wall[count, 1] = $2; cpu[count, 1] = $3 > 0 ? $3 : 10000; rss[count, 1] = $4
              wall[count, 2] = $5; cpu[count, 2] = $6 > 0 ? $6 : 10000; rss[count, 2] = $7 }
    END { told() }'
