# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# Import of a docker image of six layers, 450 MB unpacked, from a registry on loopback: against skopeo and umoci, and against
# skopeo and tar. Both put the files where imgadm puts them: on a dataset of the pool.

layers_count=6

# layers_payload FOLDER: makes FOLDER/layout, an OCI layout with the image, if it is not there
layers_payload() {
    local folder=$1 number list
    [[ ! -e $folder/layout ]] || return 0
    printf 'bench: making an image of %d layers (once)\n' "$layers_count" >&2
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    # Shuffled, so that each layer has files of every kind.
    find /usr/bin /usr/lib /usr/share -xdev -type f -size -20480k -printf '%s %p\n' |
        sort -R --random-source=/dev/zero |
        awk -v most=450000000 -v each=$((450000000 / layers_count + 1)) -v folder="$folder.new" \
            '(sum += $1) <= most { sub(/^[0-9]+ /, ""); print > (folder "/files" int(sum / each)) }'
    (
        cd "$folder.new" || exit
        umoci init --layout layout
        umoci new --image layout:image
        for ((number = 0; number < layers_count; number++)); do
            list=$(mktemp -d)
            tar --create --files-from "files$number" --file - 2>/dev/null | tar --extract --directory "$list"
            umoci insert --image layout:image "$list" / > /dev/null 2>&1
            rm -rf "$list"
        done
    )
    rm -rf "$folder"
    mv "$folder.new" "$folder"
}

# serve_registry: a registry on loopback, of what is in $disk/registry; sets $registry_host
serve_registry() {
    local tries
    cat > "$work/registry.yml" <<CONFIG
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $disk/registry}}
http: {addr: "127.0.0.1:0"}
CONFIG
    : > "$work/registry.log"
    docker-registry serve "$work/registry.yml" > /dev/null 2>> "$work/registry.log" &
    server=$!
    for ((tries = 0; tries < 200; tries++)); do
        registry_host=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
        [[ -z $registry_host ]] || break
        sleep 0.05
    done
}

# put_layers FOLDER: the image goes there
put_layers() { skopeo copy -q --dest-tls-verify=false "oci:$1/layout:image" "docker://$registry_host/bench/layers:1"; }

# forget_layers: the topmost first, as each is what the one above was cloned from
forget_layers() {
    local uuid
    while uuid=$(imgadm list -Ho uuid type=docker clones=0 | head -n 1) && [[ -n $uuid ]]; do
        imgadm delete "$uuid" > /dev/null
    done
}

bench_layers() {
    local round reference=$registry_host/bench/layers:1 copy unpack
    copy="skopeo copy -q --src-tls-verify=false docker://$reference"
    unpack="mkdir \$m/root && tr '{,' '\\n\\n' < $disk/dir/manifest.json | sed -n 's/.*\"digest\":\"sha256:\\([0-9a-f]*\\)\".*/\\1/p' |
        sed 1d | while read -r blob; do tar -xf $disk/dir/\$blob -C \$m/root 2>/dev/null || [ \$? = 2 ]; done"
    printf 'bench: layers: %d rounds\n' "$rounds" >&2
    for ((round = 0; round < rounds; round++)); do
        measure layers-imgadm "imgadm import -q $reference"
        forget_layers
        measure layers-umoci "$copy oci:$disk/layout:image && zfs create $pool/operator &&
            m=\$(zfs get -H -o value mountpoint $pool/operator) && umoci unpack --image $disk/layout:image \$m/bundle"
        discard "$pool/operator"
        rm -rf "$disk/layout"
        measure layers-tar "$copy dir:$disk/dir && zfs create $pool/operator &&
            m=\$(zfs get -H -o value mountpoint $pool/operator) && $unpack"
        discard "$pool/operator"
        rm -rf "$disk/dir"
    done
}

report_layers() {
    local ours other tool faster
    ours=$(wall layers-imgadm)
    for tool in umoci tar; do
        other=$(wall "layers-$tool")
        faster=$(ratio "$other" "$ours")
        if [[ $tool == umoci ]]; then
            row "six layers: wall" "$(seconds "$ours")" "$(seconds "$other") skopeo copy, umoci unpack" "${faster}× faster" \
                '≥ 2× faster' "$faster >= 2"
        else
            row "six layers: wall" "$(seconds "$ours")" "$(seconds "$other") skopeo copy, tar" "${faster}× faster" '' -
        fi
        row "six layers: CPU" "$(seconds "$(cpu layers-imgadm)")" "$(seconds "$(cpu "layers-$tool")") $tool" \
            "$(ratio "$(cpu layers-imgadm)" "$(cpu "layers-$tool")")×" '' -
    done
    row "six layers: peak memory" "$(mib "$(peak layers-imgadm)")" '' '' '≤ 128 MiB' "$(peak layers-imgadm) <= 131072"
}
