# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# Deletions that are refused or killed: the image is as it was.

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
    installed_volume
    id=$base
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
    installed_volume
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
    installed_file_system
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
    local before
    installed_volume
    zfs hold keep "$pool/$base@final"
    before=$(face "$base")
    status 1 imgadm delete "$base"
    grep -qF '(DatasetBusy)' err
    grep -qF "zfs holds $pool/$base@final" err
    as_it_was "$base" "$before"
    # Somebody wants it kept: that is nothing that went wrong.
    status 0 imgadm vacuum -f
    grep -qF "$base@final is held" out
    as_it_was "$base" "$before"
    zfs release keep "$pool/$base@final"
    status 0 imgadm delete "$base"
}

# killed_at CALL COMMAND…: the command is killed when it is about to have zfs do that (CALL: a pattern, e.g. 'rename *')
killed_at() {
    local call=${1// /\\ } got=0
    shift
    mkdir -p "$work/bin"
    cat > "$work/bin/zfs" <<KILLER
#!/bin/bash
[[ "\$*" != $call ]] || { kill -9 "\$(cat $work/pid)"; exit 1; }
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
    installed_volume
    before=$(face "$base")
    killed_at 'rename *' imgadm delete "$base"
    [[ $(zfs get -H -o value volmode "$pool/$base") == none ]]
    repaired "$base"
    as_it_was "$base" "$before"
    [[ $(volume_sum "$pool/$base") == "$base_sum" ]]
    killed_at 'rename *' imgadm delete "$base"
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
    killed_at 'rename *' imgadm delete "$base"
    status 0 imgadm import -q -S "$url" "$base"
    as_it_was "$base" "$before"
}

# The first of these steps writes down what the last one puts back.
test_delete_of_a_volume_with_a_mode_of_its_own_killed() {
    local before step mode
    volume_chain
    mkdir -p server/images
    cp base.json "server/images/$base.json"
    cp base.gz "server/images/$base.file"
    serve
    status 0 imgadm import -q -S "$url" "$base"
    for mode in dev full none; do
        zfs set "volmode=$mode" "$pool/$base"
        before=$(face "$base")
        for step in 'set volmode=none *' 'rename *'; do
            # Without a device, there is nothing to be taken away.
            [[ $mode != none || $step == rename* ]] || continue
            killed_at "$step" imgadm delete "$base"
            if [[ $mode == none ]]; then
                imgadm check > out || true
                if grep -F "$base" out; then return 1; fi
            else
                repaired "$base"
            fi
            as_it_was "$base" "$before"
            killed_at "$step" imgadm delete "$base"
            status 0 imgadm import -q -S "$url" "$base"
            as_it_was "$base" "$before"
        done
    done
    status 0 imgadm delete "$base"
    is_gone "$base"
}

# The device stays while it is open, whatever the property says: a deletion was killed just after it had set that.
test_delete_of_a_volume_killed_with_its_device_open() {
    local before
    installed_volume
    before=$(face "$base")
    exec 7< "/dev/zvol/$pool/$base"
    zfs set imgadm:volmode=inherited "$pool/$base"
    zfs set volmode=none "$pool/$base"
    sleep 1
    [[ -b /dev/zvol/$pool/$base ]]
    status 1 imgadm delete "$base"
    grep -qF DatasetBusy err
    exec 7<&-
    imgadm check --repair || true
    as_it_was "$base" "$before"
    status 0 imgadm delete "$base"
    is_gone "$base"
}

test_refused_delete_of_what_cannot_be_mounted_again() {
    local id other
    installed_file_system
    mkdir front
    # shellcheck disable=SC2016 # for the shell of the script
    printf '#!/bin/bash\n[[ $1 != mount ]] || { echo "cannot mount: out of luck" >&2; exit 1; }\nexec %s "$@"\n' \
        "$(type -P zfs)" > front/zfs
    chmod +x front/zfs
    unshare -m --propagation private sleep 300 &
    other=$!
    sleep 0.5
    status 1 env "PATH=$work/front:$PATH" imgadm delete "$id"
    grep -qF DatasetBusy err
    grep -qF "in the namespace of process" err
    grep -qF "out of luck" err
    kill "$other"
    wait "$other" || true
    repaired "$id"
    status 0 imgadm delete "$id"
    is_gone "$id"
}

test_delete_of_a_file_system_killed_before_the_rename() {
    local id before
    installed_file_system
    before=$(face "$id")
    killed_at 'rename *' imgadm delete "$id"
    [[ $(zfs get -H -o value mounted "$pool/$id") == no ]]
    repaired "$id"
    as_it_was "$id" "$before"
    killed_at 'rename *' imgadm delete "$id"
    status 0 imgadm delete "$id"
    is_gone "$id"
}
