#!/bin/bash
# Time and memory of the release binary, against the tools an operator would type instead. Alternating runs, medians.
# usage: scripts/bench.sh [import] [slow] [layers] [push] [create] [disks] [files] [inventory] [streams] [server] [registry]   (default: all)
#
# ROUNDS=N sets the runs of each (default 5). The payload stays in ${XDG_CACHE_HOME:-~/.cache}/imgadm/bench (1 GB);
# everything else is taken down again. BENCH_BINARIES names the folder of other binaries than the release build's, BENCH_SAMPLES one
# for what is measured (scripts/bench-compare.sh). A machine that does nothing else gives figures that can be compared.
# shellcheck disable=SC2154,SC2034 # it shares its variables with the files it sources
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/imgadm/bench
rounds=${ROUNDS:-5}
parts=("$@")
((${#parts[@]} > 0)) || parts=(import slow layers push create disks files inventory streams server registry)

if [[ -z ${BENCH_BUILT-} ]]; then
    scripts/bootstrap.sh bench
    make --no-print-directory build
    # As root, it would be root's alone.
    mkdir -p "${XDG_CACHE_HOME:-$HOME/.cache}/imgadm"
    ((EUID == 0)) ||
        exec sudo env BENCH_BUILT=1 ROUNDS="$rounds" XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" "$PWD/scripts/bench.sh" "$@"
fi

for file in sandbox-pool bench/{measure,payload,import,slow,layers,push,create,disks,files,inventory,clones,streams,server,registry}; do
    # shellcheck source=/dev/null
    source "scripts/$file.sh"
done

work=''
disk=''
server=''
declare -A image=()

stop_server() {
    [[ -n $server ]] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=''
}

stop_servers() {
    stop_server
    stop_nginx
}
sandbox_ends stop_servers

# serve FOLDER: our image server; sets $url
serve() {
    local tries
    stop_server
    : > "$work/listening"
    imgapi-server --root "$1" --listen 127.0.0.1:0 > "$work/listening" 2> "$work/server.log" &
    server=$!
    for ((tries = 0; tries < 600; tries++)); do
        url=$(sed -n 's/^listening on \(http:[^ ]*\).*/\1/p' "$work/listening")
        [[ -z $url ]] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/server.log" >&2
    return 1
}

sandbox_folder work imgadm-bench
# Memory is the steadier disk, where there is plenty of it.
disk=$work
if [[ $(df -Pm /dev/shm 2>/dev/null | awk 'END { print $4 }') -ge 6000 &&
    $(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) -ge 8000 ]]; then
    sandbox_folder disk imgadm-bench /dev/shm
fi
export samples=${BENCH_SAMPLES:-$work/samples}
mkdir -p "$samples" "$work/server/images" "$work/root" "$work/many/images"
export PATH=${BENCH_BINARIES:-$PWD/.build/release}:$PATH
sandbox_pool_open bench 4G "$disk"
export IMGADM_ROOT=$work/root IMGADM_POOL=$pool

printf 'bench: %d cores, %s; ZFS: %s; pool on %s\n' "$(nproc)" \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$([[ -n $zfs_pid ]] && echo zfs-fuse || echo kernel)" "$disk" >&2
awk '$1 > 0.5 { print "bench: the load is " $1 ": what else runs here blurs the figures" }' /proc/loadavg >&2

for part in "${parts[@]}"; do
    case $part in
        import)
            payload "$cache" "$pool"
            serve_payload "$cache" "$work/server/images"
            serve "$work/server"
            imgadm sources -f -a "$url" > /dev/null
            imgadm sources -d https://images.smartos.org > /dev/null
            bench_import "$cache"
            imgadm sources -d "$url" > /dev/null
            report_import
            ;;
        slow)
            payload "$cache" "$pool"
            serve_payload "$cache" "$work/server/images"
            serve "$work/server"
            imgadm sources -f -a "$url" > /dev/null
            imgadm sources -d https://images.smartos.org > /dev/null
            bench_slow
            imgadm sources -d "$url" > /dev/null
            report_slow
            ;;
        layers)
            layers_payload "$cache/layers"
            stop_server
            serve_registry
            put_layers "$cache/layers"
            bench_layers
            stop_server
            report_layers
            rm -rf "$disk/registry"
            ;;
        push)
            layers_payload "$cache/layers"
            push_payload "$cache/layers"
            stop_server
            serve_registry
            put_layers "$cache/layers"
            bench_push "$cache/layers"
            stop_server
            report_push
            rm -rf "$disk/registry" "$disk/plain"
            ;;
        create)
            payload "$cache" "$pool"
            bench_create "$cache"
            report_create
            ;;
        disks)
            payload "$cache" "$pool"
            disks_payload "$cache/stream.none" "$disk/disks"
            bench_disks "$disk/disks"
            bench_disk_imports "$disk/disks"
            report_disks
            rm -rf "$disk/disks"
            ;;
        files)
            payload "$cache" "$pool"
            bench_files "$cache"
            report_files
            ;;
        inventory)
            bench_startup
            bench_avail "$work/many/images"
            bench_inventory
            bench_clones "$work/clones"
            report_inventory
            report_clones
            ;;
        streams)
            streams_payload "$disk/streams"
            serve_by_nginx "$disk/streams"
            bench_streams "$disk/streams"
            stop_nginx
            report_streams
            rm -rf "$disk/streams"
            ;;
        registry)
            registry_payload "$disk/registry"
            stop_server
            serve_registry
            bench_registry
            stop_server
            report_registry
            rm -rf "$disk/registry"
            ;;
        server)
            server_files=()
            server_payload "$disk/served"
            serve "$disk/served"
            serve_by_nginx "$disk/served"
            bench_server
            stop_server
            report_server
            rm -rf "$disk/served" "$disk/200MB"
            ;;
        *)
            grep '^# usage: ' scripts/bench.sh | cut -c 3- >&2
            exit 2
            ;;
    esac
done
echo
report
