# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # $pool and $work come from platform.sh; some of these are for cases.sh
# What the cases are made of: image files, chains of them, manifests, a server; and what is true of an installed image.
# Needs $pool, $work and IMGADM_ROOT.

uuid() { cat /proc/sys/kernel/random/uuid; }

# filled DATASET: a new file system with a few MB of files of this machine in it
filled() {
    zfs create "$@"
    cp -a /usr/bin/zstd /usr/bin/udevadm /etc "$(zfs get -H -o value mountpoint "${!#}")"
}

# write_volume DATASET TEXT: fills the start of a volume with the text
write_volume() {
    udevadm settle -t 20
    head -c 4M < <(yes "$2") | dd of="/dev/zvol/$1" bs=1M iflag=fullblock conv=fsync status=none
}

# volume_device DATASET: waits for a volume's device, which appears a moment after the dataset
volume_device() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        [[ ! -b /dev/zvol/$1 ]] || return 0
        sleep 0.1
    done
    return 1
}

# destroy_volume DATASET: one into whose device udev may still look
destroy_volume() {
    local tries
    for ((tries = 0; tries < 50; tries++)); do
        udevadm settle -t 10
        ! zfs destroy "$1" || return 0
        sleep 0.2
    done
    return 1
}

# volume_sum DATASET: what a volume holds
volume_sum() {
    volume_device "$1"
    sha1sum < "/dev/zvol/$1"
}

# folder_sum FOLDER: names, modes and contents below it
folder_sum() { tar -C "$1" --sort=name --numeric-owner -cf - . | sha1sum; }

# packed TOOL FILE: stdin, compressed by TOOL (none: as it is), into FILE
packed() {
    if [[ $1 == none ]]; then cat > "$2"; else "$1" -c > "$2"; fi
}

# packed_file_system: image.gz, a stream of a new file system
packed_file_system() {
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" | packed gzip image.gz
}

# installed_file_system: the same, installed as the image $id
installed_file_system() {
    id=$(uuid)
    packed_file_system
    manifest "$id" image.gz fs > image.json
    status 0 imgadm install -q -m image.json -f image.gz
}

# manifest UUID FILE NAME [KEY:VALUE…]: on stdout; further members as raw JSON, e.g. 'type:"zvol"'
manifest() {
    local id=$1 file=$2 name=$3 member sum
    shift 3
    sum=$(sha1sum < "$file")
    local type='"lx-dataset"' compression='"gzip"' extra=''
    for member; do
        case $member in
            type:*) type=${member#*:} ;;
            compression:*) compression=${member#*:} ;;
            *) extra+="  \"${member%%:*}\": ${member#*:},"$'\n' ;;
        esac
    done
    [[ -z $compression ]] || compression=", \"compression\": $compression"
    cat <<MANIFEST
{
  "v": 2,
  "uuid": "$id",
  "owner": "00000000-0000-0000-0000-000000000000",
  "name": "$name",
  "version": "1.0.0",
  "state": "active",
  "disabled": false,
  "public": true,
  "published_at": "2026-01-02T03:04:05.000Z",
  "type": $type,
  "os": "linux",
$extra  "files": [{"sha1": "${sum%% *}", "size": $(stat -c %s "$file")$compression}]
}
MANIFEST
}

zvol_members=('type:"zvol"' 'nic_driver:"virtio"' 'disk_driver:"virtio"' 'cpu_type:"host"' 'image_size:32')

# serve: an image server on $work/server (images/UUID.json, images/UUID.file); sets $url
serve() {
    local tries
    : > "$work/listening"
    imgapi-server --root "$work/server" --listen 127.0.0.1:0 > "$work/listening" 2> "$work/server.log" &
    echo $! > "$work/../server.pid"
    for ((tries = 0; tries < 200; tries++)); do
        url=$(sed -n 's/^listening on \(http:[^ ]*\).*/\1/p' "$work/listening")
        [[ -z $url ]] || return 0
        sleep 0.1
    done
    cat "$work/server.log" >&2
    return 1
}

stop_server() {
    local file=/tmp/platform/server.pid
    [[ -s $file ]] || return 0
    kill "$(cat "$file")" 2>/dev/null || true
    rm -f "$file"
}

# status N COMMAND…: the command's exit status is N; what it said is in $work/out and $work/err
status() {
    local want=$1 got=0
    shift
    "$@" > "$work/out" 2> "$work/err" || got=$?
    cat "$work/out" "$work/err"
    ((got == want)) || { echo "exit status $got, not $want" >&2; return 1; }
}

# is_image UUID: dataset, its one snapshot, and the record are there, and nothing half done
is_image() {
    [[ $(zfs list -H -o name -t snapshot -r "$pool/$1") == "$pool/$1@final" ]]
    [[ -n $(find "$IMGADM_ROOT" -name "$pool-$1.json") ]]
    imgadm list -H -o uuid > "$work/listed"
    grep -qx "$1" "$work/listed"
    nothing_half_done
}

no_dataset() {
    if zfs list "$1"; then return 1; fi
}

# is_gone UUID: nothing of it is left
is_gone() {
    no_dataset "$pool/$1"
    [[ -z $(find "$IMGADM_ROOT" -name "*$1*" ! -name '*.lock') ]]
    nothing_half_done
}

nothing_half_done() {
    [[ $(zfs list -H -o name) != *-partial* ]]
    [[ -z $(find "$IMGADM_ROOT" -name '*.partial' -o -name '*.tmp*') ]]
}

# volume_chain: sets $base and $child, installs both (a volume and an increment), leaves nothing else on the pool
volume_chain() {
    base=$(uuid)
    child=$(uuid)
    zfs create -V 32M "$pool/src"
    write_volume "$pool/src" "the base volume"
    zfs snapshot "$pool/src@final"
    base_sum=$(volume_sum "$pool/src")
    zfs send "$pool/src@final" | packed gzip base.gz
    zfs clone "$pool/src@final" "$pool/src2"
    write_volume "$pool/src2" "the volume on top of it"
    zfs snapshot "$pool/src2@final"
    child_sum=$(volume_sum "$pool/src2")
    zfs send -i "$pool/src@final" "$pool/src2@final" | packed gzip child.gz
    zfs destroy -r "$pool/src2"
    zfs destroy -r "$pool/src"
    manifest "$base" base.gz volume "${zvol_members[@]}" > base.json
    manifest "$child" child.gz volume-child "${zvol_members[@]}" "origin:\"$base\"" > child.json
}

# installed_volume: the same, with $base installed
installed_volume() {
    volume_chain
    status 0 imgadm install -q -m base.json -f base.gz
}

# served_chain: sets $chain (three UUIDs, base first) and $url, and $sum of the last one's files
served_chain() {
    local step from='' id file
    chain=()
    mkdir -p server/images
    for step in 0 1 2; do
        id=$(uuid)
        file=server/images/$id.file
        if ((step == 0)); then
            filled "$pool/src0"
            zfs snapshot "$pool/src0@final"
            zfs send "$pool/src0@final" | packed gzip "$file"
            manifest "$id" "$file" step0 > "server/images/$id.json"
        else
            zfs clone "$from@final" "$pool/src$step"
            echo "step $step" > "/tmp/platform/$pool/src$step/step$step"
            rm -f "/tmp/platform/$pool/src$step/zstd"
            zfs snapshot "$pool/src$step@final"
            zfs send -i "$from@final" "$pool/src$step@final" | packed gzip "$file"
            manifest "$id" "$file" "step$step" "origin:\"${chain[-1]}\"" > "server/images/$id.json"
        fi
        from=$pool/src$step
        chain+=("$id")
    done
    sum=$(folder_sum "/tmp/platform/$pool/src2")
    zfs destroy -r "$pool/src2"
    zfs destroy -r "$pool/src1"
    zfs destroy -r "$pool/src0"
    serve
}

# face UUID: what must be of an image as it was when its deletion was refused
face() {
    udevadm settle -t 20
    zfs get -Hp -o property,value,source \
        type,guid,createtxg,origin,mounted,mountpoint,canmount,readonly,volmode,imgadm:volmode "$pool/$1"
    zfs get -Hp -o name,value guid,createtxg,userrefs "$pool/$1@final"
    if [[ $(zfs get -H -o value type "$pool/$1") == volume ]]; then
        if [[ -b /dev/zvol/$pool/$1 ]]; then echo "a device"; else echo "no device"; fi
    else
        findmnt -n -o TARGET,SOURCE,OPTIONS -S "$pool/$1"
    fi
}

# unchanged UUID FACE: the dataset has that face
unchanged() { diff <(echo "$2") <(face "$1"); }

# as_it_was UUID FACE: an image whose deletion was refused: its face, its record, its name, and clones can be made of it
as_it_was() {
    is_image "$1"
    unchanged "$1" "$2"
    zfs clone "$pool/$1@final" "$pool/of-it"
    udevadm settle -t 20
    zfs destroy "$pool/of-it"
}
