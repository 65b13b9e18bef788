import ImageModel
import SystemPackage
import TestHost

/// The files of servers of simplestreams, below `www` of a sandbox.
enum StreamsSite {
    /// Debian's name for the processor of this machine, and of another.
    static let host = OCIPlatform.host.architecture
    static let other = host == "arm64" ? "amd64" : "arm64"

    /// What scripts of these tests have in common: `item TYPE PATH [MORE]` is an item of a list, `index PATH PRODUCT` an index.
    private static let functions = """
        set -e -o pipefail
        item() {
            printf '"%s": {"ftype": "%s", "path": "%s", "size": %s, "sha256": "%s"%s}' "$1" "$1" "$2" \\
                "$(stat -c %s "www/$site$2")" "$(sha256sum < "www/$site$2" | cut -d' ' -f1)" "$3"
        }
        list() { printf '{"format": "products:1.0", "datatype": "image-downloads", "products": {%s}}' "$1"; }
        index() {
            printf '{"format": "index:1.0", "index": {
                "ids": {"datatype": "image-ids", "path": "streams/v1/ids.json", "products": ["a"]},
                "images": {"datatype": "image-downloads", "path": "%s", "format": "products:1.0", "products": ["%s"]}}}' "$@"
        }
        """

    static func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
        try await box.shell("\(functions)\ncd \(box.root)\n\(script)")
    }

    /// As LXC and incus have it: two versions of one product, a container alone of the newer one, and a container for other
    /// processors. The files of the roots are in `old`, `new` and `foreign`, the disk is `disk.raw`.
    static let incus = """
        at=images/debian/trixie/\(host)/cloud
        mkdir -p www/streams/v1 www/$at/20250813_05:24 www/$at/20250814_05:24 www/images/other
        for tree in old new foreign; do
            mkdir -p $tree/usr/lib $tree/etc
            printf 'ID=debian\\nVERSION_ID="13"\\n' > $tree/usr/lib/os-release
            echo $tree > $tree/etc/hostname
            chown 12:13 $tree/etc
        done
        seq 1 50000 > new/usr/lib/numbers
        tar -C old -cJf www/$at/20250813_05:24/rootfs.tar.xz .
        tar -C new -cJf www/$at/20250814_05:24/rootfs.tar.xz .
        tar -C foreign -cJf www/images/other/rootfs.tar.xz .
        echo squashed > www/$at/20250814_05:24/rootfs.squashfs
        echo metadata > www/$at/20250814_05:24/incus.tar.xz
        truncate -s 12M disk.raw
        seq 1 300000 | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
        qemu-img convert -f raw -O qcow2 disk.raw www/$at/20250813_05:24/disk.qcow2
        fields='"os": "Debian", "release": "trixie", "release_title": "trixie", "version": "13", "variant": "cloud"'
        aliases='"aliases": "debian/trixie/cloud,debian/13/cloud"'
        old="\\"20250813_05:24\\": {\\"items\\": {$(item root.tar.xz $at/20250813_05:24/rootfs.tar.xz),
            $(item disk-kvm.img $at/20250813_05:24/disk.qcow2)}}"
        new="\\"20250814_05:24\\": {\\"items\\": {$(item incus.tar.xz $at/20250814_05:24/incus.tar.xz),
            $(item squashfs $at/20250814_05:24/rootfs.squashfs), $(item root.tar.xz $at/20250814_05:24/rootfs.tar.xz)}}"
        foreign="\\"20250814_05:24\\": {\\"items\\": {$(item root.tar.xz images/other/rootfs.tar.xz)}}"
        list "
            \\"debian:trixie:\(host):cloud\\": {$fields, $aliases, \\"arch\\": \\"\(host)\\", \\"support_eol\\": \\"2030-06-30\\",
                \\"versions\\": {$old, $new}},
            \\"debian:trixie:\(other):cloud\\": {$fields, $aliases, \\"arch\\": \\"\(other)\\", \\"versions\\": {$foreign}}" \\
            > www/streams/v1/images.json
        index streams/v1/images.json debian:trixie:\(host):cloud > www/streams/v1/index.json
        """

    /// As Ubuntu has it: below a folder of the server, one disk.
    static let ubuntu = """
        site=releases/
        at=server/releases/noble/release-20250805
        mkdir -p www/releases/streams/v1 www/releases/$at
        truncate -s 12M disk.raw
        seq 1 300000 | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
        qemu-img convert -f raw -O qcow2 -c disk.raw www/releases/$at/disk.img
        echo manifest > www/releases/$at/image.manifest
        list "\\"com.ubuntu.cloud:server:24.04:\(host)\\": {\\"aliases\\": \\"24.04,default,lts,n,noble\\", \\"arch\\": \\"\(host)\\",
            \\"os\\": \\"ubuntu\\", \\"release\\": \\"noble\\", \\"release_title\\": \\"24.04 LTS\\", \\"version\\": \\"24.04\\",
            \\"versions\\": {\\"20250805\\": {\\"label\\": \\"release\\", \\"items\\": {
                $(item manifest $at/image.manifest), $(item disk1.img $at/disk.img ', "md5": "00"')}}}}" \\
            > www/releases/streams/v1/com.ubuntu.cloud:released:download.json
        index streams/v1/com.ubuntu.cloud:released:download.json com.ubuntu.cloud:server:24.04:\(host) \\
            > www/releases/streams/v1/index.json
        """
}
