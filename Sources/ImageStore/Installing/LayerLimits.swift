/// What one layer may take of this host (docker.md, "Extraction").
public struct LayerLimits: Sendable, Hashable {
    /// Entries of the archive.
    public var entries = 1_000_000
    /// Bytes of its files together, holes included.
    public var bytes: UInt64 = 64 << 30
    /// Bytes of a path.
    public var nameLength = 4096
    /// Bytes of memory that a compressed layer may ask for, such as the window of zstd.
    public var window = 128 << 20

    public init() {}
}
