# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# Import of the payload, against the pipeline an operator would type, and against what the machine can do.
# Needs the table image[COMPRESSION], $url, $pool, $rounds and the payload's folder.

# inflate COMPRESSION: the command an operator would type for it
inflate() { if [[ $1 == none ]]; then echo cat; else echo "$1 -dc"; fi; }

# quickest_inflate COMPRESSION: the quickest tool the machine has for it, for what it can do
quickest_inflate() {
    case $1 in
        gzip) if command -v igzip >/dev/null; then echo 'igzip -dc'; else echo 'pigz -dc'; fi ;;
        *) inflate "$1" ;;
    esac
}

forget() {
    imgadm delete "$1" > /dev/null
}

bench_import() {
    local folder=$1 tool uuid file round times
    for tool in "${compressions[@]}"; do
        uuid=${image["$tool"]}
        file=$url/images/$uuid/file
        times=$rounds
        [[ $tool != bzip2 ]] || times=$(((rounds + 1) / 2))
        printf 'bench: import, %s: %d rounds\n' "$tool" "$times" >&2
        for ((round = 0; round < times; round++)); do
            measure "import-$tool" "imgadm import -q $uuid"
            forget "$uuid"
            measure "pipeline-$tool" "curl -sSf $file | $(inflate "$tool") | zfs receive -u $pool/operator"
            discard "$pool/operator"
            measure "curl-$tool" "curl -sSf -o /dev/null $file"
            measure "inflate-$tool" "$(quickest_inflate "$tool") < $folder/stream.$tool > /dev/null"
            measure "receive-$tool" "zfs receive -u $pool/operator < $folder/stream.none"
            discard "$pool/operator"
        done
    done
}

report_import() {
    local tool ours theirs faster possible slowest shared target least stage
    for tool in "${compressions[@]}"; do
        ours=$(wall "import-$tool")
        theirs=$(wall "pipeline-$tool")
        faster=$(ratio "$theirs" "$ours")
        least=1.00
        target='not slower'
        if [[ $tool == gzip ]]; then
            least=2.00
            target='≥ 2× faster'
        fi
        row "import, $tool: wall" "$(seconds "$ours")" "$(seconds "$theirs") curl | $(inflate "$tool") | zfs receive" \
            "${faster}× faster" "$target" "$faster >= $least"

        slowest=0
        shared=0
        for stage in curl inflate receive; do
            (($(wall "$stage-$tool") <= slowest)) || slowest=$(wall "$stage-$tool")
            shared=$((shared + $(cpu "$stage-$tool")))
        done
        shared=$((shared / $(nproc)))
        possible=$slowest
        ((shared <= possible)) || possible=$shared
        faster=$(ratio "$ours" "$possible")
        if [[ $tool == gzip ]]; then
            row "import, $tool: the machine's best" "$(seconds "$ours")" \
                "$(seconds "$possible") (slowest stage $(seconds "$slowest"), CPU/cores $(seconds "$shared"))" \
                "${faster}×" '≤ 1.4×' "$faster <= 1.4"
        else
            row "import, $tool: the machine's best" "$(seconds "$ours")" \
                "$(seconds "$possible") (slowest stage $(seconds "$slowest"), CPU/cores $(seconds "$shared"))" "${faster}×" '' -
        fi
        row "import, $tool: CPU" "$(seconds "$(cpu "import-$tool")")" "$(seconds "$(cpu "pipeline-$tool")")" \
            "$(ratio "$(cpu "import-$tool")" "$(cpu "pipeline-$tool")")×" '' -
        row "import, $tool: peak memory" "$(mib "$(peak "import-$tool")")" '' '' '≤ 64 MiB' "$(peak "import-$tool") <= 65536"
    done
    for stage in curl inflate receive; do
        row "  alone: $stage (gzip)" '' "$(seconds "$(wall "$stage-gzip")"), CPU $(seconds "$(cpu "$stage-gzip")")" '' '' -
    done
}
