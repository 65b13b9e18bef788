# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# An installed image of six layers goes to a registry on loopback, against what an operator would type: tar of each layer's files
# in the dataset, skopeo of the archives. What skopeo takes that has the archives ready, or packed already, is told, too. All pack
# by gzip. Needs the payload of the layers.

# push_payload FOLDER: the layers unpacked, as skopeo has them in a folder
push_payload() {
    skopeo copy -q --dest-decompress "oci:$1/layout:image" "dir:$disk/plain"
}

# empty_registry: it has nothing any more (it keeps nothing in memory)
empty_registry() { rm -rf "$disk/registry/docker"; }

bench_push() {
    local folder=$1 round image number copy='skopeo copy -q --dest-tls-verify=false'
    imgadm import -q "$registry_host/bench/layers:1" > /dev/null
    image=$(imgadm list -Ho uuid type=docker clones=0)
    for ((number = 0; number < layers_count; number++)); do sed 's,^/,,' "$folder/files$number" > "$disk/names$number"; done
    printf 'bench: push: %d rounds\n' "$rounds" >&2
    for ((round = 0; round < rounds; round++)); do
        empty_registry
        measure push-imgadm "imgadm push -q $image $registry_host/bench/ours:1"
        measure push-again "imgadm push -q $image $registry_host/bench/ours:1"
        empty_registry
        measure push-tar "m=\$(zfs get -H -o value mountpoint $pool/$image) &&
            for number in {0..$((layers_count - 1))}; do tar -cf $disk/layer.tar -C \$m/root -T $disk/names\$number || exit; done"
        rm -f "$disk/layer.tar"
        measure push-skopeo "$copy dir:$disk/plain docker://$registry_host/bench/theirs:1"
        empty_registry
        measure push-packed "$copy oci:$folder/layout:image docker://$registry_host/bench/theirs:1"
    done
    forget_layers
}

report_push() {
    local ours theirs faster
    ours=$(wall push-imgadm)
    theirs=$(($(wall push-tar) + $(wall push-skopeo)))
    faster=$(ratio "$theirs" "$ours")
    row 'push of six layers: wall' "$(seconds "$ours")" "$(seconds "$theirs") tar, skopeo copy" "${faster}× faster" \
        'not slower' "$faster >= 0.98"
    theirs=$(wall push-skopeo)
    faster=$(ratio "$theirs" "$ours")
    row '' '' "$(seconds "$theirs") skopeo copy of archives" "${faster}× faster" 'not slower' "$faster >= 0.98"
    row 'push of six layers: CPU' "$(seconds "$(cpu push-imgadm)")" "$(seconds "$(cpu push-skopeo)") skopeo" \
        "$(ratio "$(cpu push-imgadm)" "$(cpu push-skopeo)")×" '' -
    row 'push of six layers: peak memory' "$(mib "$(peak push-imgadm)")" "$(mib "$(peak push-skopeo)") skopeo" '' '' -
    row '' '' "$(seconds "$(wall push-packed)") skopeo copy of what is packed" '' '' -
    row 'push of what is there' "$(seconds "$(wall push-again)")" '' '' '' -
}
