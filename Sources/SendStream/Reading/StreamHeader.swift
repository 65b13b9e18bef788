/// The first record of a snapshot's stream (`BEGIN`): what it is and what it builds on.
///
/// It has no checksum of its own: only the next record vouches for it.
public struct StreamHeader: Sendable, Hashable {
    /// Bytes that are enough to read it: the size of any record.
    public static let byteCount = RecordFields.size

    /// What was sent (`dmu_objset_type_t`).
    public enum Kind: Sendable, Hashable {
        case fileSystem
        case volume
        /// The header of several snapshots says nothing (0); nothing else is sent by any ZFS known.
        case other(UInt32)

        /// `dmu_objset_type_t`
        var number: UInt32 {
            switch self {
            case .fileSystem: 2
            case .volume: 3
            case .other(let number): number
            }
        }
    }

    /// Flags of a `BEGIN` record (`DRR_FLAG_*`).
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Of an incremental stream: what is received becomes a clone of the snapshot it builds on.
        public static let clone = Self(rawValue: 1)
        public static let caseInsensitive = Self(rawValue: 2)
        /// All that is free is told by records, so that one may receive over what there is.
        public static let freeRecords = Self(rawValue: 4)
        public static let spillBlock = Self(rawValue: 8)
    }

    public var kind: Kind
    /// A header of several streams that follow (`send -R`, `-p`, `-I`), which has no snapshot of its own.
    public var isCompound: Bool
    public var features: StreamFeatures
    public var flags: Flags
    /// When the snapshot was made, in seconds since 1970.
    public var created: UInt64
    /// The snapshot's guid: what an increment on top of it names as its origin.
    public var guid: UInt64
    /// The guid of the snapshot that it builds on; nil: it is whole.
    public var originGUID: UInt64?
    /// `dataset@snapshot` at the sender, as it stands: up to 255 bytes, any but NUL.
    public var name: [UInt8]
    /// Bytes of the list of properties behind the record.
    public var payloadLength: Int
    /// The sender's byte order.
    public var isLittleEndian: Bool
}

extension StreamHeader {
    /// Bytes that tell a stream: a type, a length and the magic number.
    private static let magicEnd = 16

    /// Reads the beginning of something of which there is no more.
    ///
    /// - Returns: nil if it is no send stream.
    /// - Throws: `StreamError`: `badRecord` if its header is malformed, `truncated` if not all of that is there.
    public static func read(whole bytes: RawSpan) throws(StreamError) -> StreamHeader? {
        switch try read(bytes) {
        case .header(let header): return header
        case .notAStream: return nil
        case .needsMore:
            guard bytes.byteCount >= magicEnd else { return nil }
            throw StreamError(
                .truncated, at: 0, "its first record has \(byteCount) bytes, of which \(bytes.byteCount) are there")
        }
    }

    /// What the first bytes of something are.
    public enum Start: Sendable, Equatable {
        /// Whatever follows, it is no send stream.
        case notAStream
        /// It may be one: give this many bytes more at least, together with those that were given.
        case needsMore(Int)
        case header(StreamHeader)
    }

    /// Tells whether bytes are the beginning of a send stream, and of what snapshot.
    ///
    /// - Parameter bytes: the first ones of the stream, as many as are there; those behind the first `byteCount` are not
    ///   looked at.
    /// - Throws: `StreamError` (`badRecord`) if it is the header of a stream, and malformed.
    public static func read(_ bytes: RawSpan) throws(StreamError) -> Start {
        let count = min(bytes.byteCount, byteCount)
        let first = unsafe bytes.extracting(0..<count).withUnsafeBytes { unsafe Array($0) }
        // Type 0, four bytes of a length, then the magic number.
        guard first.prefix(4).allSatisfy({ $0 == 0 }) else { return .notAStream }
        let magic = first.dropFirst(8).prefix(8)
        let isLittleEndian = littleEndianMagic.starts(with: magic)
        guard isLittleEndian || littleEndianMagic.reversed().starts(with: magic) else { return .notAStream }
        guard first.count == byteCount else { return .needsMore(byteCount - first.count) }
        do {
            return .header(try StreamHeader(RecordFields(bytes: first, isLittleEndian: isLittleEndian)))
        } catch {
            throw StreamError(error.reason, at: 0, error.detail)
        }
    }

    /// `DMU_BACKUP_MAGIC`
    private static let littleEndianMagic: [UInt8] = [0xac, 0xcb, 0xba, 0xf5, 0x02, 0, 0, 0]
    static let magic: UInt64 = 0x2_f5ba_cbac

    /// Reads a `BEGIN` record, features that are unknown included.
    init(_ record: RecordFields) throws(UnplacedStreamError) {
        guard record.u64(0) == Self.magic else { throw UnplacedStreamError(.badRecord, "its magic number is wrong") }
        // Two bits say how many snapshots; 56 are features (`DMU_GET_FEATUREFLAGS`).
        let version = record.u64(8)
        switch version & 3 {
        case 1: isCompound = false
        case 2: isCompound = true
        default: throw UnplacedStreamError(.badRecord, "it is neither one stream nor several")
        }
        features = StreamFeatures(rawValue: version >> 2 & (1 << 56 - 1))
        created = record.u64(16)
        kind =
            switch record.u32(24) {
            case 2: .fileSystem
            case 3: .volume
            case let other: .other(other)
            }
        flags = Flags(rawValue: record.u32(28))
        guid = record.u64(32)
        let origin = record.u64(40)
        originGUID = origin == 0 ? nil : origin
        let field = record.bytes[(8 + 48)...]
        name = Array(field.prefix { $0 != 0 })
        guard name.count < field.count else {
            throw UnplacedStreamError(.badRecord, "the snapshot's name does not end")
        }
        payloadLength = Int(record.payloadLength)
        isLittleEndian = record.isLittleEndian
    }
}
