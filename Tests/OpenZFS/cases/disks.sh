# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Disks in the formats that people have, imported on the machine, and read back through the block device. The host has made them
# (run.sh).

test_disks_of_every_format() {
    local file id name count=0
    cp "$here"/disks/disk.raw .
    for file in "$here"/disks/*-1.*; do
        name=$(basename "$file")
        cp "$file" .
        status 0 imgadm import -q "./$name" "name=${name%%.*}"
        rm "$name"
        id=$(imgadm list -Ho uuid "name=${name%%.*}")
        is_image "$id"
        zfs clone "$pool/$id@final" "$pool/vm"
        volume_device "$pool/vm"
        cmp -n $((128 << 20)) "/dev/zvol/$pool/vm" disk.raw
        # What the table and the file system in it say of themselves.
        sfdisk --verify "/dev/zvol/$pool/vm" 2>&1 | grep -q 'No errors detected'
        udevadm settle -t 20
        e2fsck -fn "/dev/zvol/$pool/vm-part1"
        destroy_volume "$pool/vm"
        status 0 imgadm delete "$id"
        count=$((count + 1))
    done
    ((count == 9))
    echo "$count disks" > counted
}

# From a server that knows ranges; what it sends is checked by the list beside it, and a wrong one leaves nothing.
test_disk_of_a_server() {
    local id tries web
    mkdir web
    cp "$here/disks/deflate-1.qcow2" web/
    (cd web && sha256sum deflate-1.qcow2 > SHA256SUMS)
    busybox httpd -f -p 127.0.0.1:8099 -h web &
    web=$!
    for ((tries = 0; tries < 100; tries++)); do
        if (: < /dev/tcp/127.0.0.1/8099) 2> /dev/null; then break; fi
        sleep 0.1
    done
    status 0 imgadm import -q --verify checksum http://127.0.0.1:8099/deflate-1.qcow2 name=web
    id=$(imgadm list -Ho uuid name=web)
    is_image "$id"
    volume_device "$pool/$id"
    cmp -n $((128 << 20)) "/dev/zvol/$pool/$id" "$here/disks/disk.raw"
    status 0 imgadm export -q -o again.qcow2 "$id"
    udevadm settle -t 10
    status 0 imgadm delete "$id"
    status 0 imgadm import -q ./again.qcow2 name=again version=1
    id=$(imgadm list -Ho uuid name=again)
    volume_device "$pool/$id"
    cmp -n $((128 << 20)) "/dev/zvol/$pool/$id" "$here/disks/disk.raw"
    udevadm settle -t 10
    status 0 imgadm delete "$id"
    sed -i 's/^..../0000/' web/SHA256SUMS
    status 1 imgadm import -q http://127.0.0.1:8099/deflate-1.qcow2 name=web
    kill "$web"
    [[ $(zfs list -Hr -d 1 -o name "$pool") == "$pool" ]]
}

# The tree of an archive, with what only root makes: attributes, devices, holes.
test_root_file_system_is_imported() {
    local id r
    zfs create "$pool/src"
    r=$(zfs get -H -o value mountpoint "$pool/src")
    mkdir "$r/etc" "$r/dev"
    printf 'ID=tree\nVERSION_ID=3\n' > "$r/etc/os-release"
    echo hello > "$r/etc/hello"
    ln "$r/etc/hello" "$r/etc/again"
    ln -s hello "$r/etc/link"
    chown 12:34 "$r/etc/hello"
    chmod 4751 "$r/etc/hello"
    mknod "$r/dev/null" c 1 3
    truncate -s 8M "$r/hole"
    setfattr -n user.note -v here "$r/etc/os-release"
    tar -C "$r" --xattrs --sort=name -cSf tree.tar .
    status 0 imgadm import -q ./tree.tar
    id=$(imgadm list -Ho uuid name=tree-3)
    is_image "$id"
    zfs clone "$pool/$id@final" "$pool/vm"
    [[ $(folder_sum "$(zfs get -H -o value mountpoint "$pool/vm")/root") == "$(folder_sum "$r")" ]]
    [[ $(getfattr --only-values -n user.note "$(zfs get -H -o value mountpoint "$pool/vm")/root/etc/os-release") == here ]]
}
