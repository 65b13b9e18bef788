import Failure
import SendStream
import Tar

/// Makes the files of a file system that is kept in streams.
struct StreamExtraction {
    private let files: StreamFiles
    private let writer: TreeWriter
    /// What is to be made, in the order of names; of each object, the first name that was chosen.
    private let indices: [Int]
    private var firstPaths: [UInt64: [UInt8]] = [:]
    /// Those that are not made.
    private(set) var redacted = RedactedFiles()

    init(_ files: StreamFiles, _ paths: [String], to writer: TreeWriter) throws {
        self.files = files
        self.writer = writer
        indices = try files.indices(paths)
    }

    /// - Throws: `InvalidFile`, `FileSystemError`, `NoSpace`, `PermissionDenied`.
    mutating func run() throws {
        var plain: [UInt64: TarEntry] = [:]
        var links: [TarEntry] = []
        for index in indices {
            guard let entry = files.tree.entry(index) else { continue }
            guard !files.tree.redactedObjects.contains(entry.object) else {
                redacted.add(entry.path)
                continue
            }
            let path = entry.path.isEmpty ? Array("./".utf8) : entry.path
            let first = entry.attributes.kind == .directory ? nil : firstPaths[entry.object]
            guard let made = TarEntry(entry, path: path, linkedTo: first) else {
                writer.skip("sockets and doors, which live only as long as their programs")
                continue
            }
            firstPaths[entry.object] = first ?? path
            switch made.kind {
            case .hardLink: links.append(made)
            case .file: plain[entry.object] = made
            default: if try writer.begin(made) { try writer.end() }
            }
        }
        try makeFiles(plain)
        for link in links { if try writer.begin(link) { try writer.end() } }
        try writer.finish()
    }

    private func makeFiles(_ entries: [UInt64: TarEntry]) throws {
        let tree = files.tree
        // Those to which only one stream contributes are written as they come.
        let merged = entries.keys.filter { (tree.content(of: $0)?.count ?? 0) > 1 }.sorted()
        let direct = Set(entries.keys.filter { tree.content(of: $0)?.count == 1 })
        var visitor = DirectContent(entries: entries, writer: writer)
        if !direct.isEmpty { visitor = try files.content(of: direct, to: visitor) }
        try visitor.finish()
        if !merged.isEmpty {
            let merger = try files.content(of: Set(merged), to: try ContentMerger(merged))
            for object in merged {
                guard let entry = visitor.entries.removeValue(forKey: object), try writer.begin(entry) else { continue }
                try merger.read(object) { bytes, offset in try writer.content(bytes, at: offset) }
                try writer.end()
            }
        }
        // Empty ones, and those that are one hole.
        for (_, entry) in visitor.entries.sorted(by: { $0.key < $1.key }) where try writer.begin(entry) {
            try writer.end()
        }
    }
}

/// Writes files in the order in which their content comes.
private struct DirectContent: FileContentVisitor {
    /// Those that have not begun.
    var entries: [UInt64: TarEntry]
    let writer: TreeWriter
    private var current: UInt64?

    init(entries: [UInt64: TarEntry], writer: TreeWriter) {
        self.entries = entries
        self.writer = writer
    }

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        if current != object {
            try finish()
            guard let entry = entries.removeValue(forKey: object) else {
                throw Failure(.invalidFile, "the content of object \(object) comes in several parts")
            }
            try writer.begin(entry)
            current = object
        }
        try writer.content(bytes, at: offset)
    }

    func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {}

    mutating func finish() throws {
        if current != nil { try writer.end() }
        current = nil
    }
}
