import Failure
import Host
import ImageModel
import ImageStore
import SendStream
import ZFS

/// The snapshots that an image of a file system is made of, from the base up, read as the streams that `zfs send` makes of each
/// from the one before. Snapshots do not change, so that each can be read again.
struct SnapshotChain {
    let zfs: ZFS
    /// From the base up.
    let images: [InstalledImage]
    let snapshots: [SnapshotName]
    private var reader = FileSystemReader()
    /// The tree of the snapshot that was read last, and that of the one below it.
    private(set) var tree: FileSystemTree?
    private(set) var below: FileSystemTree?
    /// Objects of which the snapshot that was read last has other content.
    private(set) var touched: Set<UInt64> = []
    private var count = 0
    private var kept: KeptStream?

    /// - Parameter images: from the base up.
    init(_ images: [InstalledImage], zfs: ZFS) throws(Failure) {
        self.zfs = zfs
        self.images = images
        snapshots = try images.map { image throws(Failure) in
            guard let snapshot = image.pool.dataset.child(image.uuid.description).snapshot("final") else {
                throw Failure(.internalError, "image \(image.uuid) has no room for the name of a snapshot")
            }
            return snapshot
        }
    }

    /// Reads the names of all snapshots up to one.
    ///
    /// - Throws: `InvalidFile`; what ZFS says.
    mutating func read(upTo place: Int) async throws {
        while count <= place {
            // Of those below, only names are wanted.
            kept = count == place ? try KeptStream(count) : nil
            var read = LayerReader(reader)
            try await send(count, to: &read, keeping: kept)
            reader = read.reader
            below = tree
            do {
                var tree = try reader.tree()
                if let refusal = RedactedFiles(tree).refusal(of: "\(snapshots[count])") { throw refusal }
                if !tree.attributeObjects.isEmpty {
                    let values = FileContents(tree, of: tree.attributeObjects, to: SmallContents(of: tree))
                    tree.setAttributes(try await pass(0..<(count + 1), values).visitor.contents)
                }
                touched = read.touched.filter { object, offset in offset < tree.size(of: object) ?? 0 }.keys.reduce(
                    into: []
                ) { $0.insert($1) }
                self.tree = tree
            } catch {
                throw StreamFiles.failure(error, "\(snapshots[count])")
            }
            count += 1
        }
    }

    /// The content of files of the snapshot that was read last: once.
    ///
    /// - Throws: as above; `FileSystemError`, `NoSpace`.
    mutating func contents(of objects: Set<UInt64>) async throws -> ContentMerger {
        // While the content is sent, its stream need take no room.
        defer { kept = nil }
        do {
            return try await merged(objects)
        } catch let error as FileError where error.kind == .noSpace && kept?.isWhole == true {
            // What is kept of the stream may go: ZFS makes it again.
            kept = nil
            return try await merged(objects)
        }
    }

    private func merged(_ objects: Set<UInt64>) async throws -> ContentMerger {
        let merger = try ContentMerger(objects.sorted())
        guard let tree, let first = objects.compactMap({ tree.content(of: $0)?.lowerBound }).min() else {
            return merger
        }
        return try await pass(first..<count, FileContents(tree, of: objects, skipping: first, to: merger)).visitor
    }

    private func pass<Visitor: StreamVisitor>(_ places: Range<Int>, _ visitor: Visitor) async throws -> Visitor {
        var visitor = visitor
        for place in places {
            if let kept, kept.place == place, kept.isWhole {
                try read(StreamPieces(name: "\(snapshots[place])", next: kept.pieces()), &visitor)
            } else {
                try await send(place, to: &visitor)
            }
        }
        return visitor
    }

    private func send(_ place: Int, to visitor: inout some StreamVisitor, keeping kept: KeptStream? = nil) async throws
    {
        try await zfs.send(snapshots[place], from: place == 0 ? nil : snapshots[place - 1]) { output in
            let pieces = StreamPieces(name: "\(snapshots[place])") { body in
                let bytes = try output.read(256 << 10)
                if bytes.isEmpty { return false }
                try unsafe kept?.add(bytes.span.bytes)
                try unsafe body(bytes.span.bytes)
                return true
            }
            try read(pieces, &visitor)
        }
    }

    private func read(_ pieces: StreamPieces, _ visitor: inout some StreamVisitor) throws {
        var reader = StreamReader()
        while try pieces.read(into: &reader, &visitor) { try Task.checkCancellation() }
    }
}

/// The stream of a snapshot, kept on the disk, if there is room: ZFS takes longer to make it again than the disk to give it back.
private final class KeptStream {
    let place: Int
    private var scratch: ScratchFile?
    private var byteCount: UInt64 = 0

    /// - Throws: `FileSystemError`, `NoSpace`.
    init(_ place: Int) throws {
        self.place = place
        scratch = try ScratchFile()
    }

    /// False once there was no room for all of it.
    var isWhole: Bool { scratch != nil }

    func add(_ bytes: RawSpan) throws {
        do {
            try scratch?.write(bytes, at: byteCount)
            byteCount += UInt64(bytes.byteCount)
        } catch let error as FileError where error.kind == .noSpace {
            scratch = nil
        }
    }

    /// From its beginning on.
    func pieces() -> ((RawSpan) throws -> Void) throws -> Bool {
        var reached: UInt64 = 0
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        return { [self] body in
            let count = Int(min(UInt64(buffer.count), byteCount - reached))
            if count == 0 { return false }
            try unsafe buffer.withUnsafeMutableBytes {
                try unsafe scratch?.read(at: reached, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
            }
            reached += UInt64(count)
            try unsafe body(buffer.span.bytes.extracting(0..<count))
            return true
        }
    }
}

/// Reads names and attributes, and notes which objects get content, and from which byte on.
private struct LayerReader: StreamVisitor {
    var reader: FileSystemReader
    private(set) var touched: [UInt64: UInt64] = [:]

    init(_ reader: FileSystemReader) { self.reader = reader }

    mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws {
        try reader.begin(header, properties: properties)
    }

    mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        switch record {
        case .write(let write): note(write.object, write.offset)
        case .embedded(let block) where !block.isSpill: note(block.object, block.offset)
        case .free(let object, let offset, _): note(object, offset)
        default: break
        }
        try reader.record(record, payload: payload)
    }

    private mutating func note(_ object: UInt64, _ offset: UInt64) {
        touched[object] = min(touched[object] ?? .max, offset)
    }

    mutating func end() throws { try reader.end() }
}
