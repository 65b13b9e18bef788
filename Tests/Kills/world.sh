# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # $pool and $work come from the script that sources this; some of these are for scenarios.sh
# What the scenarios are about: images as files and on a server, a docker image, a VM; and what can be seen of them all.
# Sourced behind scripts/sandbox-pool.sh:
#
#   world_open NAME BINARIES   a pool, the images and their server, and a trap that takes all of it down at the end; sets
#                              $pool, $work, $url, IMGADM_ROOT and IMGADM_POOL
#
# $registry: a registry's host:port, if there is one. $children: what has been started and is to be ended.

work=''
server_pid=''
children=()
registry=''
vm=''

# end_child PID: at once, and waits for it
end_child() {
    [[ -n $1 ]] || return 0
    kill -KILL "$1" 2> /dev/null || true
    wait "$1" 2> /dev/null || true
}

end_children() {
    local child
    for child in "$server_pid" "${children[@]}"; do end_child "$child"; done
}

world_open() {
    sandbox_ends end_children
    sandbox_folder work "imgadm-$1"
    mkdir -p "$work/root"
    export PATH=$2:$PATH
    sandbox_pool_open "$1" 2G "$work"
    export IMGADM_ROOT=$work/root IMGADM_POOL=$pool
    unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy
    make_images
    start_server "$work/server"
}

uuid() { cat /proc/sys/kernel/random/uuid; }

# manifest UUID FILE NAME COMPRESSION [ORIGIN]: on stdout
manifest() {
    local sum origin=''
    sum=$(sha1sum < "$2")
    [[ -z ${5-} ]] || origin=$'\n'"  \"origin\": \"$5\","
    cat <<MANIFEST
{
  "v": 2,
  "uuid": "$1",
  "owner": "00000000-0000-0000-0000-000000000000",
  "name": "$3",
  "version": "1.0.0",
  "state": "active",
  "disabled": false,
  "public": true,
  "published_at": "2026-01-02T03:04:05.000Z",
  "type": "lx-dataset",
  "os": "linux",$origin
  "files": [{"sha1": "${sum%% *}", "size": $(stat -c %s "$2"), "compression": "$4"}]
}
MANIFEST
}

home() { zfs get -H -o value mountpoint "$1"; }

# What was just mounted is busy for a moment.
zfs_destroy() {
    local tries
    for ((tries = 0; tries < 60; tries++)); do
        zfs destroy -R "$1" 2> "$work/destroy.log" && return 0
        zfs list -H -o name "$1" > /dev/null 2>&1 || return 0
        sleep 0.05
    done
    cat "$work/destroy.log" >&2
    return 1
}

# make_images: $base, $middle and $top, a chain, as files in $work/files and on the server's folder
make_images() {
    local step=0 from='' origin='' id tool
    mkdir -p "$work/files" "$work/server/images"
    chain=("$(uuid)" "$(uuid)" "$(uuid)")
    base=${chain[0]} middle=${chain[1]} top=${chain[2]}
    for id in "${chain[@]}"; do
        tool=gzip
        ((step < 2)) || tool=zstd
        if ((step == 0)); then
            zfs create "$pool/src0"
        else
            zfs clone "$from@final" "$pool/src$step"
        fi
        head -c 300000 /dev/urandom > "$(home "$pool/src$step")/noise$step"
        seq 50000 > "$(home "$pool/src$step")/numbers$step"
        zfs snapshot "$pool/src$step@final"
        if ((step == 0)); then
            zfs send "$pool/src0@final" | "$tool" -c > "$work/files/$id.file"
        else
            zfs send -i "$from@final" "$pool/src$step@final" | "$tool" -c > "$work/files/$id.file"
        fi
        manifest "$id" "$work/files/$id.file" "step$step" "$tool" "$origin" > "$work/files/$id.json"
        origin=$id
        from=$pool/src$step
        step=$((step + 1))
    done
    for step in 2 1 0; do zfs_destroy "$pool/src$step"; done
    cp "$work/files/"* "$work/server/images/"
}

# start_server FOLDER [PORT]: sets $url and $server_pid
start_server() {
    local tries
    : > "$work/listening"
    imgapi-server --root "$1" --listen "127.0.0.1:${2:-0}" > "$work/listening" 2>> "$work/server.log" &
    server_pid=$!
    for ((tries = 0; tries < 600; tries++)); do
        url=$(sed -n 's/^listening on \(http:[^ ]*\).*/\1/p' "$work/listening")
        [[ -z $url ]] || return 0
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    tail -n 20 "$work/server.log" >&2
    return 1
}

# make_vm: the dataset $pool/$vm with a root file system in which a script can run; always the same
make_vm() {
    local root name
    [[ -n ${vm-} ]] || vm=$(uuid)
    [[ -e $work/noise ]] || head -c 400000 /dev/urandom > "$work/noise"
    # It is nobody's image, and `list` need not say that it might be.
    zfs create -o imgadm:ignore=true "$pool/$vm"
    root=$(home "$pool/$vm")/root
    mkdir -p "$root"/{bin,usr/bin,run,proc,dev,etc,tmp}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for name in sh cat mv rm ls sleep kill; do ln -s busybox "$root/bin/$name"; done
    ln -s ../../bin/busybox "$root/usr/bin/env"
    echo before > "$root/etc/state"
    cp "$work/noise" "$root/noise"
    cat > "$work/script" <<'SCRIPT'
#!/bin/sh
mdata-put prepare-image:state running
echo prepared > /etc/state
rm /noise
sleep 0.1
mdata-put prepare-image:state success
SCRIPT
}

# tree FOLDER: what is below it, without times that depend on when it was made
tree() {
    tar -C "$1" --sort=name --numeric-owner --mtime=@0 -cf - . 2>/dev/null | sha1sum
}

# world: all that imgadm keeps, in lines: datasets and whether they are mounted, files, what it lists
world() {
    local name path
    zfs list -H -t filesystem,snapshot,volume -r -o name,origin,mounted "$pool" | sort
    while IFS=$'\t' read -r name path; do
        [[ $path != /* || $(findmnt -n -o TARGET "$path") != "$path" ]] || echo "tree $name $(tree "$path")"
    done < <(zfs list -H -t filesystem -r -o name,mountpoint "$pool" | sed 1d)
    (cd "$IMGADM_ROOT" && find . ! -type d ! -name imgadm.log | sort)
    find /var/tmp /run -maxdepth 2 \( -name '*imgadm-scratch*' -o -name '*imgadm*' ! -type d \) 2>/dev/null | sort
    imgadm list -Ho uuid,name,version | sort
}

# whole: the images that imgadm lists at this moment have their snapshots and names. (update is there for those that have
# lost their names.)
whole() {
    local id name
    imgadm list -Ho uuid,name > "$work/listed" 2> "$work/listed.err" || { cat "$work/listed.err"; return 1; }
    while read -r id name; do
        [[ $name != - || ${command[1]} == update ]] || { echo "listed without a name: $id"; return 1; }
        zfs list -H -o name "$pool/$id@final" > /dev/null || { echo "listed without a snapshot: $id"; return 1; }
    done < "$work/listed"
}

# forget: no images, no records, nothing of imgadm's but its sources. Done without imgadm, so that it always works.
forget() {
    local name
    while read -r name; do
        [[ $name == "$pool/${vm-}" ]] || zfs_destroy "$name"
    done < <(zfs list -H -t filesystem,volume -r -o name "$pool" | grep "^$pool/" | sort -r)
    find "$IMGADM_ROOT" -mindepth 1 -delete
    mkdir -p "$IMGADM_ROOT/var/imgadm"
    printf '{"sources":[{"type":"imgapi","url":"%s"}],"upgradedToVer":"3.0.0"}\n' "$url" > "$IMGADM_ROOT/var/imgadm/imgadm.conf"
}
