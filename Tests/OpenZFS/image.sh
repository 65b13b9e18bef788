#!/bin/bash
# Prints the folder of the machine image for Tests/OpenZFS, which it builds first where it is not cached yet
# (about 3 minutes on two cores).
# usage: [SUITE=bookworm] image.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/imgadm/openzfs
export SUITE=${SUITE:-bookworm}

# What the release binary is linked with, and what the test types beside it.
export EXTRA_PKGS="libdeflate0 libisal2 libbz2-1.0 liblzma5 libzstd1 zlib1g curl gzip bzip2 xz-utils zstd"

image=$cache/$SUITE-$("$here/build-image.sh" --key)
if [[ ! -s $image/key ]]; then
    mkdir -p "$cache"
    exec 9> "$cache/lock"
    flock 9
    if [[ ! -s $image/key ]]; then
        rm -rf "$image.new"
        "$here/build-image.sh" "$image.new" >&2
        mv "$image.new" "$image"
        # Machines of older keys are of no use to anyone.
        find "$cache" -mindepth 1 -maxdepth 1 -type d -name "$SUITE-*" ! -path "$image" -exec rm -rf {} +
    fi
    exec 9>&-
fi
printf '%s\n' "$image"
