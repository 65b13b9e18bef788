# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# An image made of a dataset of 400 MB, against zfs send and the compressor that an operator would type behind it.

# packer COMPRESSION: the quickest tool for it that is usual
packer() {
    case $1 in
        gzip) echo 'pigz -c' ;;
        zstd) echo 'zstd -q -T0 -c' ;;
        xz) echo 'xz -T0 -c' ;;
    esac
}

bench_create() {
    local folder=$1 vm round tool times
    vm=$(new_uuid)
    zfs receive "$pool/$vm" < "$folder/stream.none"
    zfs destroy "$pool/$vm@final"
    for tool in gzip zstd xz; do
        times=$rounds
        [[ $tool != xz ]] || times=$(((rounds + 3) / 4))
        printf 'bench: create, %s: %d rounds\n' "$tool" "$times" >&2
        for ((round = 0; round < times; round++)); do
            measure "create-$tool" "imgadm create -f -q -c $tool -o $disk/made $vm name=bench version=1 type=other os=other"
            stat -c %s "$disk"/made.zfs.* > "$samples/size-$tool"
            rm -f "$disk"/made.*
            measure "pack-$tool" "zfs snapshot $pool/$vm@theirs && zfs send $pool/$vm@theirs | $(packer "$tool") > $disk/theirs"
            stat -c %s "$disk/theirs" > "$samples/theirs-$tool"
            discard "$pool/$vm@theirs"
            if [[ $tool == gzip ]]; then
                measure "plain-$tool" "zfs snapshot $pool/$vm@theirs && zfs send $pool/$vm@theirs | gzip -c > $disk/theirs"
                discard "$pool/$vm@theirs"
            fi
            rm -f "$disk/theirs"
        done
    done
    discard "$pool/$vm"
}

report_create() {
    local tool ours theirs faster
    for tool in gzip zstd xz; do
        ours=$(wall "create-$tool")
        theirs=$(wall "pack-$tool")
        faster=$(ratio "$theirs" "$ours")
        row "create, $tool: wall" "$(seconds "$ours")" "$(seconds "$theirs") zfs send | $(packer "$tool")" "${faster}× faster" \
            'not slower' "$faster >= 0.98"
        row "create, $tool: size" "$(mib $(($(< "$samples/size-$tool") / 1024)))" "$(mib $(($(< "$samples/theirs-$tool") / 1024)))" '' '' -
        if [[ $tool == xz ]]; then
            row "create, $tool: peak memory" "$(mib "$(peak "create-$tool")")" "$(mib "$(peak "pack-$tool")") xz" '' '' -
        else
            row "create, $tool: peak memory" "$(mib "$(peak "create-$tool")")" '' '' '≤ 96 MiB' "$(peak "create-$tool") <= 98304"
        fi
    done
    row "create, gzip: against one core" "$(seconds "$(wall create-gzip)")" "$(seconds "$(wall plain-gzip)") zfs send | gzip" \
        "$(ratio "$(wall plain-gzip)" "$(wall create-gzip)")× faster" '' -
}
