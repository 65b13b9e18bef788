# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# What docs/recipes/kvm-host.md tells one to type, line by line, but for what needs a machine of its own: packages, pools, sources
# of others, and QEMU.

test_recipe_of_a_kvm_host() {
    local lines line
    mkdir -p server/images images
    serve
    status 0 imgadm sources -d https://images.smartos.org
    status 0 imgadm sources -a "$url"
    truncate -s 64M disk.raw
    head -c 4M /dev/urandom | dd of=disk.raw bs=1M seek=20 conv=notrunc status=none
    status 0 imgadm convert -q -o made disk.raw name=made version=1
    status 0 imgadm export -q -o debian-13-genericcloud-amd64-20250814-2204.qcow2 made.zvol.gz
    lines=$(sed -n 's/^    //p' "$here/kvm-host.md" | grep -E '^(imgadm|uuid=|vm=|zfs|ls) ?' | grep -v ubuntu)
    lines+=$'\n'$(grep -o 'zfs set volsize=[^`]*' "$here/kvm-host.md")
    [[ $(wc -l <<< "$lines") == 15 ]]
    lines=${lines//https:*cloud.debian.org*qcow2/./debian-13-genericcloud-amd64-20250814-2204.qcow2}
    lines=${lines//http:\/\/images.example.com/$url}
    lines=${lines//\/images/$work/images}
    lines=${lines//zones/$pool}
    while IFS= read -r line; do
        # The disk has grown before an image is made of it.
        [[ $line != 'ls '* ]] || volume_device "$pool/$vm"
        # shellcheck disable=SC1090 # the page's own words
        source <(printf '%s\n' "$line")
    done < <(grep -v -e '^imgadm create' -e '^imgadm publish' <<< "$lines"; grep -e '^imgadm create' -e '^imgadm publish' <<< "$lines")
    [[ $(zfs get -Hp -o value volsize "$pool/$vm") == $((20 << 30)) ]]
    cmp -n $((64 << 20)) "/dev/zvol/$pool/$vm" disk.raw
    status 0 imgadm avail -Ho name,version,type
    grep -qE '^web +1.0.0 +zvol' out
}
