# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# Import from a server that gives each connection 5 MB a second, against the pipeline an
# operator would type. Needs what bench_import needs, and serve_by_nginx.

# bench_slow: the image server of the payload stands behind nginx
bench_slow() {
    local round times=$(((rounds + 1) / 2)) uuid=${image[gzip]} direct=$url
    serve_by_nginx "$work/server" "location / { proxy_pass $direct; proxy_max_temp_file_size 0; limit_rate 5m; }"
    imgadm sources -f -a "$nginx_url" > /dev/null
    imgadm sources -d "$direct" > /dev/null
    for ((round = 0; round < times; round++)); do
        printf 'bench: import, slow connections: round %d of %d\n' $((round + 1)) "$times" >&2
        measure slow-import "imgadm import -q $uuid"
        forget "$uuid"
        measure slow-pipeline "curl -sSf $nginx_url/images/$uuid/file | gzip -dc | zfs receive -u $pool/operator"
        discard "$pool/operator"
    done
    imgadm sources -f -a "$direct" > /dev/null
    imgadm sources -d "$nginx_url" > /dev/null
    stop_nginx
}

report_slow() {
    local ours theirs faster
    ours=$(wall slow-import)
    theirs=$(wall slow-pipeline)
    faster=$(ratio "$theirs" "$ours")
    row 'import, 5 MB/s a connection: wall' "$(seconds "$ours")" "$(seconds "$theirs") curl | gzip -dc | zfs receive" \
        "${faster}× faster" '≥ 3× faster' "$faster >= 3"
    row 'import, 5 MB/s a connection: peak memory' "$(mib "$(peak slow-import)")" '' '' '≤ 64 MiB' "$(peak slow-import) <= 65536"
}
