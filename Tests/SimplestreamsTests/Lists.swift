import ImageModel
import JSON
import Simplestreams

/// Lists as servers have them.
enum Lists {
    static func hash(_ digit: Character) -> String { String(repeating: digit, count: 64) }

    static func catalogue(_ text: String, of architecture: Architecture? = .amd64) throws -> Catalogue {
        var catalogue = Catalogue(of: architecture)
        try catalogue.add(Array(text.utf8), name: "images.json")
        return catalogue
    }

    /// A list of one product with one version of these items.
    static func items(_ items: String, version: String = "20250814_05:24") -> String {
        products(
            #""a:1:amd64:default": {"arch": "amd64", "os": "A", "version": "1", "versions": {"\#(version)": {"items": {\#(items)}}}}"#
        )
    }

    static func products(_ products: String) -> String {
        #"{"format": "products:1.0", "datatype": "image-downloads", "products": {\#(products)}}"#
    }

    static func item(_ fileType: String, _ digit: Character = "a", more: String = "") -> String {
        #""\#(fileType)": {"ftype": "\#(fileType)", "path": "x/\#(fileType)", "size": 7, "sha256": "\#(hash(digit))"\#(more)}"#
    }

    /// As on images.linuxcontainers.org.
    static let incus = """
        {"content_id": "images", "datatype": "image-downloads", "format": "products:1.0", "products": {
          "debian:trixie:amd64:cloud": {
            "aliases": "debian/trixie/cloud,debian/13/cloud", "arch": "amd64", "os": "Debian", "release": "trixie",
            "release_title": "trixie", "version": "13", "variant": "cloud", "requirements": {"secureboot": "false"},
            "lxd_requirements": {}, "support_eol": "2030-06-30",
            "versions": {
              "20250813_05:24": {"items": {
                "incus.tar.xz": {"ftype": "incus.tar.xz", "path": "images/debian/trixie/amd64/cloud/20250813_05:24/incus.tar.xz",
                  "sha256": "\(hash("0"))", "size": 900, "combined_rootxz_sha256": "\(hash("1"))",
                  "combined_sha256": "\(hash("1"))", "combined_squashfs_sha256": "\(hash("2"))",
                  "combined_disk-kvm-img_sha256": "\(hash("3"))"},
                "root.tar.xz": {"ftype": "root.tar.xz", "path": "images/debian/trixie/amd64/cloud/20250813_05:24/rootfs.tar.xz",
                  "sha256": "\(hash("4"))", "size": 100000},
                "root.squashfs": {"ftype": "squashfs", "path": "images/debian/trixie/amd64/cloud/20250813_05:24/rootfs.squashfs",
                  "sha256": "\(hash("5"))", "size": 110000},
                "disk.qcow2": {"ftype": "disk-kvm.img", "path": "images/debian/trixie/amd64/cloud/20250813_05:24/disk.qcow2",
                  "sha256": "\(hash("6"))", "size": 300000}}},
              "20250814_05:24": {"items": {
                "root.squashfs": {"ftype": "squashfs", "path": "images/debian/trixie/amd64/cloud/20250814_05:24/rootfs.squashfs",
                  "sha256": "\(hash("7"))", "size": 110001},
                "rootfs.20250813_05:24.vcdiff": {"ftype": "squashfs.vcdiff", "delta_base": "20250813_05:24",
                  "path": "images/debian/trixie/amd64/cloud/20250814_05:24/delta.vcdiff",
                  "sha256": "\(hash("8"))", "size": 5000}}}}},
          "debian:trixie:amd64:default": {
            "aliases": "debian/trixie/default,debian/trixie,debian/13/default,debian/13", "arch": "amd64", "os": "Debian",
            "release": "trixie", "release_title": "trixie", "version": "13", "variant": "default",
            "versions": {"20250814_05:24": {"items": {\(item("root.tar.xz", "b"))}}}},
          "debian:trixie:arm64:cloud": {
            "aliases": "debian/trixie/cloud,debian/13/cloud", "arch": "arm64", "os": "Debian", "release": "trixie",
            "release_title": "trixie", "version": "13", "variant": "cloud",
            "versions": {"20250814_05:24": {"items": {\(item("root.tar.xz", "c"))}}}}
        }}
        """

    /// As on cloud-images.ubuntu.com/releases.
    static let ubuntu = """
        {"content_id": "com.ubuntu.cloud:released:download", "datatype": "image-downloads", "format": "products:1.0",
         "license": "http://www.canonical.com/intellectual-property-policy", "products": {
          "com.ubuntu.cloud:server:24.04:amd64": {
            "aliases": "24.04,default,lts,n,noble", "arch": "amd64", "os": "ubuntu", "release": "noble",
            "release_codename": "Noble Numbat", "release_title": "24.04 LTS", "supported": true, "support_eol": "2029-05-31",
            "version": "24.04", "versions": {
              "20250805": {"label": "release", "pubname": "ubuntu-noble-24.04-amd64-server-20250805", "items": {
                "disk1.img": {"ftype": "disk1.img", "md5": "00",
                  "path": "server/releases/noble/release-20250805/ubuntu-24.04-server-cloudimg-amd64.img",
                  "sha256": "\(hash("1"))", "size": 600000},
                "lxd.tar.xz": {"ftype": "lxd.tar.xz", "combined_disk1-img_sha256": "\(hash("2"))",
                  "combined_squashfs_sha256": "\(hash("3"))",
                  "path": "server/releases/noble/release-20250805/ubuntu-24.04-server-cloudimg-amd64-lxd.tar.xz",
                  "sha256": "\(hash("4"))", "size": 400},
                "manifest": {"ftype": "manifest", "path": "server/x.manifest", "sha256": "\(hash("5"))", "size": 9},
                "ova": {"ftype": "ova", "path": "server/x.ova", "sha256": "\(hash("6"))", "size": 9},
                "squashfs": {"ftype": "squashfs",
                  "path": "server/releases/noble/release-20250805/ubuntu-24.04-server-cloudimg-amd64.squashfs",
                  "sha256": "\(hash("7"))", "size": 300000}}},
              "20250805.1": {"label": "release", "items": {\(item("disk1.img", "8"))}},
              "20240423": {"label": "release", "items": {\(item("disk1.img", "9"))}}}},
          "com.ubuntu.cloud:server:22.04:amd64": {
            "aliases": "22.04,j,jammy", "arch": "amd64", "os": "ubuntu", "release": "jammy", "release_title": "22.04 LTS",
            "version": "22.04", "versions": {"20250801": {"items": {\(item("disk1.img", "a"))}}}}
        }}
        """
}
