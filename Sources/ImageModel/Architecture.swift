/// What processor an image is for, by the name that OCI images have for it, with its variant behind a slash.
public enum Architecture: String, Sendable, CaseIterable, CustomStringConvertible {
    case amd64, arm64
    case armv7 = "arm/v7"
    case armv6 = "arm/v6"
    case i386 = "386"
    case ppc64le, s390x, riscv64, loong64

    /// By any of the names that distributions have for it: Debian's, the kernel's, OCI's, in upper or lower case.
    public init?(named name: some StringProtocol) {
        guard let architecture = Self.names[name.lowercased()] else { return nil }
        self = architecture
    }

    /// That of this machine; nil where images of none of these run on it.
    public static var host: Architecture? {
        let host = OCIPlatform.host
        return Architecture(rawValue: host.architecture + (host.variant.map { "/\($0)" } ?? ""))
    }

    public var description: String { rawValue }

    /// Every name, in lower case.
    static let names: [String: Architecture] = [
        "amd64": .amd64, "x86_64": .amd64, "x86-64": .amd64, "x64": .amd64,
        "arm64": .arm64, "aarch64": .arm64, "arm64v8": .arm64,
        "armhf": .armv7, "armv7": .armv7, "armv7l": .armv7, "armv7hl": .armv7, "arm/v7": .armv7,
        "armel": .armv6, "armv6": .armv6, "armv6l": .armv6, "arm/v6": .armv6,
        "386": .i386, "i386": .i386, "i486": .i386, "i586": .i386, "i686": .i386, "x86": .i386,
        "ppc64le": .ppc64le, "ppc64el": .ppc64le, "powerpc64le": .ppc64le,
        "s390x": .s390x, "riscv64": .riscv64, "loong64": .loong64, "loongarch64": .loong64,
    ]
}
