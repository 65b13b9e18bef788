/// What is done with the content of files.
public protocol FileContentVisitor {
    /// Content of a file, never beyond its end. Of one stream it ascends, and the files of a stream follow each other.
    ///
    /// - Parameters:
    ///   - bytes: valid during the call only.
    ///   - stream: which of the streams it comes from, counted from 0; that of a later one replaces that of an earlier.
    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws
    /// Of a file that a later stream changes: a range, never an empty one, that is zero now, whatever came before.
    ///
    /// - Parameter end: nil: to the file's end.
    mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) throws
}

/// Hands on the content of files, in a second pass over the streams of which ``FileSystemReader`` has read names and attributes:
/// give it to a ``StreamReader`` for each of them, in the same order. It refuses (`unsupported`) to hand on the content of a file of which
/// a part was left out, which would be zeros: ``FileSystemTree/redactedObjects`` are not wanted, or nothing is.
public struct FileContents<Visitor: FileContentVisitor>: StreamVisitor {
    public var visitor: Visitor
    private let tree: FileSystemTree
    private let wanted: Set<UInt64>?
    private let unpacker = BlockUnpacker()
    private var frame = FrameDatasets()
    private var isChecked = false
    private var stream: Int
    private var isOpen = false
    /// Sizes of blocks: when they change, what a file had before is gone.
    private var blockSizes: [UInt64: Int] = [:]

    /// - Parameters:
    ///   - tree: of just these streams.
    ///   - wanted: the objects whose content is wanted; nil: all that have any.
    ///   - skipped: how many of the first streams are not given to it, since they bring nothing of these.
    public init(
        _ tree: FileSystemTree, of wanted: Set<UInt64>? = nil, skipping skipped: Int = 0, to visitor: Visitor
    ) {
        self.tree = tree
        stream = skipped - 1
        self.wanted = wanted
        self.visitor = visitor
    }

    public mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws {
        guard frame.takes(header) else { return }
        if !isChecked { try checkWhole() }
        isChecked = true
        stream += 1
        isOpen = true
    }

    private func checkWhole() throws(UnplacedStreamError) {
        let redacted = wanted.map { tree.redactedObjects.intersection($0) } ?? tree.redactedObjects
        guard let object = redacted.min() else { return }
        throw UnplacedStreamError(.unsupported, "a part of the content of object \(object) was left out (redacted)")
    }

    public mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        guard isOpen else { return }
        switch record {
        case .object(let object):
            // Only of files that several streams have to do with.
            guard let range = range(of: object.object), range.count > 1, let size = tree.size(of: object.object) else {
                return
            }
            let before = blockSizes.updateValue(object.blockSize, forKey: object.object)
            if let before, before != object.blockSize, size > 0 {
                try visitor.hole(of: object.object, from: 0, to: nil, stream: stream)
            }
        case .write(let write):
            guard let size = sizeIfWanted(write.object), write.offset < size else { return }
            try unpacker.unpack(payload, write.packing, length: write.length) {
                try hand($0, of: write.object, at: write.offset, size: size)
            }
        case .embedded(let block):
            guard let size = sizeIfWanted(block.object), block.offset < size else { return }
            try unpacker.unpack(block, payload) { try hand($0, of: block.object, at: block.offset, size: size) }
        case .free(let object, let offset, let length):
            guard let range = range(of: object), range.lowerBound < stream, let size = sizeIfWanted(object),
                offset < size, length != 0
            else { return }
            let end = length.flatMap { offset + $0 < size ? offset + $0 : nil }
            try visitor.hole(of: object, from: offset, to: end, stream: stream)
        case .freeObjects, .spill, .reference, .objectRange, .redact: break
        }
    }

    public mutating func end() throws { isOpen = false }
    public mutating func endFrame() { frame.end() }

    private func range(of object: UInt64) -> ClosedRange<Int>? {
        guard wanted?.contains(object) ?? true else { return nil }
        return tree.content(of: object)
    }

    /// The size of a file whose content in this stream counts.
    private func sizeIfWanted(_ object: UInt64) -> UInt64? {
        guard let range = range(of: object), range.contains(stream) else { return nil }
        return tree.size(of: object)
    }

    private mutating func hand(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, size: UInt64) throws {
        let count = Int(min(UInt64(bytes.byteCount), size - offset))
        try visitor.data(bytes.extracting(0..<count), of: object, at: offset, stream: stream)
    }
}

/// The values of extended attributes that are files, in memory.
public struct SmallContents: FileContentVisitor {
    public private(set) var contents: [UInt64: [UInt8]] = [:]
    /// Bytes that a file may have.
    private let limit = FileSystemLimits.attributeLength
    /// Bytes that all of them may still take: some in a stream may put a length of zeros before them.
    private var room: Int

    /// - Parameter tree: whose names and attributes take of the memory that there is for both.
    public init(of tree: FileSystemTree) { room = tree.room }

    /// - Throws: `StreamError` (`limit`).
    public mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        guard offset + UInt64(bytes.byteCount) <= UInt64(limit) else {
            throw UnplacedStreamError(.limit, "a file has more than \(limit) bytes")
        }
        var content = contents.removeValue(forKey: object) ?? []
        let end = Int(offset) + bytes.byteCount
        if content.count < end {
            room -= end - content.count
            guard room >= 0 else {
                throw UnplacedStreamError(.limit, "its attributes take more memory than there may be for them")
            }
            content += [UInt8](repeating: 0, count: end - content.count)
        }
        content.replaceSubrange(Int(offset)..<end, with: bytes.array)
        contents[object] = content
    }

    public mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {
        guard var content = contents[object], offset < UInt64(content.count) else { return }
        let end = min(Int(clamping: end ?? .max), content.count)
        for place in Int(offset)..<max(end, Int(offset)) { content[place] = 0 }
        contents[object] = content
    }
}
