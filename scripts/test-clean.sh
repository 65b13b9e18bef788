#!/bin/bash
# What the README tells a stranger to type, `make demo` and `make test`, on machines that have nothing but a minimal Debian,
# git, make and Swift: each in a fresh clone of what is committed here.
# usage: scripts/test-clean.sh [SUITE…]      (default: bookworm trixie; the logs go to .build/clean)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
suites=("$@")
((${#suites[@]} > 0)) || suites=(bookworm trixie)
((EUID == 0)) || { echo 'test-clean: this takes root' >&2; exit 1; }
scripts/bootstrap.sh clean
[[ -z $(git status --porcelain) ]] || echo 'test-clean: what is not committed is not tried' >&2

logs=$PWD/.build/clean
mkdir -p "$logs"
work=$(mktemp -d -t test-clean.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

failed=0
for suite in "${suites[@]}"; do
    for target in demo test; do
        # A root and a clone for each: neither is to profit from what the other has installed.
        clone=$work/$suite-$target
        git clone --quiet . "$clone"
        start=$SECONDS
        if scripts/clean-machine.sh -s "$suite" "$clone" make "$target" < /dev/null > "$logs/$suite-$target.log" 2>&1; then
            verdict='ok    '
        else
            verdict='FAILED'
            failed=$((failed + 1))
        fi
        printf '%s  make %s on %s, %d min: %s\n' "$verdict" "$target" "$suite" "$(((SECONDS - start) / 60))" \
            "$(tail -n 1 "$logs/$suite-$target.log" | cut -c 1-120)"
        rm -rf --one-file-system "$clone"
    done
done
((failed == 0))
