#!/bin/bash
# The platform tests, in a small machine with real OpenZFS: zvols, clones of zvols, and streams that no userspace ZFS
# can make. Not part of `make test`, which is to stay quick.
# usage: Tests/OpenZFS/run.sh [PATTERN]      (PATTERN: only the tests whose name matches it, e.g. 'zvol*')
#
# SUITE=bookworm           the machine's Debian: bookworm (OpenZFS 2.1) or trixie (2.3)
# IMGADM_BINARIES=FOLDER   takes imgadm and imgapi-server from there, and builds none; .build/debug will do
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scripts/bootstrap.sh openzfs
# shellcheck source=Tests/OpenZFS/binaries.sh
source Tests/OpenZFS/binaries.sh

shown=$(mktemp -d)
trap 'rm -rf "$shown"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
show_binaries "$shown"
cp -r Tests/OpenZFS/{platform,images,machines}.sh Tests/OpenZFS/cases docs/first-image.md docs/recipes/kvm-host.md "$shown"
# shellcheck source=Tests/OpenZFS/disks.sh
source Tests/OpenZFS/disks.sh
show_disks "$shown"
image=$(Tests/OpenZFS/image.sh)

Tests/OpenZFS/ozvm run -i "$image" -n -t 7200 -L 7500 -v "$shown:/imgadm:ro" ${runtime[@]+"${runtime[@]}"} -- \
    bash /imgadm/platform.sh "$@"
