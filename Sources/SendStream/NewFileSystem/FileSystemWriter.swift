import RawBytes

/// Writes the send stream of a file system's snapshot, whole, of a ``FileSystemDraft``: of version 4, which every ZFS receives
/// and mounts. The same draft and content give the same bytes.
///
/// In this order: `begin`; `writeNext` until there is nothing left; for each of `nextFile`, `beginFile`, its content by `write`,
/// ascending, and `endFile`; `finish`; `end`. A stream without its end is received by no ZFS: call `end` only once everything
/// proved to be right.
public struct FileSystemWriter {
    /// Bytes of a block of a larger file: what every ZFS receives. A smaller file has one block.
    static let largestBlock = 1 << 17

    private let name: String
    private let created: UInt64
    /// See ``SnapshotGUID``.
    public let guid: UInt64
    private let draft: FileSystemDraft
    private let plan: ObjectPlan
    private var records = RecordWriter()
    private var state = State.new
    private var nextOther = 0
    private var nextFileIndex = 0
    private var file: OpenFile?

    private enum State { case new, others, files, finished, ended }

    private struct OpenFile {
        var object: UInt64
        var size: UInt64
        var blocks: BlockGatherer
        /// Extended attributes, which are written behind it.
        var rest: ArraySlice<NewObject>
    }

    // `DMU_OT_MASTER_NODE`, `DMU_OT_UNLINKED_SET` (dmu.h)
    private static let masterNodeType: UInt32 = 21
    private static let deleteQueueType: UInt32 = 22
    private static let version: UInt64 = 4
    private static let objectsInBlock: UInt64 = 32

    /// - Parameters:
    ///   - draft: with the digests of all its files' content.
    ///   - name: `dataset@snapshot`, at most 255 bytes: what the receiver may take a name from.
    ///   - created: seconds since 1970.
    /// - Throws: `StreamError` if there can be no such snapshot.
    public init(_ draft: FileSystemDraft, name: String, created: UInt64) throws {
        let text = Array(name.utf8)
        guard text.count < 256, !text.contains(0), text.contains(UInt8(ascii: "@")) else {
            throw StreamError(.badRecord, at: 0, "a snapshot is called \(name.debugDescription)")
        }
        self.name = name
        self.created = created
        self.draft = draft
        plan = ObjectPlan(draft)
        guid = try SnapshotGUID.derive(draft, plan)
    }

    /// Bytes written so far.
    public var byteCount: UInt64 { records.byteCount }

    /// Writes what describes the file system.
    ///
    /// - Throws: what the sink throws.
    public mutating func begin(to sink: inout some StreamSink) throws {
        try advance(from: .new, to: .others)
        try records.write(.begin(.fileSystem, name: name, guid: guid, created: created), to: &sink)
        try records.write(.freeObjects(first: 0, count: 1, guid), to: &sink)
        try writeTable(
            ObjectPlan.masterNode, Self.masterNodeType,
            [
                ("VERSION", Self.version), ("ROOT", ObjectPlan.root), ("DELETE_QUEUE", ObjectPlan.deleteQueue),
                ("utf8only", 0), ("normalization", 0), ("casesensitivity", 0),
            ].map { (name: Array($0.utf8), value: $1) }, to: &sink)
        try writeTable(ObjectPlan.deleteQueue, Self.deleteQueueType, [], to: &sink)
    }

    /// Writes the next of what is no file.
    ///
    /// - Returns: false if there is none.
    /// - Throws: `StreamError` for a directory that ZFS cannot have, and what the sink throws.
    public mutating func writeNext(to sink: inout some StreamSink) throws -> Bool {
        guard nextOther < plan.others.count else {
            try advance(from: .others, to: .files)
            return false
        }
        try advance(from: .others, to: .others)
        for object in plan.objects(of: plan.others[nextOther], draft) { try write(object, to: &sink) }
        nextOther += 1
        return true
    }

    /// The file whose content is next; nil: there is none.
    public var nextFile: FileSystemDraft.Node? {
        nextFileIndex < plan.files.count ? plan.files[nextFileIndex] : nil
    }

    /// Begins the next file.
    ///
    /// - Throws: what the sink throws.
    public mutating func beginFile(to sink: inout some StreamSink) throws {
        try advance(from: .files, to: .files)
        guard file == nil, let node = nextFile else { throw disordered("a file") }
        let objects = plan.objects(of: node, draft)
        guard let object = objects.first else { throw disordered("a file") }
        let size = object.znode.size
        let blockSize = Self.blockSize(size)
        try writeHead(object, StoredObject.fileType, blockSize, to: &sink)
        file = OpenFile(
            object: object.number, size: size, blocks: BlockGatherer(blockSize: blockSize), rest: objects.dropFirst())
    }

    /// Content of the file that was begun. What is never given is zero.
    ///
    /// - Throws: `StreamError` if it does not ascend or goes over the size, and what the sink throws.
    public mutating func write(_ bytes: RawSpan, at offset: UInt64, to sink: inout some StreamSink) throws {
        guard var open = file else { throw disordered("content") }
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
        guard !overflow, end <= open.size else {
            throw StreamError(.limit, at: byteCount, "content of \(bytes.byteCount) bytes at \(offset) in \(open.size)")
        }
        // Not held twice, or its block would be copied.
        file = nil
        try open.blocks.add(bytes, at: offset) { block, start, _ in
            try writeBlock(block, of: open.object, at: start, to: &sink)
        }
        file = open
    }

    /// All content of the file was given.
    ///
    /// - Throws: what the sink throws.
    public mutating func endFile(to sink: inout some StreamSink) throws {
        guard var open = file else { throw disordered("a file's end") }
        file = nil
        let object = open.object
        try open.blocks.flush { block, start, _ throws in try writeBlock(block, of: object, at: start, to: &sink) }
        for object in open.rest { try write(object, to: &sink) }
        nextFileIndex += 1
    }

    /// Writes what follows the files.
    ///
    /// - Throws: `StreamError` if one is missing, and what the sink throws.
    public mutating func finish(to sink: inout some StreamSink) throws {
        guard file == nil, nextFile == nil else { throw disordered("the end") }
        try advance(from: .files, to: .finished)
        let over = plan.end % Self.objectsInBlock
        guard over > 0 else { return }
        try records.write(.freeObjects(first: plan.end, count: Self.objectsInBlock - over, guid), to: &sink)
    }

    /// Writes the last record: what came before is what was meant.
    ///
    /// - Throws: what the sink throws.
    public mutating func end(to sink: inout some StreamSink) throws {
        try advance(from: .finished, to: .ended)
        try records.write(.end(records.checksum, guid), to: &sink)
    }

    private mutating func advance(from: State, to next: State) throws(StreamError) {
        guard state == from else { throw disordered("\(state) to \(next)") }
        state = next
    }

    private func disordered(_ what: String) -> StreamError {
        StreamError(.order, at: byteCount, "a step of writing comes out of order: \(what)")
    }

    private static func blockSize(_ size: UInt64) -> Int {
        size >= UInt64(largestBlock) ? largestBlock : max(512, (Int(size) + 511) / 512 * 512)
    }

    // MARK: objects

    private mutating func write(_ object: NewObject, to sink: inout some StreamSink) throws {
        if let names = object.names {
            let table = try table(names, object.number)
            try writeHead(object, StoredObject.directoryType, table.blockSize, to: &sink)
            return try writeBlocks(of: table, object.number, StoredObject.directoryType, to: &sink)
        }
        let data = object.data ?? []
        let blockSize = Self.blockSize(UInt64(data.count))
        try writeHead(object, StoredObject.fileType, blockSize, to: &sink)
        for start in stride(from: 0, to: data.count, by: blockSize) {
            let part = Array(data[start..<min(start + blockSize, data.count)])
            let block = part + [UInt8](repeating: 0, count: blockSize - part.count)
            try unsafe writeBlock(block.span.bytes, of: object.number, at: UInt64(start), to: &sink)
        }
    }

    private mutating func writeHead(
        _ object: NewObject, _ type: UInt32, _ blockSize: Int, to sink: inout some StreamSink
    ) throws {
        let bonus = object.znode.bytes
        let padded = bonus + [UInt8](repeating: 0, count: (8 - bonus.count % 8) % 8)
        let record = RecordBuilder.object(
            object.number, type, blockSize: blockSize, bonus: (ZnodeAttributes.bonusType, bonus.count), guid)
        try unsafe records.write(record, payload: padded.span.bytes, to: &sink)
    }

    /// A table of names that is no directory.
    private mutating func writeTable(
        _ object: UInt64, _ type: UInt32, _ names: [NameTable.Entry], to sink: inout some StreamSink
    ) throws {
        let table = try table(names, object)
        try records.write(.object(object, type, blockSize: table.blockSize, guid), to: &sink)
        try writeBlocks(of: table, object, type, to: &sink)
    }

    private mutating func writeBlocks(
        of table: NameTable, _ object: UInt64, _ type: UInt32, to sink: inout some StreamSink
    ) throws {
        var offset: UInt64 = 0
        try table.forEachBlock { block in
            let record = RecordBuilder.write(object, type, offset, block.count, guid)
            try unsafe records.write(record, payload: block.span.bytes, to: &sink)
            offset += UInt64(block.count)
        }
    }

    private mutating func writeBlock(
        _ block: RawSpan, of object: UInt64, at offset: UInt64, to sink: inout some StreamSink
    ) throws {
        guard !block.isZero else { return }
        let record = RecordBuilder.write(object, StoredObject.fileType, offset, block.byteCount, guid)
        try records.write(record, payload: block, to: &sink)
    }

    private func table(_ names: [NameTable.Entry], _ object: UInt64) throws(StreamError) -> NameTable {
        do {
            // Any salt will do, but zero.
            return try NameTable(names, salt: object << 1 | 1)
        } catch {
            throw StreamError(error.reason, at: byteCount, error.detail)
        }
    }
}
