/// What an archive may take.
public struct TarLimits: Sendable {
    /// Entries, headers that describe others included.
    public var entries: Int
    /// Bytes of all files together, holes included; nil: any.
    public var contentBytes: UInt64?
    /// Bytes of a path, or of the target of a link.
    public var nameLength: Int
    /// Bytes of one extended header (names, extended attributes), and of one sparse map.
    public var extendedHeaderBytes: Int

    public init(
        entries: Int = 1_000_000, contentBytes: UInt64? = nil, nameLength: Int = 4096,
        extendedHeaderBytes: Int = 1 << 20
    ) {
        self.entries = entries
        self.contentBytes = contentBytes
        self.nameLength = nameLength
        self.extendedHeaderBytes = extendedHeaderBytes
    }
}
