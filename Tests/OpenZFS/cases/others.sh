# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# What is not an image.

test_vm_is_not_an_image() {
    local vm
    served_chain
    imgadm import -q -S "$url" "${chain[0]}"
    vm=$(uuid)
    zfs clone "$pool/${chain[0]}@final" "$pool/$vm"
    status 0 imgadm list -H -o uuid
    diff out - <<< "${chain[0]}"
    status 3 imgadm get "$vm"
    [[ ! -s out ]]
    grep -q '(ImageNotInstalled)' err
    status 3 imgadm delete "$vm"
    zfs list "$pool/$vm"
    status 3 imgadm ancestry "$vm"
}

test_unknown_image() {
    status 3 imgadm get "$(uuid)"
    status 3 imgadm delete "$(uuid)"
    status 0 imgadm list
    [[ ! -s out ]]
}

test_a_promoted_vm_is_no_image() {
    local vm before
    installed_volume
    vm=$(uuid)
    zfs clone "$pool/$base@final" "$pool/$vm"
    write_volume "$pool/$vm" "years of work"
    zfs promote "$pool/$vm"
    # The image is a clone of the VM now.
    status 1 imgadm delete "$vm"
    grep -qF ImageHasDependentClones err
    zfs destroy "$pool/$base"
    before=$(face "$vm")
    status 1 imgadm delete "$vm"
    grep -qF NotAnImage err
    imgadm vacuum -f
    imgadm check --repair || true
    unchanged "$vm" "$before"
    [[ $(head -c 5 "/dev/zvol/$pool/$vm") == years ]]
}

# Where there is no room even to rename, a deletion makes some.
test_a_full_pool_can_be_emptied() {
    local small=${pool}small
    installed_file_system
    truncate -s 100M small.img
    zpool create -f -o cachefile=none -m "/tmp/platform/$small" "$small" "$PWD/small.img"
    status 0 imgadm install -q -P "$small" -m image.json -f image.gz
    dd if=/dev/urandom of="/tmp/platform/$small/fill" bs=64k 2> /dev/null || true
    dd if=/dev/urandom of="/tmp/platform/$small/more" bs=512 2> /dev/null || true
    sync
    status 0 imgadm delete -P "$small" "$id"
    [[ $(zfs list -H -r -t all -o name "$small") == "$small" ]]
    zpool destroy "$small"
}

# As long as an image is made of a VM, the VM has a snapshot @final, and is no image to anybody.
test_a_vm_of_which_an_image_is_made_is_none() {
    local vm
    installed_volume
    vm=$(uuid)
    zfs clone "$pool/$base@final" "$pool/$vm"
    zfs snapshot -o imgadm:machine=true "$pool/$vm@final"
    status 0 imgadm list -H -o uuid
    [[ $(grep -c "$vm" out) == 0 ]]
    status 3 imgadm delete "$vm"
    status 3 imgadm delete -f "$vm"
    IMGADM_ROOT=$work/other status 3 imgadm delete "$vm"
    zfs list "$pool/$vm@final" > /dev/null
}
