/// What a stream makes use of beyond the first version of the format (OpenZFS, zfs_ioctl.h, `DMU_BACKUP_FEATURE_*`).
public struct StreamFeatures: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Blocks that are references to earlier ones, of whatever dataset (`send -D`, gone since OpenZFS 2.0).
    public static let dedup = Self(bit: 0)
    public static let dedupProperties = Self(bit: 1)
    public static let systemAttributeSpill = Self(bit: 2)
    public static let embeddedData = Self(bit: 16)
    /// Embedded data may be compressed by LZ4.
    public static let lz4 = Self(bit: 17)
    /// Blocks of more than 128 KiB.
    public static let largeBlocks = Self(bit: 19)
    /// It begins in the middle (`send -t`).
    public static let resuming = Self(bit: 20)
    /// Some of the content was left out (`send --redact`).
    public static let redacted = Self(bit: 21)
    public static let compressed = Self(bit: 22)
    public static let largeDnodes = Self(bit: 23)
    /// As it lies on the disk (`send -w`): of an encrypted dataset, nothing can be read without its key.
    public static let raw = Self(bit: 24)
    public static let zstd = Self(bit: 25)
    public static let holds = Self(bit: 26)
    public static let switchToLargeBlocks = Self(bit: 27)
    public static let longNames = Self(bit: 28)
    public static let largeMicroZap = Self(bit: 29)

    private init(bit: UInt64) { rawValue = 1 << bit }

    private static let known: [(feature: Self, name: String)] = [
        (.dedup, "dedup"), (.dedupProperties, "dedup-properties"), (.systemAttributeSpill, "spill"),
        (.embeddedData, "embedded-data"), (.lz4, "lz4"), (.largeBlocks, "large-blocks"), (.resuming, "resuming"),
        (.redacted, "redacted"), (.compressed, "compressed"), (.largeDnodes, "large-dnodes"), (.raw, "raw"),
        (.zstd, "zstd"), (.holds, "holds"), (.switchToLargeBlocks, "switch-to-large-blocks"),
        (.longNames, "long-names"), (.largeMicroZap, "large-microzap"),
    ]

    /// Those that this module does not know.
    public var unknown: Self { subtracting(Self.known.reduce(into: []) { $0.formUnion($1.feature) }) }

    /// A word for each, by bit; an unknown one is called by its bit.
    public var names: [String] {
        (0..<UInt64(UInt64.bitWidth)).filter { contains(Self(bit: $0)) }.map { bit in
            Self.known.first { $0.feature == Self(bit: bit) }?.name ?? "bit \(bit)"
        }
    }
}
