# shellcheck shell=bash
# shellcheck disable=SC2154 # $pool and $work come from platform.sh
# A stand-in for vmadm, which exists on SmartOS alone: one VM, in files below $work/vm. To start it is to run its
# operator-script.

# machine UUID BRAND STATE DATASET IMAGE [DISK-DATASET]: makes the VM, and vmadm known
machine() {
    mkdir -p "$work/vm/meta" "$work/bin"
    printf '%s\n' "$1" > "$work/vm/uuid"
    printf '%s\n' "$2" > "$work/vm/brand"
    printf '%s\n' "$3" > "$work/vm/state"
    printf '%s\n' "$4" > "$work/vm/dataset"
    printf '%s\n' "$5" > "$work/vm/image"
    printf '%s\n' "${6-}" > "$work/vm/disk"
    cat > "$work/bin/vmadm" <<'STAND_IN'
#!/bin/bash
set -euo pipefail
vm=$VM
get() { cat "$vm/$1"; }
case $1 in
    get)
        disks=''
        if [[ -n $(get disk) ]]; then
            disks="{\"path\": \"/dev/zvol/$(get disk)\", \"zfs_filesystem\": \"$(get disk)\", \"image_uuid\": \"$(get image)\", \"boot\": true}"
        fi
        meta=''
        for file in "$vm"/meta/*; do
            [[ ! -e $file ]] || meta+="${meta:+, }\"${file##*/}\": \"$(cat "$file")\""
        done
        internal=''
        [[ ! -e $vm/script.json ]] || internal="\"operator-script\": \"$(cat "$vm/script.json")\""
        printf '{"uuid": "%s", "brand": "%s", "state": "%s", "zfs_filesystem": "%s", "image_uuid": "%s", "bootrom": "uefi", "disks": [%s], "customer_metadata": {%s}, "internal_metadata": {%s}}\n' \
            "$(get uuid)" "$(get brand)" "$(get state)" "$(get dataset)" "$(get image)" "$disks" "$meta" "$internal"
        ;;
    start)
        echo running > "$vm/state"
        if [[ -e $vm/script ]]; then
            (
                PATH=$vm/../bin:$PATH setsid bash "$vm/script" < /dev/null > /dev/null 2>&1
                echo stopped > "$vm/state"
            ) > /dev/null 2>&1 &
        fi
        ;;
    stop) echo stopped > "$vm/state" ;;
    update)
        wanted=$(cat)
        if [[ $wanted == *'"set_internal_metadata":{"operator-script":"'* ]]; then
            text=${wanted#*'"operator-script":"'}
            printf '%s' "${text%%'"}'*}" > "$vm/script.json"
            printf '%b' "${text%%'"}'*}" > "$vm/script"
        fi
        if [[ $wanted == *'"remove_internal_metadata"'* ]]; then rm -f "$vm/script" "$vm/script.json"; fi
        if [[ $wanted == *'prepare-image:state'* ]]; then rm -f "$vm"/meta/prepare-image:*; fi
        ;;
esac
STAND_IN
    # shellcheck disable=SC2016 # for mdata-put to expand
    printf '#!/bin/bash\nprintf %%s "$2" > "$VM/meta/$1"\n' > "$work/bin/mdata-put"
    chmod +x "$work/bin/vmadm" "$work/bin/mdata-put"
    export VM=$work/vm PATH=$work/bin:$PATH
}
