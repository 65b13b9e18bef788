#!/bin/bash
# Runs all tests. Arguments go to `swift test` (for one suite: scripts/test.sh --filter JSONTests).
# usage: scripts/test.sh [ARGUMENT…]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh test
if [[ -x scripts/json-corpus.sh ]]; then
    scripts/json-corpus.sh >/dev/null
fi

# The tests make pools of their own on sparse files; only root may.
if ((EUID == 0)); then
    zfs=$(scripts/zfs-daemon.sh start)
    if [[ $zfs == started* ]]; then
        trap 'scripts/zfs-daemon.sh stop "${zfs#started }"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
    fi
else
    printf 'test: not run by root, so whatever needs a pool is left out\n' >&2
fi

# All tests at once would keep each other waiting for minutes, and whatever has a patience would lose it: as many as keep the
# processors busy while most of them wait for a disk or a connection.
# A toolchain that does not know the variable starts all at once.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$((4 * $(nproc)))
swift test "$@"
