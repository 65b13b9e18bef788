# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # $registry and $children are for the script that sources this, $work is its

manifest_type=application/vnd.oci.image.manifest.v1+json

# start_registry: docker-registry with an image of three layers, once; sets $registry
start_registry() {
    local tries number
    [[ -z $registry ]] || return 0
    cat > "$work/registry.yml" <<CONFIG
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "127.0.0.1:0"}
CONFIG
    : > "$work/registry.log"
    docker-registry serve "$work/registry.yml" > /dev/null 2>> "$work/registry.log" &
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

# put_blob REPOSITORY FILE: prints its digest
put_blob() {
    local digest place
    digest=sha256:$(sha256sum < "$2" | cut -d ' ' -f 1)
    place=$(curl -sSf -X POST -D - -o /dev/null "http://$registry/v2/$1/blobs/uploads/" | tr -d '\r' |
        sed -n 's/^[Ll]ocation: //p')
    curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" "$place&digest=$digest"
    echo "$digest"
}

# put_artifact REPOSITORY TAG FILE TYPE: an artifact with one file
put_artifact() {
    local config blob
    printf '{}' > "$work/empty.json"
    config=$(put_blob "$1" "$work/empty.json")
    blob=$(put_blob "$1" "$3")
    curl -sSf -o /dev/null -X PUT -H "Content-Type: $manifest_type" --data-binary @- \
        "http://$registry/v2/$1/manifests/$2" <<MANIFEST
{"schemaVersion": 2, "mediaType": "$manifest_type", "artifactType": "$4",
 "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "$config", "size": 2},
 "layers": [{"mediaType": "$4", "digest": "$blob", "size": $(stat -c %s "$3")}]}
MANIFEST
}

# registry_manifest REPOSITORY TAG: on stdout
registry_manifest() { curl -sSf -H "Accept: $manifest_type" "http://$registry/v2/$1/manifests/$2"; }

# registry_whole REPOSITORY TAG: says so unless the tag is there, and all that its manifest, left in $work/manifest, names
registry_whole() {
    local digest
    registry_manifest "$1" "$2" > "$work/manifest" || { echo "the registry has no tag $2"; return 1; }
    while read -r digest; do
        [[ $(curl -sSf "http://$registry/v2/$1/blobs/$digest" | sha256sum) == "${digest#sha256:}  -" ]] ||
            { echo "the registry has no blob $digest"; return 1; }
    done < <(grep -o 'sha256:[0-9a-f]\{64\}' "$work/manifest" | sort -u)
}

# forget_repository REPOSITORY: the registry has nothing of it (it keeps nothing in memory)
forget_repository() { rm -rf "$work/registry/docker/registry/v2/repositories/$1"; }
