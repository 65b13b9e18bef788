# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of platform.sh and images.sh
# What docs/first-image.md tells a newcomer to type for the disk of a virtual machine. FirstImageTests has the rest of it.

test_first_image_of_a_machine() {
    local lines
    truncate -s 64M debian-13-genericcloud-amd64-1.raw
    head -c 4M /dev/urandom | dd of=debian-13-genericcloud-amd64-1.raw bs=1M seek=20 conv=notrunc status=none
    status 0 imgadm import -q ./debian-13-genericcloud-amd64-1.raw
    lines=$(sed -n 's/^    //p' "$here/first-image.md" | grep -e '^disk=' -e 'tank/vm1' | grep -v '^qemu')
    [[ $(wc -l <<< "$lines") == 3 ]]
    # shellcheck disable=SC1090 # the page's own words
    source <(sed "s|tank/|$pool/|g; s|-P tank|-P $pool|g" <<< "$lines")
    [[ $(zfs get -Hp -o value volsize "$pool/vm1") == $((20 << 30)) ]]
    volume_device "$pool/vm1"
    cmp -n $((64 << 20)) "/dev/zvol/$pool/vm1" debian-13-genericcloud-amd64-1.raw
}
