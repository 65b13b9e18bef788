# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Images of volumes.

test_zvol_install_and_clone() {
    volume_chain
    status 0 imgadm install -m base.json -f base.gz
    is_image "$base"
    [[ $(zfs get -H -o value type "$pool/$base") == volume ]]
    zfs clone "$pool/$base@final" "$pool/$(uuid)-disk0"
    [[ $(volume_sum "$(zfs list -H -o name -t volume | grep -e -disk0)") == "$base_sum" ]]
}

test_zvol_incremental() {
    volume_chain
    status 0 imgadm install -m base.json -f base.gz
    status 0 imgadm install -m child.json -f child.gz
    is_image "$base"
    is_image "$child"
    [[ $(zfs get -H -o value origin "$pool/$child") == "$pool/$base@final" ]]
    zfs clone "$pool/$child@final" "$pool/vm"
    [[ $(volume_sum "$pool/vm") == "$child_sum" ]]
}

test_zvol_list_get_and_delete() {
    local vm
    installed_volume
    vm=$(uuid)
    zfs clone "$pool/$base@final" "$pool/$vm-disk0"
    status 0 imgadm list -H -o uuid,name,type,clones
    grep -qxE "$base +volume +zvol +1" out
    [[ $(wc -l < out) == 1 ]]
    status 0 imgadm get -r "$base"
    grep -q "\"$pool/$vm-disk0\"" out
    status 1 imgadm delete "$base"
    grep -q '(ImageHasDependentClones)' err
    is_image "$base"
    zfs destroy "$pool/$vm-disk0"
    udevadm settle -t 10
    status 0 imgadm delete "$base"
    grep -qxF "Deleted image $base" out
    is_gone "$base"
}

test_zvol_import_chain() {
    volume_chain
    mkdir -p server/images
    mv base.json "server/images/$base.json"
    mv base.gz "server/images/$base.file"
    mv child.json "server/images/$child.json"
    mv child.gz "server/images/$child.file"
    serve
    status 0 imgadm import -S "$url" "$child"
    is_image "$base"
    is_image "$child"
    zfs clone "$pool/$child@final" "$pool/vm"
    [[ $(volume_sum "$pool/vm") == "$child_sum" ]]
}

# Disks become images, whole and as an increment, and come back out of what is installed of them.
test_disks_become_images() {
    local kind id
    disk whole.raw $(((6 << 20) + 700)) "a disk"
    cp --sparse=always whole.raw part.raw
    words 24K changed | put part.raw $((9 * 8192))
    head -c 8192 /dev/zero | put part.raw 0
    truncate -s 7000001 part.raw
    status 0 imgadm convert -q -c gzip -o whole whole.raw name=disk version=1 os=linux
    status 0 imgadm convert -q -c zstd -o part --origin whole.imgmanifest part.raw name=disk version=2 os=linux
    gzip -dc whole.zvol.gz > stream
    no_wrong_checksum stream
    zstd -dcq part.zvol.zst > stream
    no_wrong_checksum stream
    for kind in whole part; do
        status 0 imgadm install -q -m $kind.imgmanifest -f "$(echo $kind.zvol.*)"
        id=$(sed -n 's/^  "uuid": "\(.*\)",$/\1/p' $kind.imgmanifest)
        is_image "$id"
        zfs clone "$pool/$id@final" "$pool/of-$kind"
        volume_is "$pool/of-$kind" $kind.raw
        status 0 imgadm export -q -o $kind-back.raw "$id"
        cmp $kind-back.raw "/dev/zvol/$pool/of-$kind"
        # What ZFS sends of an image is read without it, too.
        zfs send -Lec "$pool/$id@final" > sent
        status 0 imgadm export -q -o sent.raw sent
        cmp sent.raw $kind-back.raw
        rm sent.raw
    done
}
