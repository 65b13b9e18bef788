# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Images made of VMs.

test_create_of_a_kvm_vm_is_of_its_first_disk() {
    local vm id sum
    installed_volume
    vm=$(uuid)
    zfs create "$pool/$vm"
    zfs clone "$pool/$base@final" "$pool/$vm-disk0"
    write_volume "$pool/$vm-disk0" "what the VM wrote"
    sum=$(volume_sum "$pool/$vm-disk0")
    machine "$vm" kvm stopped "$pool/$vm" "$base" "$pool/$vm-disk0"
    status 0 imgadm create -i -c gzip -o made "$vm" name=web version=1
    grep -qxF "Inheriting from origin image $base (volume 1.0.0)" out
    [[ -s made.zvol.gz ]]
    grep -q '"brand": "kvm"' made.imgmanifest
    grep -q '"image_size": 32' made.imgmanifest
    [[ -z $(zfs list -H -o name -t snapshot -r "$pool/$vm-disk0" "$pool/$vm") ]]
    status 0 imgadm install -m made.imgmanifest -f made.zvol.gz
    id=$(sed -n 's/^  "uuid": "\(.*\)",$/\1/p' made.imgmanifest)
    is_image "$id"
    zfs clone "$pool/$id@final" "$pool/again"
    [[ $(volume_sum "$pool/again") == "$sum" ]]
}

test_create_of_a_bhyve_vm_with_a_script_and_a_quota() {
    local vm sum before
    installed_volume
    vm=$(uuid)
    zfs create -o quota=64M "$pool/$vm"
    zfs clone "$pool/$base@final" "$pool/$vm/disk0"
    echo before > "/tmp/platform/$pool/$vm/state"
    sum=$(volume_sum "$pool/$vm/disk0")
    before=$(folder_sum "/tmp/platform/$pool/$vm")
    machine "$vm" bhyve running "$pool/$vm" "$base" "$pool/$vm/disk0"
    cat > script <<SCRIPT
mdata-put prepare-image:state running
zfs get -H -o value quota $pool/$vm > $work/quota
yes prepared | head -c 1M > /dev/zvol/$pool/$vm/disk0
echo after > /tmp/platform/$pool/$vm/state
mdata-put prepare-image:state success
SCRIPT
    udevadm settle -t 20
    status 0 imgadm create -s script -c zstd -o made "$vm" name=web version=1
    grep -qxF "Restarting VM $vm (cleanup)" out
    [[ $(cat quota) == none && $(zfs get -H -o value quota "$pool/$vm") == 64M ]]
    [[ $(volume_sum "$pool/$vm/disk0") == "$sum" ]]
    [[ $(folder_sum "/tmp/platform/$pool/$vm") == "$before" ]]
    [[ -z $(zfs list -H -o name -t snapshot -r "$pool/$vm") && $(cat vm/state) == running && ! -e vm/script ]]
    grep -q '"bootrom": "uefi"' made.imgmanifest
    zstd -dc made.zvol.zst | zfs receive "$pool/again"
    volume_device "$pool/again"
    [[ $(head -c 8 "/dev/zvol/$pool/again") == prepared ]]
}

test_create_of_a_volume_without_a_manager() {
    local vm id sum
    vm=$(uuid)
    zfs create -V 32M "$pool/$vm"
    write_volume "$pool/$vm" "what a disk holds"
    sum=$(volume_sum "$pool/$vm")
    local fields=(name=disk version=1 type=zvol os=linux image_size=32 disk_driver=virtio nic_driver=virtio cpu_type=host)
    exec 8< "/dev/zvol/$pool/$vm"
    status 1 imgadm create -o made "$vm" "${fields[@]}"
    grep -qF '(VmNotStopped)' err
    exec 8<&-
    echo true > script
    status 2 imgadm create -s script -o made "$vm" "${fields[@]}"
    grep -qF 'is a disk' err
    status 1 imgadm create -o made "$vm" name=disk version=1 type=lx-dataset os=linux
    grep -qF 'is a volume' err
    [[ -z $(zfs list -H -o name -t snapshot -r "$pool/$vm") && ! -e made.imgmanifest ]]
    status 0 imgadm create -c zstd -o made "$vm" "${fields[@]}"
    id=$(sed -n 's/^  "uuid": "\(.*\)",$/\1/p' made.imgmanifest)
    status 0 imgadm install -m made.imgmanifest -f made.zvol.zst
    is_image "$id"
    zfs clone "$pool/$id@final" "$pool/again"
    [[ $(volume_sum "$pool/again") == "$sum" ]]
}
