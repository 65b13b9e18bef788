import ImageModel
import JSON
import Testing

@Suite struct ImageFileNameTests {
    struct Case: Sendable {
        let file: String
        let name: String
        let version: String?
        let release: String?
        let architecture: Architecture?
        let os: ImageOS?

        init(
            _ file: String, _ name: String, _ version: String?, _ release: String?, _ architecture: Architecture?,
            _ os: ImageOS?
        ) {
            (self.file, self.name, self.version) = (file, name, version)
            (self.release, self.architecture, self.os) = (release, architecture, os)
        }
    }

    @Test(arguments: [
        Case(
            "debian-13-genericcloud-amd64-20250814-2204.qcow2", "debian-13-genericcloud", "20250814-2204", "13", .amd64,
            .linux),
        Case("debian-13-genericcloud-amd64-daily.qcow2", "debian-13-genericcloud", nil, "13", .amd64, .linux),
        Case("debian-13-nocloud-arm64.raw", "debian-13-nocloud", nil, "13", .arm64, .linux),
        Case(
            "debian-12-generic-ppc64el-20240717-1811.tar.xz", "debian-12-generic", "20240717-1811", "12", .ppc64le,
            .linux),
        Case("noble-server-cloudimg-amd64.img", "noble-server-cloudimg", nil, nil, .amd64, .linux),
        Case("ubuntu-24.04-server-cloudimg-arm64.img", "ubuntu-24.04-server-cloudimg", nil, "24.04", .arm64, .linux),
        Case("noble-server-cloudimg-riscv64-root.tar.xz", "noble-server-cloudimg-root", nil, nil, .riscv64, .linux),
        Case(
            "Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2", "Fedora-Cloud-Base-Generic", "43-1.6", "43", .amd64, .linux
        ),
        Case("Fedora-Cloud-Base-39-1.5.aarch64.raw.xz", "Fedora-Cloud-Base", "39-1.5", "39", .arm64, .linux),
        Case(
            "fedora-coreos-42.20250721.3.0-qemu.x86_64.qcow2.xz", "fedora-coreos-qemu", "42.20250721.3.0",
            "42.20250721.3.0", .amd64, .linux),
        Case("Rocky-9-GenericCloud-Base.latest.x86_64.qcow2", "Rocky-9-GenericCloud-Base", nil, "9", .amd64, .linux),
        Case(
            "Rocky-9-GenericCloud-Base-9.6-20250531.0.x86_64.qcow2", "Rocky-9-GenericCloud-Base", "9.6-20250531.0", "9",
            .amd64, .linux),
        Case("AlmaLinux-9-GenericCloud-latest.x86_64.qcow2", "AlmaLinux-9-GenericCloud", nil, "9", .amd64, .linux),
        Case(
            "AlmaLinux-9-GenericCloud-9.6-20250522.s390x.qcow2", "AlmaLinux-9-GenericCloud", "9.6-20250522", "9",
            .s390x,
            .linux),
        Case(
            "CentOS-Stream-GenericCloud-9-20250812.1.x86_64.qcow2", "CentOS-Stream-GenericCloud-9", "20250812.1", "9",
            .amd64, .linux),
        Case(
            "CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2", "CentOS-Stream-GenericCloud-9", nil, "9", .amd64, .linux
        ),
        Case(
            "openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2", "openSUSE-Leap-15.6-Minimal-VM-Cloud", nil, "15.6",
            .amd64,
            .linux),
        Case(
            "openSUSE-Leap-15.6-Minimal-VM.x86_64-15.6.0-Cloud-Build19.123.qcow2",
            "openSUSE-Leap-15.6-Minimal-VM-Cloud",
            "15.6.0-Build19.123", "15.6", .amd64, .linux),
        Case(
            "openSUSE-Tumbleweed-Minimal-VM.x86_64-Cloud.qcow2", "openSUSE-Tumbleweed-Minimal-VM-Cloud", nil, nil,
            .amd64,
            .linux),
        Case(
            "nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r0.qcow2", "nocloud_alpine-bios-cloudinit", "3.22.1-r0",
            "3.22.1",
            .amd64, .linux),
        Case("alpine-minirootfs-3.22.1-aarch64.tar.gz", "alpine-minirootfs", "3.22.1", "3.22.1", .arm64, .linux),
        Case(
            "FreeBSD-14.3-RELEASE-amd64-BASIC-CLOUDINIT-zfs.qcow2.xz", "FreeBSD-14.3-RELEASE-BASIC-CLOUDINIT-zfs", nil,
            "14.3", .amd64, .bsd),
        Case(
            "Arch-Linux-x86_64-cloudimg-20250801.401.qcow2", "Arch-Linux-cloudimg", "20250801.401", nil, .amd64, .linux),
        Case("Arch-Linux-x86_64-cloudimg.qcow2", "Arch-Linux-cloudimg", nil, nil, .amd64, .linux),
        Case(
            "openwrt-24.10.2-x86-64-generic-ext4-combined-efi.img.gz", "openwrt-generic-ext4-combined-efi", "24.10.2",
            "24.10.2", .amd64, .linux),
        Case("omnios-r151054.cloud.qcow2", "omnios-r151054.cloud", nil, nil, nil, .illumos),
        Case(
            "kali-linux-2025.2-cloud-genericcloud-amd64.tar.xz", "kali-linux-2025.2-cloud-genericcloud", nil, "2025.2",
            .amd64, .linux),
        Case("void-x86_64-ROOTFS-20250202.tar.xz", "void-ROOTFS", "20250202", nil, .amd64, .linux),
        Case("appliance-1.0.ova", "appliance", "1.0", "1.0", nil, nil),
        Case("appliance.v2.1rc3.ova", "appliance", "v2.1rc3", "v2.1rc3", nil, nil),
    ])
    func tellsOfCloudImages(_ one: Case) {
        let told = ImageFileName(one.file)
        #expect(told.name == one.name)
        #expect(told.version == one.version)
        #expect(told.release == one.release)
        #expect(told.architecture == one.architecture)
        #expect(told.os == one.os)
    }

    @Test(arguments: [
        ("disk.img", "disk"), ("MyAppliance.ova", "MyAppliance"), ("rootfs.tar.zst", "rootfs"), (".img", "img"),
        ("", "image"), ("...", "image"), ("/", "image"), ("20250814.img", "20250814"), ("amd64.img", "amd64"),
        ("my disk (1).qcow2", "my-disk-1"), ("../../etc/passwd", "passwd"), ("a\u{1b}[31mb.raw", "a-31mb"),
        ("bücher.qcow2", "b-cher"), ("9é.img", "9"), ("web.tar.gz.tar.xz", "web"), ("latest.img", "latest"),
        ("-_-.img", "image"),
    ])
    func elseIsTheFilesStem(file: String, name: String) {
        #expect(ImageFileName(file).name == name)
    }

    /// Whatever a file is called, the manifest made of it is a valid one.
    @Test func isAlwaysFitForAManifest() throws {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "-", "_", ".", "..", "9", "20250101", "1.2.3", "r0", "x86_64", "latest", "é", "\0", "\n", "/", " ",
            "debian",
            "qcow2", "\u{202e}", "v", "🦔", "%41", "İ",
        ]
        for _ in 0..<2000 {
            let file = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            let told = ImageFileName(file)
            let manifest: JSONObject = [
                "v": 2, "uuid": .string(ImageUUID().description), "name": .string(told.name),
                "version": .string(told.version ?? told.release ?? "1"), "type": "other", "os": "other",
            ]
            #expect(throws: Never.self) { try ManifestValidation.check(manifest) }
        }
    }
}
