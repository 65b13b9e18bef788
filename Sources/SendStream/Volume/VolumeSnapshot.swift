/// A snapshot of a volume, of which a stream is to be made.
public struct VolumeSnapshot: Sendable, Hashable {
    /// `dataset@snapshot`: what the receiver may take a name from; at most 255 bytes.
    public var name: String
    /// Not zero; see ``SnapshotGUID``.
    public var guid: UInt64
    /// Seconds since 1970.
    public var created: UInt64
    /// Bytes of the content. The volume has whole blocks.
    public var size: UInt64
    /// A power of two, 4 KiB to 128 KiB: what every ZFS receives.
    public var blockSize: Int
    /// The snapshot that it is an increment to; it becomes a clone of it.
    public var origin: Origin?

    /// What ZFS makes by itself since OpenZFS 2.2.
    public static let usualBlockSize = 16_384

    public struct Origin: Sendable, Hashable {
        public var guid: UInt64
        /// Bytes of its volume.
        public var size: UInt64

        public init(guid: UInt64, size: UInt64) {
            self.guid = guid
            self.size = size
        }
    }

    public init(
        name: String, guid: UInt64, created: UInt64, size: UInt64, blockSize: Int = usualBlockSize,
        origin: Origin? = nil
    ) {
        self.name = name
        self.guid = guid
        self.created = created
        self.size = size
        self.blockSize = blockSize
        self.origin = origin
    }

    /// Bytes of the volume: the content's, rounded up to whole blocks.
    ///
    /// - Throws: `StreamError` if there can be no such snapshot.
    public func volumeSize() throws(StreamError) -> UInt64 {
        guard (4096...131_072).contains(blockSize), blockSize.nonzeroBitCount == 1 else {
            throw StreamError(.limit, at: 0, "blocks of \(blockSize) bytes: no power of two from 4096 to 131072")
        }
        guard size > 0, size <= UInt64(Int64.max) - UInt64(blockSize) else {
            throw StreamError(.limit, at: 0, "a volume of \(size) bytes")
        }
        let block = UInt64(blockSize)
        return (size + block - 1) / block * block
    }

    func check() throws(StreamError) {
        _ = try volumeSize()
        guard guid != 0, origin?.guid != 0 else { throw StreamError(.badRecord, at: 0, "a snapshot has the guid 0") }
        let text = Array(name.utf8)
        guard text.count < 256, !text.contains(0), text.contains(UInt8(ascii: "@")) else {
            throw StreamError(.badRecord, at: 0, "a snapshot is called \(name.debugDescription)")
        }
    }
}
