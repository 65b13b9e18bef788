/// What a stream may take.
public struct StreamLimits: Sendable {
    /// Bytes of one block, packed or not: at most 16 MiB, which is ZFS's own limit (`SPA_MAXBLOCKSIZE`).
    public var blockBytes: Int
    /// Bytes of the list of properties behind a header.
    public var propertyBytes: Int

    public init(blockBytes: Int = StreamLimits.largestBlock, propertyBytes: Int = 4 << 20) {
        self.blockBytes = min(blockBytes, StreamLimits.largestBlock)
        self.propertyBytes = propertyBytes
    }

    public static let largestBlock = 1 << 24
    /// `DNODE_MAX_SIZE`: bytes that describe an object, whatever hangs on it.
    static let describedBytes = 1 << 14
    /// `BPE_PAYLOAD_SIZE`: bytes of a block that lie in the pointer to it.
    static let embeddedBytes = 112
}
