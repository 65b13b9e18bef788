# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Image files of every kind, installed.

test_install_filesystem() {
    local id before
    id=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@some-name"
    before=$(folder_sum "/tmp/platform/$pool/src")
    zfs send "$pool/src@some-name" | packed gzip image.gz
    manifest "$id" image.gz fs > image.json

    status 0 imgadm install -m image.json -f image.gz
    grep -qxF "Installing image $id (fs@1.0.0)" out
    grep -qxF "Installed image $id (fs@1.0.0)" out
    is_image "$id"
    zfs clone "$pool/$id@final" "$pool/vm"
    [[ $(folder_sum "/tmp/platform/$pool/vm") == "$before" ]]
}

test_install_every_compression() {
    local tool id
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    for tool in gzip bzip2 xz zstd none; do
        id=$(uuid)
        zfs send "$pool/src@final" | packed "$tool" "image.$tool"
        manifest "$id" "image.$tool" fs "compression:\"$tool\"" > image.json
        status 0 imgadm install -q -m image.json -f "image.$tool"
        is_image "$id"
    done
}

test_install_where_the_file_tells_the_compression() {
    local tool id
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    for tool in zstd xz none; do
        id=$(uuid)
        zfs send "$pool/src@final" | packed "$tool" "image.$tool"
        manifest "$id" "image.$tool" fs compression: > image.json
        status 0 imgadm install -q -m image.json -f "image.$tool"
        is_image "$id"
    done
}

test_install_compressed_and_embedded_records() {
    local id
    id=$(uuid)
    filled -o compression=lz4 -o recordsize=1M "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send -L -e -c "$pool/src@final" | packed none image
    manifest "$id" image fs 'compression:"none"' > image.json
    status 0 imgadm install -m image.json -f image
    is_image "$id"
}

test_install_layer_keeps_attributes_owners_and_devices() {
    local below above root
    below=$(uuid)
    above=$(uuid)
    mkdir -p tree/dir more
    echo one > tree/dir/file
    chown 1234:5678 tree/dir/file
    chmod 4711 tree/dir/file
    tar --format=pax --pax-option='SCHILY.xattr.user.color:=blue' -C tree -cf - . | packed zstd below.tar
    manifest "$below" below.tar layer 'type:"docker"' compression: > below.json
    status 0 imgadm install -q -m below.json -f below.tar
    is_image "$below"

    mknod more/device b 7 9
    mkfifo more/pipe
    ln -s /etc/passwd more/link
    touch more/.wh.absent
    tar --format=gnu -C more -cf - . | packed gzip above.tar
    manifest "$above" above.tar layer 'type:"docker"' compression: "origin:\"$below\"" > above.json
    status 0 imgadm install -q -m above.json -f above.tar
    is_image "$above"
    [[ $(zfs get -H -o value origin "$pool/$above") == "$pool/$below@final" ]]

    root=$(zfs get -H -o value mountpoint "$pool/$above")/root
    [[ $(stat -c '%a %u %g' "$root/dir/file") == '4711 1234 5678' ]]
    [[ $(stat -c '%F %t %T' "$root/device") == 'block special file 7 9' ]]
    [[ -p $root/pipe && $(readlink "$root/link") == /etc/passwd && ! -e $root/.wh.absent ]]
    tar --format=pax --xattrs --xattrs-include='user.*' -C "$root" -cf - dir/file | grep -aq 'SCHILY.xattr.user.color=blue'
}

test_install_wrong_checksum_leaves_nothing() {
    local id
    id=$(uuid)
    packed_file_system
    manifest "$id" image.gz fs | sed 's/"sha1": "[0-9a-f]*"/"sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709"/' > image.json
    status 1 imgadm install -m image.json -f image.gz
    grep -q '(DownloadError)' err
    is_gone "$id"
}

test_install_two_snapshots_leaves_nothing() {
    local id
    id=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@one"
    touch "/tmp/platform/$pool/src/more"
    zfs snapshot "$pool/src@two"
    zfs send -R "$pool/src@two" | packed gzip image.gz
    manifest "$id" image.gz fs > image.json
    status 1 imgadm install -m image.json -f image.gz
    grep -q '(UnexpectedNumberOfSnapshots)' err
    is_gone "$id"
}

test_install_without_origin() {
    local id origin
    id=$(uuid)
    origin=$(uuid)
    packed_file_system
    manifest "$id" image.gz fs "origin:\"$origin\"" > image.json
    status 3 imgadm install -m image.json -f image.gz
    grep -q '(OriginNotInstalled)' err
    is_gone "$id"
}

test_install_on_no_such_pool() {
    local id
    id=$(uuid)
    packed_file_system
    manifest "$id" image.gz fs > image.json
    status 1 imgadm install -P nosuchpool -m image.json -f image.gz
    grep -q nosuchpool err
    is_gone "$id"
}
