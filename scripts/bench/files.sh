# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# Looking into a stream of 400 MB and taking its files out, without ZFS, against zfs receive and cp -a.

bench_files() {
    local stream=$1/stream.none round
    stat -c %s "$stream" > "$samples/files-bytes"
    printf 'bench: files: %d rounds\n' "$rounds" >&2
    for ((round = 0; round < rounds; round++)); do
        measure inspect "imgadm inspect $stream"
        measure extract "imgadm extract -C $disk/ours $stream"
        rm -rf --one-file-system "$disk/ours"
        measure receive "zfs receive $pool/theirs < $stream &&
            cp -a \"\$(zfs get -H -o value mountpoint $pool/theirs)\" $disk/theirs"
        discard "$pool/theirs"
        rm -rf --one-file-system "$disk/theirs"
    done
}

report_files() {
    local bytes speed ours theirs faster
    bytes=$(< "$samples/files-bytes")
    speed=$(awk "BEGIN { printf \"%.0f\", $bytes / $(cpu inspect) }")
    row 'inspect: all checksums, a core' "$(seconds "$(wall inspect)")" '' "$speed MB/s" '≥ 1000 MB/s' "$speed >= 1000"
    row 'inspect: peak memory' "$(mib "$(peak inspect)")" '' '' '' -
    ours=$(wall extract)
    theirs=$(wall receive)
    faster=$(ratio "$theirs" "$ours")
    row 'extract: wall' "$(seconds "$ours")" "$(seconds "$theirs") zfs receive + cp -a" "${faster}× faster" 'not slower' \
        "$faster >= 0.98"
    row 'extract: peak memory' "$(mib "$(peak extract)")" '' '' '' -
}
