# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# An installed image of six layers goes to a registry on loopback, against skopeo, which has the same layers ready as archives. Both
# pack them by gzip; what skopeo takes that has them packed already is told, too. Needs the payload of the layers.

# push_payload FOLDER: the layers unpacked, as skopeo has them in a folder
push_payload() {
    skopeo copy -q --dest-decompress "oci:$1/layout:image" "dir:$disk/plain"
}

# empty_registry: it has nothing any more (it keeps nothing in memory)
empty_registry() { rm -rf "$disk/registry/docker"; }

bench_push() {
    local folder=$1 round image copy='skopeo copy -q --dest-tls-verify=false'
    imgadm import -q "$registry_host/bench/layers:1" > /dev/null
    image=$(imgadm list -Ho uuid type=docker clones=0)
    printf 'bench: push: %d rounds\n' "$rounds" >&2
    for ((round = 0; round < rounds; round++)); do
        empty_registry
        measure push-imgadm "imgadm push -q $image $registry_host/bench/ours:1"
        measure push-again "imgadm push -q $image $registry_host/bench/ours:1"
        empty_registry
        measure push-skopeo "$copy dir:$disk/plain docker://$registry_host/bench/theirs:1"
        empty_registry
        measure push-packed "$copy oci:$folder/layout:image docker://$registry_host/bench/theirs:1"
    done
    forget_layers
}

report_push() {
    local ours theirs faster
    ours=$(wall push-imgadm)
    theirs=$(wall push-skopeo)
    faster=$(ratio "$theirs" "$ours")
    row 'push of six layers: wall' "$(seconds "$ours")" "$(seconds "$theirs") skopeo copy of archives" "${faster}× faster" \
        'not slower' "$faster >= 0.98"
    row 'push of six layers: CPU' "$(seconds "$(cpu push-imgadm)")" "$(seconds "$(cpu push-skopeo)") skopeo" \
        "$(ratio "$(cpu push-imgadm)" "$(cpu push-skopeo)")×" '' -
    row 'push of six layers: peak memory' "$(mib "$(peak push-imgadm)")" "$(mib "$(peak push-skopeo)") skopeo" '' '' -
    row '' '' "$(seconds "$(wall push-packed)") skopeo copy of what is packed" '' '' -
    row 'push of what is there' "$(seconds "$(wall push-again)")" '' '' '' -
}
