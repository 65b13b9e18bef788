/// What is done with the content of a volume.
public protocol VolumeVisitor {
    /// - Parameters:
    ///   - header: of the snapshot.
    ///   - blockSize: the volume's `volblocksize`; nil: of an increment in which no block is touched.
    mutating func begin(_ header: StreamHeader, blockSize: Int?) throws
    /// Content, in ascending order and never twice; what is not handed on is zero, or as in the snapshot that an increment
    /// builds on.
    ///
    /// - Parameter bytes: valid during the call only.
    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws
    /// Of an increment: a range that is zero now. In ascending order with the content; a last one may reach far beyond
    /// the volume's end.
    mutating func hole(at offset: UInt64, count: UInt64) throws
    /// The stream is whole, and all checksums hold.
    ///
    /// - Parameter size: bytes of the volume; nil: of an increment that leaves it as it was.
    mutating func end(size: UInt64?) throws
}

/// Makes the content of a volume of its stream's records: give it to a ``StreamReader`` as its visitor.
///
/// What lacks anything of the content, or has it encrypted, is refused: raw streams of encrypted volumes, those with
/// references to blocks elsewhere (dedup), redacted and resumed ones, and streams of more than one snapshot.
public struct VolumeBlocks<Visitor: VolumeVisitor>: StreamVisitor {
    public var visitor: Visitor
    private let unpacker = BlockUnpacker()
    private var header: StreamHeader?
    private var hasBegun = false
    /// Of the content object.
    private var blockSize = 0
    /// Where the content has come to.
    private var reached: UInt64 = 0
    /// Where a range begins that is free to the volume's end: it is told before the blocks in front of it.
    private var tail: UInt64?
    private var size: UInt64?

    // A volume has two objects (OpenZFS, zvol.c): its content, and its properties.
    private static var dataObject: UInt64 { 1 }
    private static var propertyObject: UInt64 { 2 }
    /// `DMU_OT_ZVOL`, `DMU_OT_ZVOL_PROP`
    private static var types: [UInt64: UInt32] { [dataObject: 23, propertyObject: 24] }

    public init(_ visitor: Visitor) { self.visitor = visitor }

    public mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws {
        guard !header.isCompound else { return }
        guard self.header == nil else { throw UnplacedStreamError(.unsupported, "it has more than one snapshot") }
        try header.features.checkReadable()
        guard header.kind == .volume else { throw UnplacedStreamError(.unsupported, "it is of no volume") }
        self.header = header
    }

    public mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        switch record {
        case .object(let record):
            if let type = Self.types[record.object], type != record.type {
                throw UnplacedStreamError(.badRecord, "object \(record.object) of a volume is of type \(record.type)")
            }
            if record.object == Self.dataObject { try begin(blockSize: record.blockSize) }
        case .write(let write):
            guard Self.types[write.object] != nil else { return }
            try checkLength(write.length, of: write.object)
            try unpacker.unpack(payload, write.packing, length: write.length) {
                try block($0, of: write.object, at: write.offset)
            }
        case .embedded(let block): try embedded(block, payload)
        case .free(Self.dataObject, let offset, let length): try free(offset, length)
        case .freeObjects(let first, let count):
            guard first > Self.propertyObject || first + count <= Self.dataObject else {
                throw UnplacedStreamError(.badRecord, "an object that makes the volume is freed")
            }
        case .reference: throw UnplacedStreamError(.unsupported, "a block is a reference to another (dedup)")
        case .redact: throw UnplacedStreamError(.unsupported, "a part of its content was left out (redacted)")
        case .objectRange: throw UnplacedStreamError(.unsupported, "it is encrypted (raw)")
        case .free, .spill: break
        }
    }

    public mutating func end() throws {
        guard let header else { return }
        if !hasBegun {
            guard header.originGUID != nil else {
                throw UnplacedStreamError(.badRecord, "a volume has no content object")
            }
            try begin(blockSize: nil)
        }
        guard size != nil || header.originGUID != nil else {
            throw UnplacedStreamError(.badRecord, "a volume has no size")
        }
        if let size, reached > size {
            throw UnplacedStreamError(.badRecord, "its content ends at \(reached), behind the volume's end at \(size)")
        }
        if let tail, header.originGUID != nil, tail < size ?? .max {
            try visitor.hole(at: tail, count: (size ?? .max) - tail)
        }
        try visitor.end(size: size)
    }

    private mutating func begin(blockSize: Int?) throws {
        guard let header, !hasBegun else { throw UnplacedStreamError(.order, "the content object comes twice") }
        hasBegun = true
        self.blockSize = blockSize ?? 0
        try visitor.begin(header, blockSize: blockSize)
    }

    /// Some bytes may unpack to a block of 16 MiB: before that is done, it is told whether there are such.
    private func checkLength(_ length: Int, of object: UInt64) throws(UnplacedStreamError) {
        guard object == Self.dataObject, hasBegun, length > blockSize else { return }
        throw UnplacedStreamError(
            .badRecord, "a block of \(length) bytes is in a volume whose blocks have \(blockSize)")
    }

    private mutating func embedded(_ record: EmbeddedRecord, _ payload: RawSpan) throws {
        guard Self.types[record.object] != nil else { return }
        try checkLength(record.length, of: record.object)
        try unpacker.unpack(record, payload) { try block($0, of: record.object, at: record.offset) }
    }

    private mutating func block(_ bytes: RawSpan, of object: UInt64, at offset: UInt64) throws {
        guard object == Self.dataObject else {
            guard offset == 0, size == nil else {
                throw UnplacedStreamError(.badRecord, "the volume's properties are more than one block")
            }
            return size = try volumeSize(bytes)
        }
        let end = offset + UInt64(bytes.byteCount)
        guard hasBegun, offset >= reached, end <= tail ?? .max else {
            throw UnplacedStreamError(.order, "a block at \(offset) comes after what reaches to \(reached)")
        }
        reached = end
        try visitor.data(bytes, at: offset)
    }

    private mutating func free(_ offset: UInt64, _ length: UInt64?) throws {
        guard offset >= reached else {
            throw UnplacedStreamError(.order, "what is free from \(offset) on comes after what reaches to \(reached)")
        }
        guard hasBegun else { throw UnplacedStreamError(.order, "what is free comes before the content object") }
        guard let length else {
            tail = min(tail ?? .max, offset)
            return
        }
        guard header?.originGUID != nil else { return }
        // What is free to the end may be told once more, in part.
        let end = min(offset + length, tail ?? .max)
        guard offset < end else { return }
        reached = end
        try visitor.hole(at: offset, count: end - offset)
    }

    private func volumeSize(_ bytes: RawSpan) throws(UnplacedStreamError) -> UInt64 {
        let block = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        let properties = try MicroZAP.entries(block, isLittleEndian: header?.isLittleEndian ?? true)
        guard let size = properties.first(where: { $0.name.elementsEqual("size".utf8) })?.value else {
            throw UnplacedStreamError(.badRecord, "the volume's properties have no size")
        }
        guard size <= UInt64(Int64.max) else { throw UnplacedStreamError(.badRecord, "a volume of \(size) bytes") }
        return size
    }
}

extension StreamFeatures {
    /// What none but ZFS can make sense of, since something is needed that is not in the stream.
    ///
    /// - Parameter excused: features of which sense is made all the same.
    func checkReadable(besides excused: Self = []) throws(UnplacedStreamError) {
        if let reason = subtracting(excused).hindrance { throw UnplacedStreamError(.unsupported, reason) }
    }

    /// Why nobody but ZFS reads the content; nil where nothing hinders.
    public var hindrance: String? {
        let reasons: [(Self, String)] = [
            (.raw, "it is encrypted (raw): only ZFS with the key reads it"),
            (.dedup, "it has references to other blocks (dedup): make it again without -D"),
            (.redacted, "a part of its content was left out (redacted)"),
            (.resuming, "its beginning is missing (resuming)"),
        ]
        return reasons.first { contains($0.0) }?.1
    }
}
