# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # variables of world.sh and content.sh; $command is for the script that sources this
# What others have put into a registry, and what goes there. (See scenarios.sh.)

artifact_begin() {
    make_content
    start_registry
    zstd -q -f -o "$work/disk.raw.zst" "$work/disk.raw"
    put_artifact kills/disk 1 "$work/disk.raw.zst" application/vnd.kubevirt.disk.raw+zstd
}
artifact_ready() {
    forget
    command=(imgadm import -q "oci:$registry/kills/disk:1")
}
artifact_right() { is_disk; }

# A layer below the disk, and one on top of it.
container_begin() {
    local folder
    make_content
    start_registry
    mkdir -p "$work/layer-below/etc" "$work/layer-disk/disk" "$work/layer-above/etc"
    seq 30000 > "$work/layer-below/etc/numbers"
    cp "$work/www/web-1.0.qcow2" "$work/layer-disk/disk/web.qcow2"
    echo above > "$work/layer-above/etc/above"
    umoci new --image "$work/layout:container"
    for folder in below disk above; do
        umoci insert --image "$work/layout:container" "$work/layer-$folder" / > /dev/null 2>&1
    done
    skopeo copy -q --dest-tls-verify=false "oci:$work/layout:container" "docker://$registry/kills/container:1"
}
container_ready() {
    forget
    command=(imgadm import -q "oci:$registry/kills/container:1")
}
container_right() { is_disk; }

# pushed_anew NAME: the registry without what was pushed as NAME, whose manifest is kept the first time
pushed_anew() {
    registry_manifest "kills/$1" 1 > "$work/manifest" 2> /dev/null || true
    first "$1" "$work/manifest"
    forget_repository "kills/$1"
}

# pushed NAME: it is there, whole, and what the undisturbed run has pushed
pushed() {
    registry_whole "kills/$1" 1 || return 1
    is_first "$1" "$work/manifest"
}

# Three layers.
push_begin() { start_registry; }
push_ready() {
    forget
    pushed_anew push
    imgadm import -q "$registry/kills/image:1" > /dev/null
    command=(imgadm push -q "$(imgadm list -Ho uuid clones=0)" "$registry/kills/push:1")
}
push_right() { pushed push; }

diskpush_begin() {
    make_content
    start_registry
}
diskpush_ready() {
    forget
    pushed_anew diskpush
    # What is pushed says when the image was published.
    imgadm import -q "$work/www/web-1.0.qcow2" published_at=2026-01-02T03:04:05.000Z > /dev/null
    command=(imgadm push -q web "$registry/kills/diskpush:1")
}
diskpush_right() { pushed diskpush; }

# An image of an image server's, into a repository without one.
repository_begin() {
    start_registry
    publish_begin
}
repository_ready() {
    forget
    forget_repository kills/repository
    command=(imgadm publish -q -m "$work/published.json" -f "$work/files/$base.file" "oci://$registry/kills/repository")
}
repository_right() {
    local tag
    for tag in "$published" step0-1.0.0; do
        registry_whole kills/repository "$tag" || return 1
        cp "$work/manifest" "$work/manifest-$tag"
    done
    cmp "$work/manifest-$published" "$work/manifest-step0-1.0.0" || return 1
    curl -sSf -H "Accept: application/vnd.oci.image.index.v1+json" "http://$registry/v2/kills/repository/manifests/index" \
        > "$work/index" || return 1
    grep -q "sha256:$(sha256sum < "$work/manifest" | cut -d ' ' -f 1)" "$work/index" || { echo 'not in the index'; return 1; }
}
