# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# What somebody puts to an image while it is deleted stays, and the image with it. ArrivalTests has more of these on zfs-fuse.

# arriving CALL ACT COMMAND…: runs it, with ACT done before the first call of zfs that fits CALL; in ACT, $it is where the image is then
arriving() {
    local call=$1 act=$2 real
    shift 2
    real=$(command -v zfs)
    mkdir -p arriving
    cat > arriving/zfs << END
#!/bin/bash
it=$pool/$id
! $real list "\$it-partial" > /dev/null 2>&1 || it=\$it-partial
case "\$*" in $call) if mkdir "$PWD/arrived" 2> /dev/null; then PATH=\${PATH#*:}; $act; fi ;; esac
exec $real "\$@"
END
    chmod +x arriving/zfs
    rm -rf arrived
    PATH=$PWD/arriving:$PATH "$@"
}

# stays CALL: each kind of arrival before that call, and once it is gone, the image goes
stays() {
    local call=$1 kind id name
    declare -A act=(
        [snapshot]="zfs snapshot \$it@mine" [clone]="zfs clone \$it@final $pool/clone" [hold]="zfs hold keep \$it@final"
    )
    for kind in snapshot clone hold; do
        # What comes when all has been looked at finds @final gone.
        [[ $kind:$call != snapshot:destroy* ]] || continue
        id=$(uuid)
        name=$pool/$id
        manifest "$id" image.gz fs > image.json
        status 0 imgadm install -q -m image.json -f image.gz
        status 1 arriving "$call" "${act[$kind]}" imgadm delete "$id"
        [[ -d arrived ]]
        status 0 imgadm list -H -o uuid
        grep -qxF "$id" out
        [[ $(zfs get -H -o value mounted "$name") == yes ]]
        case $kind in
            snapshot) zfs destroy "$name@mine" ;;
            clone) zfs destroy "$pool/clone" ;;
            hold) zfs release keep "$name@final" ;;
        esac
        status 0 imgadm delete "$id"
        is_gone "$id"
    done
}

test_delete_of_what_something_comes_to() {
    local call
    packed_file_system
    for call in 'rename*' 'get*-r*-partial' 'destroy*'; do stays "$call"; done
}

test_delete_that_died_before_a_clone_came() {
    local id
    installed_file_system
    status 137 arriving 'destroy*' "zfs clone \$it@final $pool/clone; kill -9 \$PPID; exit 1" imgadm delete "$id"
    status 1 imgadm delete "$id"
    grep -qF ImageHasDependentClones err
    status 0 imgadm list -H -o uuid
    grep -qxF "$id" out
    zfs destroy "$pool/clone"
    status 0 imgadm delete "$id"
    is_gone "$id"
}
