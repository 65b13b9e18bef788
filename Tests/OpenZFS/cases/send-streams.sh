# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Send streams that are written and read without ZFS (Sources/SendStream), with a real ZFS as the judge. volume-stream is a
# program of the tests.

# words BYTES TEXT: so much of it
words() { head -c "$1" < <(yes "$2"); }

# put FILE OFFSET: stdin, at that byte of a file or device
put() { dd of="$1" bs=1M seek="$2" oflag=seek_bytes iflag=fullblock conv=notrunc,fsync status=none; }

# disk FILE SIZE TEXT: a raw disk with data at its start, in its middle and at its end, and holes between
disk() {
    truncate -s "$2" "$1"
    words 3000 "$3" | put "$1" 0
    words 5000 "$3 in the middle" | put "$1" "$(($2 / 2))"
    words 700 "$3 at the end" | put "$1" "$(($2 - 700))"
}

# no_wrong_checksum FILE: OpenZFS itself reads all of the stream
no_wrong_checksum() {
    zstream dump "$1" > ../dump 2>&1 || return 1
    grep -q 'Total stream length' ../dump || return 1
    if grep -qi -e 'checksum differs' -e 'incorrect checksum' -e 'invalid checksum' ../dump; then return 1; fi
}

# volume_is DATASET FILE: the device has the file's bytes, and zeros to the end of its last block
volume_is() {
    local size
    volume_device "$1"
    size=$(stat -c %s "$2")
    cmp -n "$size" "$2" "/dev/zvol/$1"
    [[ $(tail -c +$((size + 1)) "/dev/zvol/$1" | tr -d '\0' | wc -c) == 0 ]]
}

test_streams_written_of_disks() {
    local block size name count=0
    for block in 4096 8192 16384 32768 65536 131072; do
        for size in $((8 << 20)) $((5 * block + 700)) $((3 * block)); do
            name=$pool/b$block-$size
            disk old "$size" "the first disk"
            volume-stream write "$block" old > stream
            no_wrong_checksum stream
            zfs receive -u "$name" < stream
            [[ $(zfs get -Hpo value volblocksize "$name") == "$block" ]]
            volume_is "$name" old

            # Something new, something that is zero now, and longer.
            cp --sparse=always old new
            words "$block" changed | put new "$block"
            head -c "$block" /dev/zero | put new 0
            truncate -s "$((size + 3 * block + 100))" new
            volume-stream write "$block" new old > increment
            no_wrong_checksum increment
            zfs receive -u "$name-new" < increment
            [[ $(zfs get -Ho value origin "$name-new") == "$name@final" ]]
            volume_is "$name-new" new

            # And shorter, on top of that.
            head -c "$((2 * block + 50))" new > short
            volume-stream write "$block" short new old > increment
            no_wrong_checksum increment
            zfs receive -u "$name-short" < increment
            volume_is "$name-short" short

            # The same disk has the same guid, which an increment made elsewhere relies on.
            volume-stream write "$block" old | cmp - stream
            zfs destroy -r "$name-short"
            zfs destroy -r "$name-new"
            zfs destroy -r "$name"
            count=$((count + 3))
        done
    done
    echo "$count streams" > counted
}

# huge_is DATASET DISK: the device has the disk's bytes at the places that are written; all that ZFS has of it, and sends, is
# the disk, since of what was read back the same stream is written
huge_is() {
    local place
    volume_device "$1"
    for place in 0 $((1 << 28)) $((3 << 26)) $(((2 << 28) - 4)); do
        cmp <(dd "if=$2" bs=4K count=4 skip="$place" status=none) \
            <(dd "if=/dev/zvol/$1" bs=4K count=4 skip="$place" status=none)
    done
    zfs send "$1@final" > sent
    read_back sent
    cmp <(volume-stream write 16384 "$2") <(volume-stream write 16384 back)
}

test_streams_written_of_empty_and_huge_disks() {
    truncate -s 16M empty
    volume-stream write 8192 empty > stream
    no_wrong_checksum stream
    zfs receive -u "$pool/empty" < stream
    volume_is "$pool/empty" empty

    truncate -s 2T huge
    words 12K start | put huge 0
    words 12K middle | put huge $((1 << 40))
    printf end | put huge $(((2 << 40) - 3))
    volume-stream write 16384 huge > stream
    [[ $(stat -c %s stream) -lt 100000 ]]
    no_wrong_checksum stream
    zfs receive -u "$pool/huge" < stream
    [[ $(zfs get -Hpo value volsize "$pool/huge") == $((2 << 40)) ]]
    huge_is "$pool/huge" huge

    # And as an increment, over what was there, beside it, and far from it.
    cp --sparse=always huge new
    head -c 16K /dev/zero | put new 0
    words 12K further | put new $((3 << 38))
    printf END | put new $(((2 << 40) - 3))
    volume-stream write 16384 new huge > increment
    [[ $(stat -c %s increment) -lt 100000 ]]
    no_wrong_checksum increment
    zfs receive -u "$pool/new" < increment
    huge_is "$pool/new" new
}

test_streams_written_are_images() {
    disk old $((8 << 20)) "an image"
    volume-stream write 8192 old | packed gzip base.gz
    cp --sparse=always old new
    words 24K changed | put new $((9 * 8192))
    volume-stream write 8192 new old | packed zstd child.zst
    base=$(uuid)
    child=$(uuid)
    manifest "$base" base.gz volume "${zvol_members[@]}" > base.json
    manifest "$child" child.zst volume-child "${zvol_members[@]}" 'compression:"zstd"' "origin:\"$base\"" > child.json
    status 0 imgadm install -q -m base.json -f base.gz
    status 0 imgadm install -q -m child.json -f child.zst
    is_image "$child"
    zfs clone "$pool/$child@final" "$pool/vm"
    volume_is "$pool/vm" new
}

# Half of a stream, and one with a byte that is not what was meant, make nothing.
test_streams_written_and_damaged() {
    disk old $((2 << 20)) "the disk"
    volume-stream write 8192 old > stream
    if head -c -312 stream | zfs receive -u "$pool/one"; then return 1; fi
    no_dataset "$pool/one"
    printf x | put stream $(($(stat -c %s stream) - 2000))
    if zfs receive -u "$pool/two" < stream; then return 1; fi
    no_dataset "$pool/two"
    if volume-stream check < stream; then return 1; fi
    if no_wrong_checksum stream; then return 1; fi
}

# read_back FILE [DISK]: what is read of the volume's stream, onto that disk, is the volume
read_back() {
    local stream=$1 onto=${2-}
    rm -f back
    [[ -z $onto ]] || cp --sparse=always "$onto" back
    volume-stream check < "$stream"
    volume-stream read back < "$stream"
}

# Volumes, sent with every flag that changes the stream.
test_streams_read_of_volumes() {
    local compression block flags name count=0
    for compression in off lz4 zstd gzip-6 zle lzjb; do
        for block in 4K 128K; do
            name=$pool/$compression-$block
            zfs create -o compression="$compression" -o volblocksize="$block" -V 4M "$name"
            volume_device "$name"
            words 1M "in $compression" | put "/dev/zvol/$name" 0
            head -c 300K /dev/urandom | put "/dev/zvol/$name" 1300000
            # Small enough to be embedded in a block pointer.
            printf tiny | put "/dev/zvol/$name" 3000000
            zfs snapshot "$name@a"
            cat "/dev/zvol/$name" > a
            head -c 256K /dev/zero | put "/dev/zvol/$name" 0
            words 192K more | put "/dev/zvol/$name" 2621440
            zfs snapshot "$name@b"
            cat "/dev/zvol/$name" > b
            for flags in '' -L -e -c -p -Lec -Lecp; do
                # shellcheck disable=SC2086 # none, or some
                zfs send $flags "$name@a" > stream
                read_back stream
                cmp back a
                # shellcheck disable=SC2086
                zfs send $flags -i @a "$name@b" > stream
                read_back stream a
                cmp back b
                count=$((count + 2))
            done
            for flags in -R -RLec '-I @a'; do
                # shellcheck disable=SC2086
                zfs send $flags "$name@b" > stream
                volume-stream check < stream
                count=$((count + 1))
            done
            zfs destroy -r "$name"
        done
    done
    echo "$count streams read" > counted
}

# File systems: every record of what ZFS sends is understood, and its checksum right.
test_streams_read_of_file_systems() {
    local flags count=0 name=$pool/files
    filled -o compression=zstd -o recordsize=1M -o xattr=sa -o dnodesize=auto "$name"
    zfs snapshot "$name@a"
    rm "/tmp/platform/$name/zstd"
    setfattr -n user.long -v "$(head -c 3000 < <(yes long))" "/tmp/platform/$name/etc/passwd"
    truncate -s 1G "/tmp/platform/$name/sparse"
    echo tiny > "/tmp/platform/$name/tiny"
    zfs snapshot "$name@b"
    for flags in '' -L -e -c -p -Lec -Lecp -R -RLec '-i @a' '-Lec -i @a' '-I @a' '-R -I @a'; do
        # shellcheck disable=SC2086
        zfs send $flags "$name@b" > stream
        volume-stream check < stream
        count=$((count + 1))
    done
    echo "$count streams read" > counted
}

# Raw and encrypted: read as far as records go, refused as a volume.
test_streams_read_of_encrypted_volumes() {
    echo a long enough secret > key
    zfs create -o encryption=on -o keyformat=passphrase -o keylocation="file://$work/key" -V 1M "$pool/secret"
    volume_device "$pool/secret"
    words 256K secret | put "/dev/zvol/$pool/secret" 0
    zfs snapshot "$pool/secret@a"
    zfs send -w "$pool/secret@a" > raw
    if volume-stream read back < raw 2> err; then return 1; fi
    grep -qi -e raw -e encrypt err
    # Without -w it is an ordinary one.
    zfs send "$pool/secret@a" > stream
    read_back stream
    cmp back "/dev/zvol/$pool/secret"
}
