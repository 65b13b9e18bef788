#!/bin/bash
# The platform tests, in a small machine with real OpenZFS: zvols, clones of zvols, and streams that no userspace ZFS
# can make. Not part of `make test`, which is to stay quick.
# usage: Tests/OpenZFS/run.sh [PATTERN]      (PATTERN: only the tests whose name matches it, e.g. 'zvol*')
#
# IMGADM_BINARIES=FOLDER   takes imgadm and imgapi-server from there, and builds none; .build/debug will do
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

# A debug build is linked with the toolchain's own libraries.
runtime=()
libraries=$(ldd "$shown/imgadm" | sed -n 's,.*=> \(/.*\)/libswiftCore\.so .*,\1,p')
[[ -z $libraries ]] || runtime=(-v "$libraries:$libraries:ro")

Tests/OpenZFS/ozvm run -i "$image" -n -t 1800 -v "$shown:/imgadm:ro" ${runtime[@]+"${runtime[@]}"} -- bash /imgadm/platform.sh "$@"
