/// How a file is compressed (manifest.md, `files[].compression`; zstd is ours).
public enum CompressionFormat: String, Sendable, CaseIterable {
    case none, gzip, bzip2, xz, zstd

    /// How many of the first bytes tell a format.
    public static let sniffLength = 6

    /// The format that the first bytes of a file tell by their magic number: RFC 1952 §2.3.1 for gzip, "BZh" and a digit for
    /// bzip2, the .xz format §2.1.1.1, RFC 8878 §3.1.1 and §3.1.2 for zstd.
    public static func sniff(_ prefix: [UInt8]) -> CompressionFormat {
        func begins(_ magic: [UInt8]) -> Bool { prefix.starts(with: magic) }
        if begins([0x1f, 0x8b]) { return .gzip }
        if begins(Array("BZh".utf8)), prefix.count > 3, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(prefix[3]) {
            return .bzip2
        }
        if begins([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) { return .xz }
        if begins([0x28, 0xb5, 0x2f, 0xfd]) { return .zstd }
        if prefix.count > 3, prefix[0] & 0xf0 == 0x50, prefix[1...3].elementsEqual([0x2a, 0x4d, 0x18]) { return .zstd }
        return .none
    }

    /// What is appended to the name of a file in this format.
    public var fileSuffix: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .bzip2: ".bz2"
        case .xz: ".xz"
        case .zstd: ".zst"
        }
    }
}
