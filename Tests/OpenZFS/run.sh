#!/bin/bash
# The platform tests, in a small machine with real OpenZFS: zvols, clones of zvols, and streams that no userspace ZFS
# can make. Not part of `make test`, which is to stay quick.
# usage: Tests/OpenZFS/run.sh [PATTERN]      (PATTERN: only the tests whose name matches it, e.g. 'zvol*')
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ -z ${IMGADM_BINARIES-} ]]; then
    scripts/bootstrap.sh openzfs
    make --no-print-directory build
fi
image=$(Tests/OpenZFS/image.sh)

shown=$(mktemp -d)
trap 'rm -rf "$shown"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cp -L "${IMGADM_BINARIES:-.build/release}"/{imgadm,imgapi-server} Tests/OpenZFS/{platform,cases,images,machines}.sh "$shown"

Tests/OpenZFS/ozvm run -i "$image" -n -t 1800 -v "$shown:/imgadm:ro" -- bash /imgadm/platform.sh "$@"
