# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# File systems that are read out of streams without ZFS: of every flag of `zfs send` that changes the stream, and of all ways
# in which ZFS keeps files and their attributes, the tree is the one that ZFS itself shows.

# changed FOLDER: a system (root-file-systems.sh) that lived on
changed() {
    rm "$1/zstd" "$1"/many/*7 "$1/usr/lib/511"
    mv "$1/near" "$1/moved"
    echo tiny > "$1/usr/lib/513"
    printf x | put "$1/usr/lib/1000000" 600000
    truncate -s 70000 "$1/usr/lib/131073"
    truncate -s 3G "$1/usr/lib/holes"
    head -c 400000 /dev/urandom | put "$1/usr/lib/holes" $((1 << 30))
    mkdir "$1/many/folder"
    echo new > "$1/many/folder/$(printf '%0200d' 7)"
    ln "$1/usr/zstd" "$1/again"
    ln -sf elsewhere "$1/long"
    chown 7:8 "$1/etc/passwd"
    setfattr -n user.long -v "$(words 3000 long | tr '\n' ' ')" "$1/etc/passwd"
    setfattr -n user.longer -v "$(words 30000 longer | tr '\n' ' ')" "$1/etc/group"
    setfattr -x user.large "$1/usr/zstd"
    setfattr -n user.small -v other "$1/usr/zstd"
    setfattr -h -n trusted.link -v yes "$1/edge"
    touch -h -d '2100-01-01 01:02:03.000000004Z' "$1/edge"
}

# same_holes FILE FILE: the same where there is something, and holes are holes
same_holes() {
    local place size
    size=$(stat -c %s "$1")
    [[ $(stat -c %s "$2") == "$size" ]]
    for place in 0 $((1 << 30)) $((size - 4096)); do cmp -i "$place" -n 1000000 "$1" "$2"; done
    [[ $(stat -c %b "$2") -lt 10000 ]]
}

# tree_is FOLDER STREAM EXTRACT-ARGUMENT…: what imgadm extracts of it is the same
tree_is() {
    local of=$1
    shift
    zfs create -o xattr=sa -o acltype=posix "$pool/back"
    status 0 imgadm extract -C "/tmp/platform/$pool/back" "$@"
    same "$of" "/tmp/platform/$pool/back"
    same_holes "$of/usr/lib/holes" "/tmp/platform/$pool/back/usr/lib/holes"
    zfs destroy "$pool/back"
    sha1sum "$1" >> trees
    echo "$(wc -l < trees) trees, of $(cut -d ' ' -f 1 trees | sort -u | wc -l) streams that differ" > counted
}

# trees_of FLAGS -- OPTION…: a file system with these properties, full and as an increment, sent with each of the flags
trees_of() {
    local flags=() one at
    while [[ $1 != -- ]]; do
        flags+=("$1")
        shift
    done
    shift
    place -o acltype=posix "$@" "$pool/src"
    at=$place/.zfs/snapshot
    system "$place" 300
    setfacl -m u:1234:r "$place/etc/hosts"
    setfacl -d -m g:99:rx "$place/home/me"
    zfs snapshot "$pool/src@a"
    changed "$place"
    zfs snapshot "$pool/src@b"
    for one in "${flags[@]}"; do
        # shellcheck disable=SC2086 # none, or some
        zfs send $one "$pool/src@a" > a
        no_wrong_checksum a
        tree_is "$at/a" a
        # shellcheck disable=SC2086
        zfs send $one -i @a "$pool/src@b" > b
        no_wrong_checksum b
        tree_is "$at/b" b --origin a
    done
    # Both snapshots in one stream; and an increment to a snapshot that is only a bookmark any more.
    zfs send -R "$pool/src@b" > both
    tree_is "$at/b" both
    zfs bookmark "$pool/src@a" "$pool/src#a"
    zfs send -Lec -i "#a" "$pool/src@b" > b
    tree_is "$at/b" b --origin a
    zfs destroy -r "$pool/src"
}

all_flags=('' -L -e -c -w -p -R -Lec -LecpR)

test_trees_with_attributes_in_znodes() {
    trees_of "${all_flags[@]}" -- -o xattr=sa -o dnodesize=auto -o compression=zstd -o recordsize=1M
}

test_trees_with_attributes_in_folders() { trees_of "${all_flags[@]}" -- -o xattr=dir -o compression=lz4; }

test_trees_of_small_records() {
    trees_of '' -e -Lec -- -o xattr=sa -o dnodesize=16k -o compression=gzip-6 -o recordsize=4K
}

test_trees_compressed_as_of_old() {
    trees_of -e -c -- -o xattr=dir -o dnodesize=1k -o compression=lzjb -o recordsize=16K
    trees_of '' -Lec -- -o xattr=sa -o compression=zle -o recordsize=512
}

test_trees_of_names_that_are_made_alike() {
    trees_of '' -- -o casesensitivity=insensitive -o normalization=formD -o compression=off
}

# Encrypted ones are read as they are sent: in the clear, or, raw, not at all.
test_trees_of_encrypted_file_systems() {
    echo a long enough secret > key
    place -o acltype=posix -o encryption=on -o keyformat=passphrase -o keylocation="file://$work/key" "$pool/src"
    system "$place" 300
    zfs snapshot "$pool/src@a"
    zfs send -Lec "$pool/src@a" > stream
    tree_is "$place/.zfs/snapshot/a" stream
    zfs send -w "$pool/src@a" > raw
    status 1 imgadm extract -C "$work/none" raw
    grep -q -i encrypt err
    no_wrong_checksum raw
}
