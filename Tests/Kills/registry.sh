# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # $registry and $children are for the script that sources this, $work is its

# start_registry: docker-registry with an image of three layers; sets $registry
start_registry() {
    local tries number
    cat > "$work/registry.yml" <<CONFIG
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "127.0.0.1:0"}
CONFIG
    docker-registry serve "$work/registry.yml" > /dev/null 2> "$work/registry.log" &
    children+=($!)
    umoci init --layout "$work/layout"
    umoci new --image "$work/layout:image"
    for number in 1 2 3; do
        mkdir -p "$work/layer$number/dir$number"
        head -c 100000 /dev/urandom > "$work/layer$number/dir$number/noise"
        seq 20000 > "$work/layer$number/dir$number/numbers"
        umoci insert --image "$work/layout:image" "$work/layer$number" / > /dev/null 2>&1
    done
    for ((tries = 0; tries < 400; tries++)); do
        registry=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
        [[ -z $registry ]] || break
        sleep 0.05
    done
    skopeo copy -q --dest-tls-verify=false "oci:$work/layout:image" "docker://$registry/kills/image:1"
}
