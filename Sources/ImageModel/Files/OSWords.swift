extension ImageOS {
    /// The operating system that a word of a file's name, an `ID` of os-release, or the `os` of a catalogue stands for; nil
    /// where it is none that is known.
    public init?(word: some StringProtocol) {
        let word = word.lowercased()
        guard let found = Self.words.first(where: { $0.words.contains(word) }) else { return nil }
        self = found.os
    }

    private static let words: [(os: ImageOS, words: Set<String>)] = [
        (
            .linux,
            [
                "linux", "almalinux", "alpine", "alpinelinux", "alt", "altlinux", "amazon", "amazonlinux", "amzn",
                "amzn2",
                "apertis", "arch", "archlinux", "artix", "azurelinux", "bootc", "bottlerocket", "busybox", "cachyos",
                "centos", "cirros", "clearlinux", "cloudimg", "coreos", "debian", "devuan", "endeavouros", "fedora",
                "flatcar", "funtoo", "gentoo", "guix", "haos", "kali", "leap", "linuxmint", "mageia", "manjaro",
                "mariner",
                "microos", "mint", "mx", "nixos", "ol", "openeuler", "opensuse", "openwrt", "oracle", "oraclelinux",
                "parrot", "photon", "plamo", "pop", "proxmox", "raspbian", "rhel", "rocky", "rockylinux", "scientific",
                "slackware", "sle", "sled", "sles", "springdalelinux", "suse", "talos", "tumbleweed", "turnkey",
                "ubuntu",
                "ubuntu-core", "void", "voidlinux", "vyos",
            ]
        ),
        (
            .bsd,
            ["freebsd", "openbsd", "netbsd", "dragonfly", "dragonflybsd", "opnsense", "pfsense", "bsd", "ghostbsd"]
        ),
        (.illumos, ["illumos", "omnios", "openindiana", "tribblix", "dilos"]),
        (.smartos, ["smartos"]),
        (.windows, ["windows", "winserver"]),
    ]
}
