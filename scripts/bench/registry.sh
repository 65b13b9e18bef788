# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# A registry with 5,000 images: the start of the image server on it, up to its first list, and the lists of hosts that read it
# themselves. Needs uuids and manifests.

registry_images=${REGISTRY_IMAGES:-5000}

# sums FOLDER: a line "NAME DIGITS" for each file in it
sums() { (cd "$1" && find . -type f -printf '%P\0' | xargs -0 sha256sum | awk '{ print $2, $1 }'); }

# blobs FOLDER STORAGE: what is in it becomes blobs; on stdout as above
blobs() {
    local name digits text
    sums "$1" > "$1.sums"
    awk -v storage="$2" '{ print storage "/blobs/sha256/" substr($2, 1, 2) "/" $2 }' "$1.sums" | xargs mkdir -p
    # A process for each of them would take longer than all the rest.
    while read -r name digits; do
        IFS= read -r -d '' text < "$1/$name" || true
        printf '%s' "$text" > "$2/blobs/sha256/${digits:0:2}/$digits/data"
    done < "$1.sums"
    cat "$1.sums"
}

# link_all FOLDER LINES: of each line "PATH DIGITS" a file below it that says which digest is meant, as docker-registry has them
link_all() {
    local path digits
    while read -r path digits; do printf '%s\0' "$1/$path"; done < "$2" | xargs -0 mkdir -p
    while read -r path digits; do printf 'sha256:%s' "$digits" > "$1/$path/link"; done < "$2"
}

# registry_payload FOLDER: the storage of a docker-registry with the images in bench/images. Written as it lies there: to publish them
# one by one takes minutes.
registry_payload() {
    local storage=$1/docker/registry/v2 made=$work/made-registry uuid manifest
    printf 'bench: making a registry with %d images\n' "$registry_images" >&2
    mkdir -p "$made"/{config,file,manifest}
    echo stream > "$made/file/file"
    while IFS=$'\t' read -r uuid manifest; do
        printf '%s' "$manifest" > "$made/config/$uuid"
    done < <(uuids "$registry_images" | manifests)
    find "$made/config" -type f -printf '%f %s\n' | sort > "$made/sizes"
    blobs "$made/config" "$storage" | sort > "$made/configs"
    blobs "$made/file" "$storage" > "$made/files"
    join "$made/configs" "$made/sizes" | awk -v folder="$made/manifest" -v file="$(cut -d ' ' -f 2 "$made/files")" '{
        path = folder "/" $1
        printf "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"artifactType\":\"application/vnd.imgadm.image.v1\"," > path
        printf "\"config\":{\"mediaType\":\"application/vnd.imgadm.image.manifest.v1+json\",\"digest\":\"sha256:%s\",\"size\":%d},", $2, $3 > path
        printf "\"layers\":[{\"mediaType\":\"application/vnd.imgadm.image.file.v1\",\"digest\":\"sha256:%s\",\"size\":7}]}", file > path
        close(path) }'
    blobs "$made/manifest" "$storage" > "$made/manifests"
    {
        awk '{ print "_layers/sha256/" $2, $2 }' "$made/configs" "$made/files"
        awk '{ print "_manifests/revisions/sha256/" $2, $2; print "_manifests/tags/" $1 "/current", $2
            print "_manifests/tags/" $1 "/index/sha256/" $2, $2 }' "$made/manifests"
    } > "$made/links"
    link_all "$storage/repositories/bench/images" "$made/links"
    rm -rf "$made"
}

# server_start: the server, up to its first list; as commands of a shell, with which it ends
server_start() {
    printf '%s' ": > $work/started
        imgapi-server --registry $registry_host/bench/images --listen 127.0.0.1:0 > $work/started 2> $work/started.log & server=\$!
        trap 'kill \$server; wait \$server' EXIT
        until grep -q '^listening' $work/started; do kill -0 \$server || exit 1; sleep 0.02; done
        curl -sSf -o $work/listed \$(sed -n 's/^listening on \\(http:[^ ]*\\).*/\\1/p' $work/started)/images || exit 1"
}

# first_start: a server that finds no index, up to its first list; and the index that it makes
first_start() {
    local indexed="curl -sf -o /dev/null -H 'Accept: application/vnd.oci.image.index.v1+json' http://$registry_host/v2/bench/images/manifests/index"
    measure registry-first "$(server_start)
        date +%s%N > $work/first-list
        until $indexed; do kill -0 \$server || exit 1; sleep 0.2; done"
}

# check_listed: the server has listed all of them
check_listed() {
    local listed
    listed=$(grep -o '"v":' "$work/listed" | wc -l)
    rm "$work/listed"
    ((listed == registry_images)) || { printf 'bench: the server lists %d images\n' "$listed" >&2; return 1; }
}

bench_registry() {
    local round root=$work/registry-root listed began
    began=$(date +%s%N)
    first_start
    check_listed
    registry_first=$((($(< "$work/first-list") - began) / 1000))
    mkdir -p "$root/var/imgadm"
    printf '{"sources":[{"type":"oci","url":"http://%s/bench/images"}],"upgradedToVer":"3.0.0"}\n' "$registry_host" > "$root/var/imgadm/imgadm.conf"
    printf 'bench: a server and lists: %d rounds\n' "$rounds" >&2
    for ((round = 0; round < rounds; round++)); do
        measure registry-start "$(server_start)"
        check_listed
        rm -rf "$root/var/cache"
        measure registry-fetched "IMGADM_ROOT=$root imgadm avail"
        measure registry-kept "IMGADM_ROOT=$root imgadm avail"
    done
    listed=$(IMGADM_ROOT=$root imgadm avail -H | wc -l)
    ((listed == registry_images)) || { printf 'bench: avail lists %d images\n' "$listed" >&2; return 1; }
}

report_registry() {
    row "server on a registry of $registry_images images: first list" "$(seconds "$(wall registry-start)")" \
        "$(seconds "$registry_first") without an index" '' '≤ 5 s' "$(wall registry-start) <= 5000000"
    row 'the same: peak memory' "$(mib "$(peak registry-start)")" '' '' '≤ 256 MiB' "$(peak registry-start) <= 262144"
    row "avail, a registry of $registry_images images" "$(ms "$(wall registry-fetched)")" \
        "$(ms "$(wall registry-kept)") when nothing has changed" '' '' -
    row 'the same: CPU' "$(ms "$(cpu registry-fetched)")" "$(ms "$(cpu registry-kept)") when nothing has changed" '' '' -
}
