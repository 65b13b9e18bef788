# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Root file systems in archives that become images without ZFS, and images that become archives, with a real ZFS as the judge.

# place DATASET: makes it; sets $place, the folder where it is. Not every /tmp keeps extended attributes.
place() {
    zfs create "$@"
    place=$(zfs get -H -o value mountpoint "${!#}")
}

# modes FOLDER: a file of each mode, whose number is its name; a process for each would take minutes in this machine
modes() {
    local i bit
    local -a with
    for ((i = 0; i < 512; i++)); do : > "$1/$i"; done
    chmod 0 "$1"/*
    for ((bit = 1; bit < 512; bit *= 2)); do
        with=()
        for ((i = 0; i < 512; i++)); do ((!(i & bit))) || with+=("$1/$i"); done
        chmod "+$(printf %o "$bit")" "${with[@]}"
    done
}

# system FOLDER [NAMES]: a small system, with all kinds of files, and so many names in one of its folders
system() {
    local i
    mkdir -p "$1"/{dev,tmp,many,near,usr/lib,home/me}
    cp -a /etc /usr/bin/zstd /usr/bin/udevadm "$1"
    cp -a /usr/lib/udev "$1/usr/lib"
    chmod 1777 "$1/tmp"
    chmod 4755 "$1/zstd"
    chown -R 1000:2000 "$1/home/me"
    chown 3000000:5 "$1/udevadm"
    mknod "$1/dev/null" c 1 3
    mknod "$1/dev/disk" b 259 300000
    mknod "$1/dev/tty300" c 4 300
    mkfifo "$1/fifo"
    ln -s "$(printf '%0200d' 1)" "$1/long"
    ln -s "$(printf '%056d' 1)" "$1/edge"
    ln "$1/zstd" "$1/usr/zstd"
    ln "$1/long" "$1/usr/long"
    for ((i = 0; i < ${2:-20000}; i++)); do echo "$i" > "$1/many/a name that is not short, of file number $i"; done
    modes "$1/near"
    : > "$1/near/$(printf '%0255d' 1)"
    for i in 1 511 512 513 131071 131072 131073 1000000; do head -c "$i" /dev/urandom > "$1/usr/lib/$i"; done
    truncate -s 5G "$1/usr/lib/holes"
    echo end >> "$1/usr/lib/holes"
    touch -d '1960-01-01 00:00:00.123456789Z' "$1/usr/lib/1"
    setfattr -n user.small -v value "$1/zstd"
    setfattr -n user.large -v "$(head -c 3000 < <(yes large) | tr '\n' ' ')" "$1/zstd"
    setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= "$1/udevadm"
    setfattr -n user.folder -v '' "$1/tmp"
}

# same FOLDER FOLDER: names, modes, owners, times, devices, contents and attributes are the same
same() {
    diff <(cd "$1" && find . -printf '%P %y %m %U %G %l %n %T@\n' | sort) \
        <(cd "$2" && find . -printf '%P %y %m %U %G %l %n %T@\n' | sort)
    diff <(cd "$1" && find . -type b -o -type c | sort | xargs stat -c '%n %t %T') \
        <(cd "$2" && find . -type b -o -type c | sort | xargs stat -c '%n %t %T')
    diff <(cd "$1" && getfattr -h -R -d -m - . 2> /dev/null | sort) <(cd "$2" && getfattr -h -R -d -m - . 2> /dev/null | sort)
    diff -rq --no-dereference --exclude=dev --exclude=fifo --exclude=holes "$1" "$2"
}

# sound: the pool has nothing to mend
sound() {
    zpool scrub -w "$pool"
    zpool status -v "$pool" > ../status
    grep -q 'with 0 errors' ../status
    grep -q 'No known data errors' ../status
}

test_root_file_systems_become_images() {
    local id mounted tree
    place "$pool/tree"
    tree=$place
    system "$tree"
    tar --format=posix --xattrs --xattrs-include='*' --numeric-owner -S -C "$tree" -cf root.tar .
    status 0 imgadm convert -q -o image root.tar name=system version=1 os=linux
    gzip -dc image.zfs.gz > stream
    no_wrong_checksum stream
    status 0 imgadm install -q -m image.imgmanifest -f image.zfs.gz
    id=$(sed -n 's/.*"uuid": "\(.*\)".*/\1/p' image.imgmanifest)
    is_image "$id"
    same "$tree" "/tmp/platform/$pool/$id/root"
    [[ $(stat -c %s "/tmp/platform/$pool/$id/root/usr/lib/holes") == $((5 * (1 << 30) + 4)) ]]
    [[ $(stat -c %b "/tmp/platform/$pool/$id/root/usr/lib/holes") -lt 10000 ]]
    sound

    # It lives on as any other: rights, new names in all directories, files that are open when they go.
    zfs clone "$pool/$id@final" "$pool/clone"
    mounted=/tmp/platform/$pool/clone/root
    setpriv --reuid 1000 --regid 2000 --clear-groups touch "$mounted/home/me/mine" "$mounted/tmp/mine"
    if setpriv --reuid 1000 --regid 2000 --clear-groups touch "$mounted/usr/mine"; then return 1; fi
    if setpriv --reuid 1000 --regid 2000 --clear-groups rm "$mounted/zstd"; then return 1; fi
    setpriv --reuid 1000 --regid 2000 --clear-groups cat "$mounted/near/4" "$mounted/etc/passwd" > /dev/null
    if setpriv --reuid 1000 --regid 2000 --clear-groups cat "$mounted/near/32"; then return 1; fi
    cp -r "$mounted/many" "$mounted/more"
    rm "$mounted"/many/*7
    touch "$mounted/near/new" "$mounted/many/new"
    mv "$mounted/many" "$mounted/moved"
    setfattr -n user.small -v changed "$mounted/zstd"
    setfattr -x user.large "$mounted/zstd"
    chmod 700 "$mounted/near/511"
    exec 9< "$mounted/usr/lib/1000000"
    rm "$mounted/usr/lib/1000000"
    [[ $(wc -c <&9) == 1000000 ]]
    exec 9<&-
    [[ $(find "$mounted/more" -type f | wc -l) == 20000 ]]
    zfs upgrade "$pool/clone"
    echo more > "$mounted/after"
    sound
    zfs snapshot "$pool/clone@later"
    zfs send "$pool/clone@later" > later
    status 0 imgadm export -q -o later.tar later
    place "$pool/back"
    tar --xattrs --xattrs-include='*' --numeric-owner -C "$place" -xpf later.tar
    same "$place/root" "$mounted"
}

test_images_of_file_systems_become_archives() {
    local option src
    for option in compression=zstd xattr=sa recordsize=1M; do
        place -o dnodesize=auto -o "$option" "$pool/src"
        src=$place
        system "$src" 3000
        zfs snapshot "$pool/src@a"
        zfs send -Lec "$pool/src@a" > stream
        status 0 imgadm export -q --force -o whole.tar stream
        place "$pool/back"
        tar --xattrs --xattrs-include='*' --numeric-owner -C "$place" -xpf whole.tar
        same "$src" "$place"
        zfs destroy "$pool/back"
        zfs destroy -r "$pool/src"
    done
}
