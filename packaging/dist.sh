#!/bin/bash
# The release binaries with manuals and completions as an archive, and its checksum, in .build/dist.
# usage: packaging/dist.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source packaging/stage.sh
need_binaries

out=.build/dist
name=imgadm-$(version imgadm)-linux-$(uname -m)
rm -rf "$out"
stage_imgadm "$out/$name"
stage_server "$out/$name"
# The same sources give the same archive.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || echo 0)}" \
    -C "$out" -c "$name" | gzip -9n > "$out/$name.tar.gz"
rm -rf "${out:?}/$name"
(cd "$out" && sha256sum "$name.tar.gz" > SHA256SUMS)
printf '%s\n' "$out/$name.tar.gz" "$out/SHA256SUMS"
