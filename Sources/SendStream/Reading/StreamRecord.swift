/// One record of a stream between its first and its last (OpenZFS, zfs_ioctl.h, `struct drr_*`).
///
/// Lengths are within the limits, and no range goes over 2^64; whether records fit together is for their reader to say.
public enum StreamRecord: Sendable, Hashable {
    /// There is an object, or it changed; the payload is what ZFS calls its bonus.
    case object(ObjectRecord)
    /// There are no objects with these numbers.
    case freeObjects(first: UInt64, count: UInt64)
    /// A block; the payload is its content, as packed as it says.
    case write(WriteRecord)
    /// There is nothing in a range of an object.
    ///
    /// - Parameter length: nil: to the object's end.
    case free(object: UInt64, offset: UInt64, length: UInt64?)
    /// A block like an earlier one of whatever dataset (`send -D`).
    case reference(object: UInt64, offset: UInt64, length: UInt64, sourceGUID: UInt64, sourceObject: UInt64)
    /// More attributes of an object than its bonus has room for.
    case spill(SpillRecord)
    /// A block that was small enough, when packed, to lie in the pointer to it.
    case embedded(EmbeddedRecord)
    /// How objects of an encrypted dataset are encrypted.
    case objectRange(first: UInt64, count: UInt64)
    /// A range that was left out.
    case redact(object: UInt64, offset: UInt64, length: UInt64)
}

/// `DRR_OBJECT`
public struct ObjectRecord: Sendable, Hashable {
    public var object: UInt64
    /// `dmu_object_type_t`, as are the others.
    public var type: UInt32
    public var bonusType: UInt32
    /// Bytes of its blocks, a multiple of 512.
    public var blockSize: Int
    /// Bytes of the payload that are the bonus; the rest rounds up.
    public var bonusLength: Int
    /// A spill record follows, or none that is kept.
    public var hasSpill: Bool
}

/// `DRR_WRITE`
public struct WriteRecord: Sendable, Hashable {
    public var object: UInt64
    public var type: UInt32
    public var offset: UInt64
    /// Bytes once unpacked; not zero.
    public var length: Int
    /// nil: a way of packing that is unknown, which does not hinder reading on.
    public var packing: BlockPacking?
}

/// `DRR_SPILL`
public struct SpillRecord: Sendable, Hashable {
    public var object: UInt64
    /// Bytes once unpacked; not zero.
    public var length: Int
    public var packing: BlockPacking?
    /// It is the same as in the snapshot that the stream builds on.
    public var isUnmodified: Bool
}

/// `DRR_WRITE_EMBEDDED`
public struct EmbeddedRecord: Sendable, Hashable {
    public var object: UInt64
    public var offset: UInt64
    /// Bytes of the block; not zero.
    public var length: Int
    /// Bytes of the block that the payload unpacks to; the rest is zero.
    public var unpackedLength: Int
    /// Bytes of the payload that count; the rest rounds up.
    public var packedLength: Int
    public var packing: BlockPacking?

    /// It is the spill block of its object: OpenZFS up to 2.3 sends one that lay in the pointer to it (`zfs send -e`) as if it were
    /// content, with the number that spill blocks have in memory (`DMU_SPILL_BLKID`, -2) for a place. No file reaches as far.
    public var isSpill: Bool { offset == 0 &- 2 * UInt64(length) }
}

/// How a block is packed (OpenZFS, zio_compress.h).
public enum BlockPacking: Sendable, Hashable {
    case none, lzjb, gzip, zle, lz4, zstd

    init?(_ number: UInt8) {
        switch number {
        case 0, 2: self = .none
        case 3: self = .lzjb
        case 5...13: self = .gzip
        case 14: self = .zle
        case 15: self = .lz4
        case 16: self = .zstd
        default: return nil
        }
    }

    /// As ZFS calls it.
    public var name: String {
        switch self {
        case .none: "off"
        case .lzjb: "lzjb"
        case .gzip: "gzip"
        case .zle: "zle"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }
}

/// What is done with the records of a stream.
public protocol StreamVisitor {
    /// A snapshot's stream begins, or a frame around several.
    ///
    /// - Parameter properties: what follows the header, if anything does.
    mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws
    /// A record. Its checksum holds; that its payload is what was sent, only the next one's tells.
    ///
    /// - Parameter payload: valid during the call only.
    mutating func record(_ record: StreamRecord, payload: RawSpan) throws
    /// The stream that was begun last is whole, and all checksums hold. For a frame, this comes before the streams in it.
    mutating func end() throws
    /// All streams of a frame have come.
    mutating func endFrame() throws
}

extension StreamVisitor {
    public mutating func endFrame() {}
}
