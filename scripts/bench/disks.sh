# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# A disk of 4 GB with 400 MB of files on it becomes a stream, and a stream a qcow2, against what qemu-img takes to read or write the
# same file. Neither packs anything.

disk_formats=(raw qcow2 qcow2-zlib qcow2-zstd vmdk)

# disks_payload STREAM FOLDER: disks with the content of a file
disks_payload() {
    local stream=$1 folder=$2
    mkdir -p "$folder"
    truncate -s 4G "$folder/disk.raw"
    dd if="$stream" of="$folder/disk.raw" bs=1M seek=100 conv=notrunc,sparse status=none
    qemu-img convert -O qcow2 "$folder/disk.raw" "$folder/disk.qcow2"
    qemu-img convert -c -O qcow2 "$folder/disk.raw" "$folder/disk.qcow2-zlib"
    qemu-img convert -c -O qcow2 -o compression_type=zstd "$folder/disk.raw" "$folder/disk.qcow2-zstd"
    qemu-img convert -O vmdk -o subformat=streamOptimized "$folder/disk.raw" "$folder/disk.vmdk"
}

bench_disks() {
    local folder=$1 format round
    for format in "${disk_formats[@]}"; do
        printf 'bench: convert, %s: %d rounds\n' "$format" "$rounds" >&2
        for ((round = 0; round < rounds; round++)); do
            measure "convert-$format" \
                "imgadm convert -q --force -c none -o $folder/made $folder/disk.$format name=bench version=1 os=other"
            measure "qemu-$format" "qemu-img convert -O raw $folder/disk.$format $folder/theirs"
            rm -f "$folder/theirs"
        done
    done
    for ((round = 0; round < rounds; round++)); do
        measure export-qcow2 "imgadm export -q --force -o $folder/made.qcow2 $folder/made.zvol"
        measure qemu-to-qcow2 "qemu-img convert -f raw -O qcow2 $folder/disk.raw $folder/theirs"
        rm -f "$folder/theirs"
    done
}

# bench_disk_imports FOLDER: from a server into a volume, against what an operator would type. Where ZFS has no devices, what he
# writes into is a file of the pool.
bench_disk_imports() {
    local folder=$1 format round uuid target
    mkdir -p "$folder/web"
    for format in qcow2 qcow2-zlib; do ln "$folder/disk.$format" "$folder/web/bench-1-$format.qcow2"; done
    serve_by_nginx "$folder/web"
    # The stages of an import, each alone: the last is what ZFS takes for the stream of the same disk.
    imgadm convert -q --force -c none -o "$folder/made" "$folder/disk.qcow2" name=bench version=1 os=other
    for format in qcow2 qcow2-zlib; do
        printf 'bench: import, %s: %d rounds\n' "$format" "$rounds" >&2
        for ((round = 0; round < rounds; round++)); do
            measure "disk-import-$format" "imgadm import -q $nginx_url/bench-1-$format.qcow2 name=bench-$format version=1"
            uuid=$(imgadm list -H -o uuid "name=bench-$format")
            imgadm delete "$uuid" > /dev/null
            if [[ -n $zfs_pid ]]; then
                zfs create "$pool/operator"
                target=$(zfs get -H -o value mountpoint "$pool/operator")/disk
            else
                zfs create -s -V 4G "$pool/operator"
                target=/dev/zvol/$pool/operator
            fi
            measure "disk-steps-$format" "curl -sSf -o $folder/f $nginx_url/bench-1-$format.qcow2 &&
                qemu-img convert -O raw $folder/f $folder/theirs &&
                dd if=$folder/theirs of=$target bs=1M conv=sparse,notrunc,fsync status=none"
            discard "$pool/operator"
            measure "disk-curl-$format" "curl -sSf -o /dev/null $nginx_url/bench-1-$format.qcow2"
            measure "disk-convert-$format" "qemu-img convert -O raw $folder/f $folder/theirs"
            measure "disk-receive-$format" "zfs receive -u $pool/operator < $folder/made.zvol"
            discard "$pool/operator"
            rm -f "$folder/f" "$folder/theirs"
        done
    done
    stop_nginx
}

report_disks() {
    local format faster stage slowest times
    for format in qcow2 qcow2-zlib; do
        faster=$(ratio "$(wall "disk-steps-$format")" "$(wall "disk-import-$format")")
        row "import of $format: wall" "$(seconds "$(wall "disk-import-$format")")" \
            "$(seconds "$(wall "disk-steps-$format")") curl, qemu-img, dd" "${faster}× faster" '≥ 1.5×' "$faster >= 1.5"
        slowest=0
        for stage in curl convert receive; do
            (($(wall "disk-$stage-$format") <= slowest)) || slowest=$(wall "disk-$stage-$format")
            row "  alone: $stage ($format)" '' "$(seconds "$(wall "disk-$stage-$format")")" '' '' -
        done
        times=$(ratio "$(wall "disk-import-$format")" "$slowest")
        row "import of $format: its slowest stage" "$(seconds "$(wall "disk-import-$format")")" "$(seconds "$slowest")" \
            "${times}×" '≤ 1.15×' "$times <= 1.15"
        row "import of $format: peak memory" "$(mib "$(peak "disk-import-$format")")" '' '' '≤ 64 MiB' \
            "$(peak "disk-import-$format") <= 65536"
    done
    for format in "${disk_formats[@]}"; do
        faster=$(ratio "$(wall "qemu-$format")" "$(wall "convert-$format")")
        row "$format to stream: wall" "$(seconds "$(wall "convert-$format")")" "$(seconds "$(wall "qemu-$format")") qemu-img" \
            "${faster}× faster" 'not slower' "$faster >= 0.98"
        row "$format to stream: CPU" "$(seconds "$(cpu "convert-$format")")" "$(seconds "$(cpu "qemu-$format")") qemu-img" '' '' -
        row "$format to stream: peak memory" "$(mib "$(peak "convert-$format")")" "$(mib "$(peak "qemu-$format")") qemu-img" '' \
            '≤ 64 MiB' "$(peak "convert-$format") <= 65536"
    done
    faster=$(ratio "$(wall qemu-to-qcow2)" "$(wall export-qcow2)")
    row 'stream to qcow2: wall' "$(seconds "$(wall export-qcow2)")" "$(seconds "$(wall qemu-to-qcow2)") qemu-img, from raw" \
        "${faster}× faster" '' -
    row 'stream to qcow2: peak memory' "$(mib "$(peak export-qcow2)")" '' '' '≤ 64 MiB' "$(peak export-qcow2) <= 65536"
}
