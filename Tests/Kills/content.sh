# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # $work and $children come from the script that sources this; some of these are for the scenarios
# What comes without a manifest: a disk, a root file system, lists of simplestreams that speak of the latter, and a web server.
#
#   make_content               all of it, once; sets $web, the server's URL
#   first NAME FILE            keeps the file that the undisturbed run of NAME has made, if there is one by now
#   is_first NAME FILE         says so unless the file is the same
#   is_disk | is_root          says so unless the only image is the disk, or the root

web=''

make_content() {
    [[ -z $web ]] || return 0
    mkdir -p "$work/www" "$work/made"
    make_disk
    make_root
    make_lists
    start_web "$work/www"
}

# make_disk: $work/disk.raw, and of it a qcow2 on the web server
make_disk() {
    truncate -s 12M "$work/disk.raw"
    seq 60000 | dd of="$work/disk.raw" bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
    dd if=/dev/urandom of="$work/disk.raw" bs=1M count=1 seek=6 conv=notrunc status=none
    qemu-img convert -f raw -O qcow2 "$work/disk.raw" "$work/www/web-1.0.qcow2"
}

# make_root: $work/system, and of it archives on the web server
make_root() {
    local number
    mkdir -p "$work/system/"{bin,etc,usr/lib,var/many}
    printf 'ID=debian\nVERSION_ID="13"\nBUILD_ID=7\n' > "$work/system/usr/lib/os-release"
    ln -s ../usr/lib/os-release "$work/system/etc/os-release"
    head -c 400000 /dev/urandom > "$work/system/bin/noise"
    ln "$work/system/bin/noise" "$work/system/bin/other"
    seq 60000 > "$work/system/usr/lib/numbers"
    for number in {1..40}; do echo "$number" > "$work/system/var/many/$number"; done
    chown 12:13 "$work/system/etc"
    tar -C "$work/system" --sort=name -czf "$work/www/rootfs.tar.gz" .
    tar -C "$work/system" --sort=name -cJf "$work/www/rootfs.tar.xz" .
    mksquashfs "$work/system" "$work/www/rootfs.squashfs" -comp zstd -quiet -no-progress > /dev/null
}

# make_lists: as a server of LXC's images has them
make_lists() {
    local file=rootfs.tar.xz architecture sum
    architecture=$(dpkg --print-architecture)
    sum=$(sha256sum < "$work/www/$file")
    mkdir -p "$work/www/streams/v1"
    cat > "$work/www/streams/v1/index.json" <<INDEX
{"format": "index:1.0", "index": {"images": {"datatype": "image-downloads", "path": "streams/v1/images.json",
 "format": "products:1.0", "products": ["debian:trixie:$architecture:default"]}}}
INDEX
    cat > "$work/www/streams/v1/images.json" <<LIST
{"format": "products:1.0", "datatype": "image-downloads", "products": {"debian:trixie:$architecture:default": {
 "aliases": "debian/trixie,debian/13", "arch": "$architecture", "os": "Debian", "release": "trixie",
 "versions": {"20250814_05:24": {"items": {"root.tar.xz": {"ftype": "root.tar.xz", "path": "$file",
 "size": $(stat -c %s "$work/www/$file"), "sha256": "${sum%% *}"}}}}}}}
LIST
}

# start_web FOLDER: a web server that knows ranges; sets $web
start_web() {
    local tries socket port pid
    busybox httpd -f -p 127.0.0.1:0 -h "$1" 2> "$work/web.log" &
    pid=$!
    children+=("$pid")
    for ((tries = 0; tries < 400; tries++)); do
        # The kernel chose the port.
        socket=$(readlink "/proc/$pid/fd/"* 2> /dev/null | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p' | head -n 1 || true)
        port=$(awk -v socket="${socket:-none}" '$10 == socket { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp)
        [[ -z $port ]] || { web=http://127.0.0.1:$((16#$port)); return 0; }
        sleep 0.05
    done
    cat "$work/web.log" >&2
    return 1
}

first() { [[ -e $work/first-$1 || ! -s $2 ]] || cp "$2" "$work/first-$1"; }

is_first() { cmp "$2" "$work/first-$1"; }

is_disk() { imgadm export -q -o - --format raw "$(imgadm list -Ho uuid)" | cmp - "$work/disk.raw"; }

is_root() { diff -r --no-dereference "$work/system" "$(home "$pool/$(imgadm list -Ho uuid)")/root"; }
