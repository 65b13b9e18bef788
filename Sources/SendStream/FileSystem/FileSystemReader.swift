/// Reads what a file system holds, names and attributes, of its stream: give it to a ``StreamReader`` as its visitor. Of an
/// increment, the streams that it builds on must be read first, in their order, into the same reader.
///
/// Content of files is not kept: ``FileContents`` hands it on, in a second pass over the same streams. What is kept takes memory
/// up to ``FileSystemLimits/bytes``.
public struct FileSystemReader: StreamVisitor {
    private let limits: FileSystemLimits
    private let unpacker = BlockUnpacker()
    private var objects: [UInt64: StoredObject] = [:]
    /// Of `objects`: what is freed is a range of them.
    private var numbers = SortedNumbers()
    private var bytes = 0
    private var header: StreamHeader?
    private var isOpen = false
    private var frame = FrameDatasets()
    /// The stream that is being read, counted from 0.
    private var stream = -1
    /// The end of what this stream freed: senders free in ascending order.
    private var freed: UInt64 = 0
    private let isOfInterest: (RawSpan) -> Bool
    private var smallFiles: [UInt64: [UInt8]] = [:]

    private static let smallFileSize = 4096
    private static let mostSmallFiles = 256

    /// - Parameter isOfInterest: whether a file is kept that has this content: a few of those of up to 4 KiB can be.
    public init(
        limits: FileSystemLimits = FileSystemLimits(),
        keeping isOfInterest: @escaping (RawSpan) -> Bool = { _ in false }
    ) {
        self.limits = limits
        self.isOfInterest = isOfInterest
    }

    /// The content of a file that was kept.
    public func content(of object: UInt64) -> [UInt8]? { smallFiles[object] }

    public mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws {
        guard frame.takes(header) else { return }
        try header.features.checkReadable(besides: .redacted)
        guard header.kind == .fileSystem else { throw UnplacedStreamError(.unsupported, "it is of no file system") }
        if let before = self.header {
            guard let origin = header.originGUID else {
                throw UnplacedStreamError(
                    .unsupported, "it is whole, and builds on no other: there are two file systems")
            }
            guard origin == before.guid else {
                throw UnplacedStreamError(
                    .missingOrigin,
                    "it builds on the snapshot with the guid \(origin), and what comes before it is \(before.guid)")
            }
        } else if let origin = header.originGUID {
            throw UnplacedStreamError(
                .missingOrigin, "it builds on the snapshot with the guid \(origin), and nothing comes before it")
        }
        self.header = header
        isOpen = true
        stream += 1
        freed = 0
    }

    public mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        guard isOpen else { return }
        switch record {
        case .object(let object): try read(object, payload)
        case .freeObjects(let first, let count): try free(first..<(first + count))
        case .write(let write): try read(write, payload)
        case .embedded(let block) where block.isSpill:
            try unpacker.unpack(block, payload) { try keepSpill($0, of: block.object) }
        case .embedded(let block):
            guard try begin(block.object, block.offset, block.length),
                keepsContent(of: block.object, block.length, at: block.offset)
            else { return }
            try unpacker.unpack(block, payload) { try keep($0, of: block.object, at: block.offset) }
        case .free(let object, let offset, let length):
            // Ranges of objects that are not there are freed, too.
            try change(object) { [stream] object throws(UnplacedStreamError) in
                try object.free(from: offset, to: length.map { offset + $0 }, stream: stream)
            }
        case .spill(let spill): try read(spill, payload)
        case .reference: throw UnplacedStreamError(.unsupported, "a block is a reference to another (dedup)")
        case .redact(let object, let offset, let length): try leaveOut(offset..<(offset + length), of: object)
        case .objectRange: throw UnplacedStreamError(.unsupported, "it is encrypted (raw)")
        }
    }

    public mutating func end() throws { isOpen = false }
    public mutating func endFrame() { frame.end() }

    /// What was read, once all streams have ended.
    ///
    /// - Throws: `StreamError` if it is no file system that makes sense.
    public func tree() throws(StreamError) -> FileSystemTree {
        do throws(UnplacedStreamError) {
            guard header != nil || frame.further.names.isEmpty else {
                throw UnplacedStreamError(.unsupported, FurtherDatasets.withoutUppermost)
            }
            guard !isOpen, header != nil else { throw UnplacedStreamError(.truncated, "it has not ended") }
            var tree = try FileSystemTree(objects, limits, used: bytes)
            tree.furtherDatasets = frame.further
            return tree
        } catch {
            throw StreamError(error.reason, at: 0, error.detail)
        }
    }

    private mutating func read(_ record: ObjectRecord, _ payload: RawSpan) throws(UnplacedStreamError) {
        let bonus = StoredObject.StoredBytes(
            bytes: payload.extracting(0..<record.bonusLength).array, isLittleEndian: header?.isLittleEndian ?? true)
        guard var known = objects[record.object] else {
            return try store(StoredObject(record, bonus, stream: stream), as: record.object)
        }
        guard known.toldBy < stream else { throw UnplacedStreamError(.order, "object \(record.object) comes twice") }
        if known.type != record.type || known.blockSize != record.blockSize {
            // It is another one now, or its blocks lie otherwise: of the old ones, none stays.
            return try store(StoredObject(record, bonus, stream: stream), as: record.object)
        }
        known.bonus = bonus
        known.bonusType = record.bonusType
        known.toldBy = stream
        // Older senders tell of it only where there is one.
        if !record.hasSpill, header?.flags.contains(.spillBlock) ?? false { known.spill = nil }
        try store(known, as: record.object)
    }

    private mutating func store(_ object: StoredObject, as number: UInt64) throws(UnplacedStreamError) {
        if object.content == nil { smallFiles[number] = nil }
        let before = objects.updateValue(object, forKey: number)
        if before == nil { numbers.insert(number) }
        try count(object.byteCount - (before?.byteCount ?? 0))
    }

    private mutating func change(
        _ number: UInt64, _ body: (inout StoredObject) throws(UnplacedStreamError) -> Void
    ) throws(UnplacedStreamError) {
        guard let index = objects.index(forKey: number) else { return }
        let before = objects.values[index].byteCount
        try body(&objects.values[index])
        try count(objects.values[index].byteCount - before)
    }

    private mutating func count(_ more: Int) throws(UnplacedStreamError) {
        bytes += more
        guard bytes <= limits.bytes else {
            throw UnplacedStreamError(.limit, "its names and attributes take more than \(limits.bytes) bytes of memory")
        }
    }

    private mutating func free(_ range: Range<UInt64>) throws(UnplacedStreamError) {
        guard range.lowerBound >= freed else {
            throw UnplacedStreamError(
                .order, "objects from \(range.lowerBound) on are freed after those up to \(freed)")
        }
        freed = range.upperBound
        for number in numbers.remove(range.lowerBound, range.upperBound) {
            bytes -= objects.removeValue(forKey: number)?.byteCount ?? 0
        }
    }

    private mutating func read(_ write: WriteRecord, _ payload: RawSpan) throws {
        guard try begin(write.object, write.offset, write.length),
            keepsContent(of: write.object, write.length, at: write.offset)
        else { return }
        try unpacker.unpack(payload, write.packing, length: write.length) {
            try keep($0, of: write.object, at: write.offset)
        }
    }

    /// Content of an object comes.
    private mutating func begin(_ number: UInt64, _ offset: UInt64, _ length: Int) throws(UnplacedStreamError) -> Bool {
        guard objects[number] != nil else {
            throw UnplacedStreamError(.order, "object \(number) has content, but is not there")
        }
        try change(number) { [stream] object throws(UnplacedStreamError) in
            try object.touch(offset..<(offset + UInt64(length)), isRedacted: false, stream: stream)
        }
        return true
    }

    /// Content of an object does not come. Senders leave out that of files alone: names and attributes are there.
    private mutating func leaveOut(_ range: Range<UInt64>, of number: UInt64) throws(UnplacedStreamError) {
        guard let object = objects[number] else {
            throw UnplacedStreamError(.order, "content of object \(number) was left out, but it is not there")
        }
        guard object.type == StoredObject.fileType else {
            throw UnplacedStreamError(.unsupported, "a part of its names was left out (redacted)")
        }
        smallFiles[number] = nil
        try change(number) { [stream] object throws(UnplacedStreamError) in
            // Of an old link, content is where it leads.
            if range.lowerBound == 0 { object.linkData = nil }
            try object.touch(range, isRedacted: true, stream: stream)
        }
    }

    private func keepsContent(of number: UInt64, _ length: Int, at offset: UInt64) -> Bool {
        guard let object = objects[number] else { return false }
        if object.names != nil || object.isOldLink { return true }
        return offset == 0 && length <= Self.smallFileSize && object.type == StoredObject.fileType
    }

    private mutating func keep(_ block: RawSpan, of number: UInt64, at offset: UInt64) throws(UnplacedStreamError) {
        guard let object = objects[number] else { return }
        if object.names == nil {
            guard offset == 0 else { return }
            guard object.isOldLink else {
                smallFiles[number] = nil
                if smallFiles.count < Self.mostSmallFiles, isOfInterest(block) { smallFiles[number] = block.array }
                return
            }
            let target = block.extracting(0..<min(block.byteCount, FileSystemLimits.targetLength)).array
            return try change(number) { $0.linkData = target }
        }
        let parsed = try ZAPBlock(
            block.array, isFirst: offset == 0, isLittleEndian: header?.isLittleEndian ?? true)
        guard let index = objects.index(forKey: number) else { return }
        try count(objects.values[index].names?.set(parsed, at: offset) ?? 0)
    }

    private mutating func read(_ spill: SpillRecord, _ payload: RawSpan) throws {
        guard !spill.isUnmodified || objects[spill.object]?.spill == nil else { return }
        try unpacker.unpack(payload, spill.packing, length: spill.length) { try keepSpill($0, of: spill.object) }
    }

    private mutating func keepSpill(_ block: RawSpan, of number: UInt64) throws(UnplacedStreamError) {
        guard objects[number] != nil else {
            throw UnplacedStreamError(.order, "object \(number) has attributes, but is not there")
        }
        let stored = StoredObject.StoredBytes(
            bytes: block.array, isLittleEndian: header?.isLittleEndian ?? true)
        try change(number) { $0.spill = stored }
    }
}

extension RawSpan {
    var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}
