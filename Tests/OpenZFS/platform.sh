#!/bin/bash
# Runs the cases of cases/ inside the machine, on a fresh pool on /dev/vdb.
# usage: platform.sh [PATTERN]      (beside it lie imgadm, imgapi-server, volume-stream, images.sh, machines.sh and cases/)
#
# A case is a function named test_…; it runs in a shell of its own under `set -e`, with $work (an empty folder),
# $pool (a pool without images) and IMGADM_ROOT (without records). The first command that fails fails the case. What it
# leaves in $work/counted is shown beside its name: how many streams, for those that go through many.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pattern=${1:-*}
scratch=/tmp/platform
pool=platform

mkdir -p "$scratch/bin"
# Read once through 9p, not at every start.
cp "$here"/{imgadm,imgapi-server,volume-stream} "$scratch/bin/"
export PATH=$scratch/bin:$PATH
export IMGADM_ROOT=$scratch/root IMGADM_POOL=$pool

imgadm --version || { echo "imgadm does not run on this machine" >&2; exit 1; }
zfs version | head -n 1

# shellcheck source=Tests/OpenZFS/images.sh
source "$here/images.sh"
# shellcheck source=Tests/OpenZFS/machines.sh
source "$here/machines.sh"
for file in "$here"/cases/*.sh; do
    # shellcheck source=/dev/null
    source "$file"
done

fresh() {
    zpool destroy -f "$pool" 2>/dev/null || true
    udevadm settle -t 10
    zpool create -f -o cachefile=none -m "$scratch/$pool" "$pool" /dev/vdb
    rm -rf "$IMGADM_ROOT" "$scratch/work"
    mkdir -p "$IMGADM_ROOT" "$scratch/work"
}

one_case() (
    set -euxo pipefail
    work=$scratch/work
    cd "$work"
    "$1"
)

counted() { if [[ -s $scratch/work/counted ]]; then sed 's/^/: /' "$scratch/work/counted"; fi; }

passed=0
failed=()
for name in $(compgen -A function test_); do
    # shellcheck disable=SC2053 # a pattern it is
    [[ ${name#test_} == $pattern ]] || continue
    fresh > /dev/null
    # Not in a condition: bash ignores `set -e` in there.
    set +e
    one_case "$name" > "$scratch/log" 2>&1 < /dev/null
    status=$?
    set -e
    stop_server
    if ((status == 0)); then
        passed=$((passed + 1))
        printf 'ok      %s\n' "${name#test_}$(counted)"
    else
        failed+=("${name#test_}")
        printf 'FAILED  %s\n' "${name#test_}"
        tail -n 40 "$scratch/log" | cut -c 1-300 | sed 's/^/        /'
    fi
done
zpool destroy -f "$pool"

printf '%d passed, %d failed\n' "$passed" "${#failed[@]}"
((passed > 0 && ${#failed[@]} == 0))
