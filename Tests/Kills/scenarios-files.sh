# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # variables of world.sh and content.sh; $command is for the script that sources this
# What comes as a file without a manifest, and what becomes files of other formats. (See scenarios.sh.)

# Nothing says what the file must be, so that the UUID is not known before it is here.
disk_begin() { make_content; }
disk_ready() {
    forget
    command=(imgadm import -q "$web/web-1.0.qcow2")
}
disk_right() { is_disk; }

root_begin() { make_content; }
root_ready() {
    forget
    command=(imgadm import -q "$work/www/rootfs.tar.gz" name=base version=1.0.0 tags.team=web)
}
root_right() {
    [[ $(imgadm list -Ho name,version,os,tags.team) == 'base  1.0.0  linux  web' ]] || { imgadm list; return 1; }
    is_root
}

squashfs_begin() { make_content; }
squashfs_ready() {
    forget
    command=(imgadm import -q "$web/rootfs.squashfs" name=base version=1.0.0)
}
squashfs_right() { is_root; }

streams_begin() { make_content; }
streams_ready() {
    forget
    printf '{"sources":[{"type":"simplestreams","url":"%s"}],"upgradedToVer":"3.0.0"}\n' "$web" \
        > "$IMGADM_ROOT/var/imgadm/imgadm.conf"
    command=(imgadm import -q debian/13)
}
streams_right() { is_root; }

# clean_made NAME FILE: an empty folder for what NAME makes, whose FILE is kept the first time
clean_made() {
    first "$1" "$work/made/$2"
    rm -rf "$work/made"
    mkdir "$work/made"
}

# made_again STATUS: done, or a file is in the way that was whole, and is replaced
made_again() {
    (($1 != 0)) || return 0
    grep -q 'is there already' "$work/again.err" || return 1
    "${command[@]}" --force > /dev/null 2>> "$work/again.err"
}

# made NAME FILE…: just these files were made, and the first is as it should be
made() {
    local name=$1
    shift
    [[ $(ls -A "$work/made") == "$(printf '%s\n' "$@" | sort)" ]] || { ls -A "$work/made"; return 1; }
    is_first "$name" "$work/made/$1"
}

convert_begin() { make_content; }
convert_ready() {
    clean_made convert web-1.0.zvol.gz
    command=(imgadm convert -q -o "$work/made" "$work/www/web-1.0.qcow2")
}
convert_again() { made_again "$1"; }
convert_right() {
    made convert web-1.0.zvol.gz web-1.0.imgmanifest || return 1
    grep -q "\"$(sha1sum < "$work/made/web-1.0.zvol.gz" | cut -d ' ' -f 1)\"" "$work/made/web-1.0.imgmanifest"
}

export_begin() { make_content; }
export_ready() {
    forget
    clean_made export web.qcow2
    imgadm import -q "$work/www/web-1.0.qcow2" > /dev/null
    command=(imgadm export -q -o "$work/made/web.qcow2" web)
}
export_again() { made_again "$1"; }
export_right() {
    made export web.qcow2 || return 1
    qemu-img compare -q -f qcow2 -F raw "$work/made/web.qcow2" "$work/disk.raw"
}

archive_begin() { make_content; }
archive_ready() {
    forget
    clean_made archive base.tar.zst
    imgadm import -q "$work/www/rootfs.tar.gz" name=base version=1.0.0 > /dev/null
    command=(imgadm export -q -o "$work/made/base.tar.zst" base)
}
archive_again() { made_again "$1"; }
archive_right() {
    [[ $(ls -A "$work/made") == base.tar.zst ]] || { ls -A "$work/made"; return 1; }
    rm -rf "$work/unpacked"
    mkdir "$work/unpacked"
    tar -C "$work/unpacked" -xpf "$work/made/base.tar.zst"
    diff -r --no-dereference "$work/system" "$work/unpacked/root"
}
