# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# What a stream brings along, and streams that make no image.

test_properties_mountpoint_has_no_effect() {
    local id
    id=$(uuid)
    zfs create -o mountpoint=/tmp/platform/evil "$pool/src"
    echo evil > /tmp/platform/evil/file
    zfs snapshot "$pool/src@final"
    zfs send -p "$pool/src@final" | packed gzip image.gz
    zfs destroy -r "$pool/src"
    rm -rf /tmp/platform/evil
    manifest "$id" image.gz fs > image.json
    status 0 imgadm install -m image.json -f image.gz
    is_image "$id"
    [[ $(zfs get -H -o value mountpoint "$pool/$id") != /tmp/platform/evil ]]
    [[ ! -e /tmp/platform/evil ]]
    # nor later, when somebody mounts everything
    zfs mount -a
    [[ ! -e /tmp/platform/evil ]]
}

test_properties_cannot_hide_the_image() {
    local id
    id=$(uuid)
    zfs create -o imgadm:ignore=true "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send -p "$pool/src@final" | packed gzip image.gz
    manifest "$id" image.gz fs > image.json
    status 0 imgadm install -m image.json -f image.gz
    is_image "$id"
}

test_properties_never_reach_the_pool() {
    local id option
    zfs create -o canmount=noauto -o sharenfs=on -o sharesmb=on -o setuid=off -o devices=off -o exec=off -o quota=1G \
        -o reservation=1M -o org.example:note=evil "$pool/src"
    zfs mount "$pool/src"
    echo content > "/tmp/platform/$pool/src/file"
    zfs snapshot "$pool/src@any"
    for option in -p -R -pLec; do
        id=$(uuid)
        zfs send "$option" "$pool/src@any" | packed gzip image.gz
        manifest "$id" image.gz fs > image.json
        status 0 imgadm install -m image.json -f image.gz
        is_image "$id"
        # What it is given here keeps its files from harming the host.
        [[ -z $(zfs get -H -o property -s received all "$pool/$id") ]]
        [[ $(zfs get -H -o property,value -s local all "$pool/$id" | sort | tr '\t\n' '= ') == 'devices=off setuid=off ' ]]
        grep " /tmp/platform/$pool/$id zfs " /proc/mounts | grep nosuid | grep -q nodev
        zfs clone "$pool/$id@final" "$pool/vm"
        [[ $(zfs get -H -o value setuid,devices "$pool/vm" | tr '\n' ' ') == 'on on ' ]]
        zfs destroy "$pool/vm"
        # Nothing else for a moment, either: all that ever was done to it.
        zpool history -i "$pool" > events
        [[ $(grep "$id" events | grep -c -e share -e mountpoint -e canmount -e quota -e reservation -e example) == 0 ]]
        [[ $(cat "/tmp/platform/$pool/$id/file") == content ]]
    done
}

# no_image CODE FILE [MEMBER…]: installing it fails with that code, and leaves nothing
no_image() {
    local id code=$1 file=$2
    shift 2
    id=$(uuid)
    manifest "$id" "$file" fs 'compression:"none"' "$@" > image.json
    status 1 imgadm install -m image.json -f "$file"
    grep -q "($code)" err
    is_gone "$id"
}

test_streams_that_make_no_image() {
    filled "$pool/src"
    zfs snapshot "$pool/src@a"
    zfs clone "$pool/src@a" "$pool/public"
    echo less > "/tmp/platform/$pool/public/file"
    zfs snapshot "$pool/public@b"
    zfs redact "$pool/src@a" book "$pool/public@b"
    zfs send --redact book "$pool/src@a" > redacted
    no_image UnsupportedImage redacted

    echo a long enough secret > key
    zfs create -o encryption=on -o keyformat=passphrase -o keylocation="file://$work/key" "$pool/secret"
    echo content > "/tmp/platform/$pool/secret/file"
    zfs snapshot "$pool/secret@a"
    zfs send -w "$pool/secret@a" > raw
    zfs send -w -p "$pool/secret@a" > raw-with-properties
    no_image UnsupportedImage raw
    no_image UnsupportedImage raw-with-properties

    echo more > "/tmp/platform/$pool/src/more"
    zfs snapshot "$pool/src@c"
    zfs send -i @a "$pool/src@c" > past
    no_image UnexpectedOrigin past
    zfs send -i "$pool/src@a" "$pool/public@b" > orphan
    no_image UnexpectedOrigin orphan

    zfs create -V 8M "$pool/vol"
    zfs snapshot "$pool/vol@a"
    zfs send "$pool/vol@a" > volume
    no_image InvalidStream volume
    zfs send "$pool/src@a" > files
    no_image InvalidStream files "${zvol_members[@]}"
}

test_an_origin_that_is_there_twice() {
    local first second child
    first=$(uuid)
    second=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" > base
    zfs clone "$pool/src@final" "$pool/src2"
    echo more > "/tmp/platform/$pool/src2/more"
    zfs snapshot "$pool/src2@final"
    zfs send -i "$pool/src@final" "$pool/src2@final" > child
    local origin
    for origin in "$first" "$second"; do
        manifest "$origin" base base 'compression:"none"' > base.json
        status 0 imgadm install -m base.json -f base
    done
    for origin in "$first" "$second"; do
        child=$(uuid)
        manifest "$child" child child 'compression:"none"' "origin:\"$origin\"" > child.json
        status 0 imgadm install -m child.json -f child
        is_image "$child"
        [[ $(zfs get -H -o value origin "$pool/$child") == "$pool/$origin@final" ]]
    done
}

test_a_snapshot_that_is_taken_meanwhile() {
    local id
    id=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@x"
    zfs send "$pool/src@x" > image
    manifest "$id" image fs 'compression:"none"' > image.json
    mkdir front
    # shellcheck disable=SC2016 # for the shell of the script
    printf '#!/bin/bash\n%s "$@"; r=$?\n[[ $1 != receive || $# == 1 ]] || %s snapshot -r %s@auto\nexit $r\n' \
        "$(command -v zfs)" "$(command -v zfs)" "$pool" > front/zfs
    chmod +x front/zfs
    status 0 env "PATH=$work/front:$PATH" imgadm install -m image.json -f image
    [[ $(zfs list -H -o name -t snapshot -r "$pool/$id" | sort) == "$pool/$id@auto"$'\n'"$pool/$id@final" ]]
    status 0 imgadm get "$id"
}

test_layers_on_a_pool_that_changes_names() {
    local id
    zpool destroy -f "$pool"
    zpool create -f -o cachefile=none -m "/tmp/platform/$pool" -O casesensitivity=insensitive -O normalization=formD \
        "$pool" /dev/vdb
    id=$(uuid)
    mkdir tree
    echo upper > tree/X
    echo lower > tree/x
    tar -C tree -cf layer.tar .
    manifest "$id" layer.tar layer 'type:"docker"' compression: > layer.json
    status 0 imgadm install -m layer.json -f layer.tar
    grep -q 'casesensitivity=insensitive' err
    is_image "$id"
    [[ $(cat "/tmp/platform/$pool/$id/root/X" "/tmp/platform/$pool/$id/root/x") == upper$'\n'lower ]]

    zfs set readonly=on "$pool"
    id=$(uuid)
    manifest "$id" layer.tar layer 'type:"docker"' compression: > layer.json
    status 1 imgadm install -m layer.json -f layer.tar
    grep -q '(UnsuitablePool)' err
    is_gone "$id"
}
