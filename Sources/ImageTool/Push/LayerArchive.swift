import Failure
import Host
import ImageModel
import SendStream
import Tar

/// A layer as an archive: its entries in the order of their names, with all that they are but for the time of their last use.
/// Holes are written as zeros, since not everybody reads sparse files in layers (OCI image-spec, layer.md). The same tree gives
/// the same bytes, whatever host it was unpacked on.
struct LayerArchive: FileProducer, Sendable {
    var output = ProducedBytes()
    private let tree: FileSystemTree
    private let items: [LayerDifference.Item]
    private let contents: ContentMerger
    private var index = 0
    private var writer = TarWriter()
    /// The file that is being written, and what is missing of it.
    private var file: MergedFile?
    private var missing: UInt64 = 0
    /// The first names of what has several.
    private var names: [UInt64: [UInt8]] = [:]
    private var hasEnded = false

    private static let step: UInt64 = 256 << 10

    /// - Parameter contents: of the files whose names are new, the content.
    init(_ difference: LayerDifference, of tree: FileSystemTree, _ contents: ContentMerger) {
        self.tree = tree
        self.contents = contents
        items = difference.items
    }

    mutating func step() throws -> Bool {
        do {
            return try advance()
        } catch let error as TarError {
            throw Failure(.invalidFile, "the content of a file is not what its attributes say", cause: error)
        }
    }

    private mutating func advance() throws -> Bool {
        if let bytes = try file?.next(Int(min(missing, Self.step))) {
            if !bytes.isEmpty { try unsafe writer.content(bytes.span.bytes, to: &output) }
            missing -= UInt64(bytes.count)
            if missing == 0 {
                file = nil
                try writer.end(to: &output)
            }
            return true
        }
        guard index < items.count else {
            if hasEnded { return false }
            hasEnded = true
            try writer.finish(to: &output)
            return true
        }
        let item = items[index]
        index += 1
        switch item {
        case .whiteout(let path): try add(TarEntry(path: path, kind: .file))
        case .entry(let index):
            guard let entry = tree.entry(index) else { return true }
            try add(entry)
        }
        return true
    }

    private mutating func add(_ entry: FileSystemEntry) throws {
        let below = Array(entry.path.dropFirst(LayerDifference.root.count + 1))
        let path = below.isEmpty ? Array("./".utf8) : below
        guard let made = TarEntry(entry, path: path, linkedTo: names[entry.object]) else { return }
        if entry.isShared, entry.attributes.kind != .directory, names[entry.object] == nil {
            names[entry.object] = path
        }
        guard made.kind == .file, made.size > 0 else { return try add(made) }
        try writer.begin(made, to: &output)
        file = contents.file(entry.object)
        missing = made.size
    }

    private mutating func add(_ entry: TarEntry) throws {
        try writer.begin(entry, to: &output)
        try writer.end(to: &output)
    }
}
