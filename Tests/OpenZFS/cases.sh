# shellcheck shell=bash
# shellcheck disable=SC2154 # $pool, $work and $url come from platform.sh and images.sh
# The platform tests. Each is a function that fails with its first failing command; `!` is avoided, for bash does not
# count a negated command as a failure.

# ---------------------------------------------------------------- install

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
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" | packed gzip image.gz
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
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" | packed gzip image.gz
    manifest "$id" image.gz fs "origin:\"$origin\"" > image.json
    status 3 imgadm install -m image.json -f image.gz
    grep -q '(OriginNotInstalled)' err
    is_gone "$id"
}

test_install_on_no_such_pool() {
    local id
    id=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" | packed gzip image.gz
    manifest "$id" image.gz fs > image.json
    status 1 imgadm install -P nosuchpool -m image.json -f image.gz
    grep -q nosuchpool err
    is_gone "$id"
}

# ---------------------------------------------------------------- properties that come with a stream

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
        [[ -z $(zfs get -H -o property -s received,local all "$pool/$id") ]]
        # Not for a moment, either: all that ever was done to it.
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

# ---------------------------------------------------------------- volumes

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

test_zvol_install_and_clone() {
    volume_chain
    status 0 imgadm install -m base.json -f base.gz
    is_image "$base"
    [[ $(zfs get -H -o value type "$pool/$base") == volume ]]
    zfs clone "$pool/$base@final" "$pool/$(uuid)-disk0"
    [[ $(volume_sum "$(zfs list -H -o name -t volume | grep -e -disk0)") == "$base_sum" ]]
}

test_zvol_incremental() {
    volume_chain
    status 0 imgadm install -m base.json -f base.gz
    status 0 imgadm install -m child.json -f child.gz
    is_image "$base"
    is_image "$child"
    [[ $(zfs get -H -o value origin "$pool/$child") == "$pool/$base@final" ]]
    zfs clone "$pool/$child@final" "$pool/vm"
    [[ $(volume_sum "$pool/vm") == "$child_sum" ]]
}

test_zvol_list_get_and_delete() {
    local vm
    volume_chain
    vm=$(uuid)
    imgadm install -q -m base.json -f base.gz
    zfs clone "$pool/$base@final" "$pool/$vm-disk0"
    status 0 imgadm list -H -o uuid,name,type,clones
    grep -qxE "$base +volume +zvol +1" out
    [[ $(wc -l < out) == 1 ]]
    status 0 imgadm get -r "$base"
    grep -q "\"$pool/$vm-disk0\"" out
    status 1 imgadm delete "$base"
    grep -q '(ImageHasDependentClones)' err
    is_image "$base"
    zfs destroy "$pool/$vm-disk0"
    udevadm settle -t 10
    status 0 imgadm delete "$base"
    grep -qxF "Deleted image $base" out
    is_gone "$base"
}

test_zvol_import_chain() {
    volume_chain
    mkdir -p server/images
    mv base.json "server/images/$base.json"
    mv base.gz "server/images/$base.file"
    mv child.json "server/images/$child.json"
    mv child.gz "server/images/$child.file"
    serve
    status 0 imgadm import -S "$url" "$child"
    is_image "$base"
    is_image "$child"
    zfs clone "$pool/$child@final" "$pool/vm"
    [[ $(volume_sum "$pool/vm") == "$child_sum" ]]
}

# ---------------------------------------------------------------- a chain of file systems, three deep

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

test_chain_import() {
    local vm
    served_chain
    status 0 imgadm sources -a "$url"
    status 0 imgadm sources -d https://images.smartos.org
    status 0 imgadm import "${chain[2]}"
    grep -qF "Imported image ${chain[2]} (step2@1.0.0)" out
    is_image "${chain[0]}"
    is_image "${chain[1]}"
    is_image "${chain[2]}"
    [[ $(zfs get -H -o value origin "$pool/${chain[2]}") == "$pool/${chain[1]}@final" ]]
    [[ $(zfs get -H -o value origin "$pool/${chain[1]}") == "$pool/${chain[0]}@final" ]]

    status 0 imgadm ancestry -H -o uuid "${chain[2]}"
    diff out - <<< "${chain[2]}"$'\n'"${chain[1]}"$'\n'"${chain[0]}"

    vm=$(uuid)
    zfs clone "$pool/${chain[2]}@final" "$pool/$vm"
    [[ $(folder_sum "/tmp/platform/$pool/$vm") == "$sum" ]]
    status 0 imgadm get -r "${chain[2]}"
    grep -q "\"$pool/$vm\"" out

    status 0 imgadm import -S "$url" "${chain[2]}"
    grep -qF "Image ${chain[2]} (step2 1.0.0) is already installed, skipping" out
}

test_chain_import_over_half_done_work() {
    served_chain
    # what a killed import can leave behind
    zfs create "$pool/${chain[0]}-partial"
    zfs create "$pool/${chain[2]}-partial"
    status 0 imgadm import -S "$url" "${chain[2]}"
    is_image "${chain[0]}"
    is_image "${chain[1]}"
    is_image "${chain[2]}"
}

test_chain_by_name_with_sizes_and_a_check() {
    local used unique referenced
    served_chain
    status 0 imgadm sources -a "$url"
    status 0 imgadm sources -d https://images.smartos.org
    status 0 imgadm import step2
    status 0 imgadm list --tree -Ho name,used,unique,referenced
    grep -q '^step0 ' out
    grep -q -- '- step1 ' out
    read -r _ used unique referenced < <(grep '^step0 ' out)
    [[ $used == "$(zfs get -Hpo value used "$pool/${chain[0]}")" ]]
    [[ $referenced == "$(zfs get -Hpo value referenced "$pool/${chain[0]}")" ]]
    ((unique <= used && unique > 0))
    status 0 imgadm check
    grep -qxF 'Everything is in order' out
    zfs create "$pool/$(uuid)-partial"
    status 1 imgadm check
    grep -q '(ProblemsFound)' err
    status 0 imgadm check --repair
    status 0 imgadm check
    is_image "${chain[0]}"
    status 0 imgadm get step1@1.0.0
    status 0 imgadm delete step2 "${chain[1]:0:13}" step0
    is_gone "${chain[0]}"
}

test_chain_delete_from_the_top() {
    local id
    served_chain
    imgadm import -q -S "$url" "${chain[2]}"
    status 1 imgadm delete "${chain[0]}"
    grep -q '(ImageHasDependentClones)' err
    for id in "${chain[2]}" "${chain[1]}" "${chain[0]}"; do
        status 0 imgadm delete "$id"
        is_gone "$id"
    done
    status 0 imgadm list
    [[ ! -s out ]]
}

test_chain_five_imports_at_once() {
    local n pids=()
    served_chain
    for n in 1 2 3 4 5; do
        imgadm import -q -S "$url" "${chain[2]}" > "out$n" 2>&1 &
        pids+=($!)
    done
    for n in "${pids[@]}"; do wait "$n"; done
    is_image "${chain[0]}"
    is_image "${chain[1]}"
    is_image "${chain[2]}"
}

# ---------------------------------------------------------------- what is not an image

test_vm_is_not_an_image() {
    local vm
    served_chain
    imgadm import -q -S "$url" "${chain[0]}"
    vm=$(uuid)
    zfs clone "$pool/${chain[0]}@final" "$pool/$vm"
    status 0 imgadm list -H -o uuid
    diff out - <<< "${chain[0]}"
    status 3 imgadm get "$vm"
    [[ ! -s out ]]
    grep -q '(ImageNotInstalled)' err
    status 3 imgadm delete "$vm"
    zfs list "$pool/$vm"
    status 3 imgadm ancestry "$vm"
}

test_unknown_image() {
    status 3 imgadm get "$(uuid)"
    status 3 imgadm delete "$(uuid)"
    status 0 imgadm list
    [[ ! -s out ]]
}

# ---------------------------------------------------------------- refused deletions

# face UUID: what must be of an image as it was when its deletion was refused
face() {
    udevadm settle -t 20
    zfs get -Hp -o property,value,source \
        type,guid,createtxg,origin,mounted,mountpoint,canmount,readonly,volmode "$pool/$1"
    zfs get -Hp -o name,value guid,createtxg,userrefs "$pool/$1@final"
    if [[ $(zfs get -H -o value type "$pool/$1") == volume ]]; then
        if [[ -b /dev/zvol/$pool/$1 ]]; then echo "a device"; else echo "no device"; fi
    else
        findmnt -n -o TARGET,SOURCE,OPTIONS -S "$pool/$1"
    fi
}

# as_it_was UUID FACE: an image whose deletion was refused: its face, its record, its name, and clones can be made of it
as_it_was() {
    is_image "$1"
    diff <(echo "$2") <(face "$1")
    zfs clone "$pool/$1@final" "$pool/of-it"
    udevadm settle -t 20
    zfs destroy "$pool/of-it"
}

# refused UUID TEXT…: delete and vacuum leave the image, and say why
refused() {
    local id=$1 before text
    shift
    before=$(face "$id")
    status 1 imgadm delete "$id"
    for text; do grep -qF -e "$text" err; done
    as_it_was "$id" "$before"
    status 1 imgadm vacuum -f
    for text; do grep -qF -e "$text" err; done
    as_it_was "$id" "$before"
}

test_refused_delete_of_an_open_volume() {
    local id
    volume_chain
    id=$base
    status 0 imgadm install -q -m base.json -f base.gz
    udevadm settle -t 20
    exec 7< "/dev/zvol/$pool/$id"
    refused "$id" DatasetBusy "process $BASHPID"
    exec 7<&-
    udevadm settle -t 20
    zfs set volmode=dev "$pool/$id"
    udevadm settle -t 20
    exec 7< "/dev/zvol/$pool/$id"
    refused "$id" DatasetBusy "process $BASHPID"
    exec 7<&-
    udevadm settle -t 20
    [[ $(volume_sum "$pool/$id") == "$base_sum" ]]
    status 0 imgadm delete "$id"
    is_gone "$id"
}

test_refused_delete_of_a_volume_that_the_kernel_uses() {
    local loop
    modprobe loop
    udevadm settle -t 20
    volume_chain
    status 0 imgadm install -q -m base.json -f base.gz
    udevadm settle -t 20
    loop=$(losetup -f --show "$(readlink -f "/dev/zvol/$pool/$base")")
    refused "$base" DatasetBusy "$loop"
    losetup -d "$loop"
    udevadm settle -t 20
    status 0 imgadm delete "$base"
    is_gone "$base"
}

test_refused_delete_of_a_file_system_mounted_elsewhere() {
    local id other
    id=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" | packed gzip image.gz
    manifest "$id" image.gz fs > image.json
    status 0 imgadm install -q -m image.json -f image.gz
    unshare -m --propagation private sleep 300 &
    other=$!
    sleep 0.5
    refused "$id" DatasetBusy "in the namespace of process"
    kill "$other"
    wait "$other" || true
    status 0 imgadm delete "$id"
    is_gone "$id"
}

test_refused_delete_of_a_held_image() {
    volume_chain
    status 0 imgadm install -q -m base.json -f base.gz
    zfs hold keep "$pool/$base@final"
    refused "$base" DatasetBusy "zfs holds $pool/$base@final"
    zfs release keep "$pool/$base@final"
    status 0 imgadm delete "$base"
}

test_a_promoted_vm_is_no_image() {
    local vm before
    volume_chain
    vm=$(uuid)
    status 0 imgadm install -q -m base.json -f base.gz
    zfs clone "$pool/$base@final" "$pool/$vm"
    write_volume "$pool/$vm" "years of work"
    zfs promote "$pool/$vm"
    # The image is a clone of the VM now.
    status 1 imgadm delete "$vm"
    grep -qF ImageHasDependentClones err
    zfs destroy "$pool/$base"
    before=$(face "$vm")
    status 1 imgadm delete "$vm"
    grep -qF NotAnImage err
    imgadm vacuum -f
    imgadm check --repair || true
    diff <(echo "$before") <(face "$vm")
    [[ $(head -c 5 "/dev/zvol/$pool/$vm") == years ]]
}

# killed_at VERB COMMAND…: the command is killed when it is about to have zfs do that
killed_at() {
    local verb=$1 got=0
    shift
    mkdir -p "$work/bin"
    cat > "$work/bin/zfs" <<KILLER
#!/bin/bash
[[ \$1 != $verb ]] || { kill -9 "\$(cat $work/pid)"; exit 1; }
exec $(type -P zfs) "\$@"
KILLER
    chmod +x "$work/bin/zfs"
    # shellcheck disable=SC2016 # for that shell
    PATH=$work/bin:$PATH bash -c 'echo $$ > "$0/pid"; exec "$@"' "$work" "$@" || got=$?
    ((got == 137))
}

# repaired UUID: check tells of the image, and mends it; that this machine's sources do not answer is another matter
repaired() {
    status 1 imgadm check
    grep -q "^problem: image $1 " out
    imgadm check --repair > out || true
    grep -q "^repaired: image $1 " out
    imgadm check > out || true
    if grep -F "$1" out; then return 1; fi
}

test_delete_of_a_volume_killed_before_the_rename() {
    local before
    volume_chain
    status 0 imgadm install -q -m base.json -f base.gz
    before=$(face "$base")
    killed_at rename imgadm delete "$base"
    [[ $(zfs get -H -o value volmode "$pool/$base") == none ]]
    repaired "$base"
    as_it_was "$base" "$before"
    [[ $(volume_sum "$pool/$base") == "$base_sum" ]]
    killed_at rename imgadm delete "$base"
    status 0 imgadm delete "$base"
    is_gone "$base"
}

test_delete_of_a_volume_killed_before_the_rename_then_imported() {
    local before
    volume_chain
    mkdir -p server/images
    cp base.json "server/images/$base.json"
    cp base.gz "server/images/$base.file"
    serve
    status 0 imgadm import -q -S "$url" "$base"
    before=$(face "$base")
    killed_at rename imgadm delete "$base"
    status 0 imgadm import -q -S "$url" "$base"
    as_it_was "$base" "$before"
}

# The device stays while it is open, whatever the property says.
test_delete_of_a_volume_killed_with_its_device_open() {
    volume_chain
    status 0 imgadm install -q -m base.json -f base.gz
    udevadm settle -t 20
    exec 7< "/dev/zvol/$pool/$base"
    zfs set volmode=none "$pool/$base"
    sleep 1
    [[ -b /dev/zvol/$pool/$base ]]
    status 1 imgadm delete "$base"
    grep -qF DatasetBusy err
    is_image "$base"
    exec 7<&-
    status 0 imgadm delete "$base"
    is_gone "$base"
}

test_delete_of_a_file_system_killed_before_the_rename() {
    local id before
    id=$(uuid)
    filled "$pool/src"
    zfs snapshot "$pool/src@final"
    zfs send "$pool/src@final" | packed gzip image.gz
    manifest "$id" image.gz fs > image.json
    status 0 imgadm install -q -m image.json -f image.gz
    before=$(face "$id")
    killed_at rename imgadm delete "$id"
    [[ $(zfs get -H -o value mounted "$pool/$id") == no ]]
    repaired "$id"
    as_it_was "$id" "$before"
    killed_at rename imgadm delete "$id"
    status 0 imgadm delete "$id"
    is_gone "$id"
}

# ---------------------------------------------------------------- create

test_create_of_a_kvm_vm_is_of_its_first_disk() {
    local vm id sum
    volume_chain
    vm=$(uuid)
    imgadm install -q -m base.json -f base.gz
    zfs create "$pool/$vm"
    zfs clone "$pool/$base@final" "$pool/$vm-disk0"
    write_volume "$pool/$vm-disk0" "what the VM wrote"
    sum=$(volume_sum "$pool/$vm-disk0")
    machine "$vm" kvm stopped "$pool/$vm" "$base" "$pool/$vm-disk0"
    status 0 imgadm create -i -c gzip -o made "$vm" name=web version=1
    grep -qxF "Inheriting from origin image $base (volume 1.0.0)" out
    [[ -s made.zvol.gz ]]
    grep -q '"brand": "kvm"' made.imgmanifest
    grep -q '"image_size": 32' made.imgmanifest
    [[ -z $(zfs list -H -o name -t snapshot -r "$pool/$vm-disk0" "$pool/$vm") ]]
    status 0 imgadm install -m made.imgmanifest -f made.zvol.gz
    id=$(sed -n 's/^  "uuid": "\(.*\)",$/\1/p' made.imgmanifest)
    is_image "$id"
    zfs clone "$pool/$id@final" "$pool/again"
    [[ $(volume_sum "$pool/again") == "$sum" ]]
}

test_create_of_a_bhyve_vm_with_a_script_and_a_quota() {
    local vm sum before
    volume_chain
    vm=$(uuid)
    imgadm install -q -m base.json -f base.gz
    zfs create -o quota=64M "$pool/$vm"
    zfs clone "$pool/$base@final" "$pool/$vm/disk0"
    echo before > "/tmp/platform/$pool/$vm/state"
    sum=$(volume_sum "$pool/$vm/disk0")
    before=$(folder_sum "/tmp/platform/$pool/$vm")
    machine "$vm" bhyve running "$pool/$vm" "$base" "$pool/$vm/disk0"
    cat > script <<SCRIPT
mdata-put prepare-image:state running
zfs get -H -o value quota $pool/$vm > $work/quota
yes prepared | head -c 1M > /dev/zvol/$pool/$vm/disk0
echo after > /tmp/platform/$pool/$vm/state
mdata-put prepare-image:state success
SCRIPT
    udevadm settle -t 20
    status 0 imgadm create -s script -c zstd -o made "$vm" name=web version=1
    grep -qxF "Restarting VM $vm (cleanup)" out
    [[ $(cat quota) == none && $(zfs get -H -o value quota "$pool/$vm") == 64M ]]
    [[ $(volume_sum "$pool/$vm/disk0") == "$sum" ]]
    [[ $(folder_sum "/tmp/platform/$pool/$vm") == "$before" ]]
    [[ -z $(zfs list -H -o name -t snapshot -r "$pool/$vm") && $(cat vm/state) == running && ! -e vm/script ]]
    grep -q '"bootrom": "uefi"' made.imgmanifest
    zstd -dc made.zvol.zst | zfs receive "$pool/again"
    volume_sum "$pool/again" > /dev/null
    [[ $(head -c 8 "/dev/zvol/$pool/again") == prepared ]]
}
