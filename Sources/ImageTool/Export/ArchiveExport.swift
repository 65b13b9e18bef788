import Failure
import SendStream
import Tar

/// What must be known of a file system before an archive of it can begin.
struct ArchiveExport {
    let tree: FileSystemTree
    let regions: DataRegions
    /// Content of files to which several streams contribute.
    let merger: ContentMerger?

    /// - Parameter planned: is told, when all was read once, how many times it will have been read when the archive is made.
    /// - Throws: `InvalidFile`, `FileSystemError`, `NoSpace`; what ZFS says.
    init(_ source: some ArchiveSource, _ name: String, planned: (Int) -> Void) async throws {
        let reader = try await source.pass(FileSystemReader())
        var tree: FileSystemTree
        do {
            tree = try reader.tree()
        } catch {
            throw StreamFiles.failure(error, name)
        }
        if let refusal = RedactedFiles(tree).refusal(of: name) { throw refusal }
        let hasAttributes = !tree.attributeObjects.isEmpty
        // The content of which files lies in several streams, no attribute changes.
        let (plain, merged) = Self.contents(of: tree)
        // This one, that of the data, and that of the archive.
        planned(3 + (hasAttributes ? 1 : 0) + (merged.isEmpty ? 0 : 1))
        if hasAttributes {
            let values = FileContents(tree, of: tree.attributeObjects, to: SmallContents(of: tree))
            tree.setAttributes(try await source.pass(values).visitor.contents)
        }
        regions = try await source.pass(FileContents(tree, of: plain, to: DataRegions())).visitor
        merger =
            merged.isEmpty
            ? nil
            : try await source.pass(FileContents(tree, of: merged, to: try ContentMerger(merged.sorted())))
                .visitor
        self.tree = tree
    }

    /// The files whose content is in one stream, and those whose content is in several.
    private static func contents(of tree: FileSystemTree) -> (plain: Set<UInt64>, merged: Set<UInt64>) {
        var plain: Set<UInt64> = []
        var merged: Set<UInt64> = []
        for index in 0..<tree.count {
            guard let entry = tree.attributes(index), entry.attributes.kind == .file else { continue }
            switch tree.content(of: entry.object)?.count ?? 0 {
            case 0: break
            case 1: plain.insert(entry.object)
            default: merged.insert(entry.object)
            }
        }
        return (plain, merged)
    }

    /// What is not in the archive, for people.
    var remarks: [String] {
        var sockets = 0
        for index in 0..<tree.count {
            let kind = tree.attributes(index)?.attributes.kind
            if kind == .socket || kind == .other { sockets += 1 }
        }
        return StreamFiles.remarks(tree)
            + (sockets > 0
                ? ["left out: sockets and doors, which live only as long as their programs (\(sockets))"] : [])
    }
}

/// A file system as an archive: what has no content, by its path; files, as their content comes; further names; and at last the
/// folders, whose times GNU tar would forget if something were put into them later.
struct TreeArchive: FileProducer {
    var output = ProducedBytes()
    private var streams: [StreamPieces]
    private var reader = StreamReader()
    private var contents: FileContents<ArchiveContent>
    private let export: ArchiveExport
    private var stage = Stage.nodes(0)

    private enum Stage { case nodes(Int), content, rest([UInt64]), links(Int), folders(Int), ended }

    init(_ export: ArchiveExport, _ streams: [StreamPieces]) {
        self.export = export
        self.streams = streams
        var files: [UInt64: Int] = [:]
        for index in 0..<export.tree.count {
            guard let entry = export.tree.entry(index), entry.attributes.kind == .file, entry.firstPath == nil else {
                continue
            }
            files[entry.object] = index
        }
        let direct = files.keys.filter { export.tree.content(of: $0)?.count == 1 }
        contents = FileContents(export.tree, of: Set(direct), to: ArchiveContent(export, files: files))
    }

    mutating func step() throws -> Bool {
        swap(&output, &contents.visitor.output)
        defer { swap(&output, &contents.visitor.output) }
        do {
            return try advance()
        } catch let error as TarError {
            throw Failure(.invalidFile, "the content of a file is not what its attributes say", cause: error)
        }
    }

    private mutating func advance() throws -> Bool {
        switch stage {
        case .nodes(let index) where index < export.tree.count:
            if let entry = export.tree.entry(index), entry.firstPath == nil, entry.attributes.kind != .file,
                entry.attributes.kind != .directory
            {
                try contents.visitor.add(entry, linkedTo: nil)
            }
            stage = .nodes(index + 1)
        case .nodes: stage = .content
        case .content:
            guard let stream = streams.first else {
                try contents.visitor.finishFile()
                // Those without content, and those of several streams.
                stage = .rest(contents.visitor.files.keys.sorted(by: >))
                return true
            }
            if try !stream.read(into: &reader, &contents) {
                streams.removeFirst()
                reader = StreamReader()
            }
        case .rest(var objects):
            guard let object = objects.popLast() else {
                stage = .links(0)
                return true
            }
            try contents.visitor.addWhole(object, export.merger)
            stage = .rest(objects)
        case .links(let index) where index < export.tree.count:
            if let entry = export.tree.entry(index), let first = entry.firstPath {
                try contents.visitor.add(entry, linkedTo: first)
            }
            stage = .links(index + 1)
        case .links: stage = .folders(0)
        case .folders(let index) where index < export.tree.count:
            if let entry = export.tree.entry(index), entry.attributes.kind == .directory {
                try contents.visitor.add(entry, linkedTo: nil)
            }
            stage = .folders(index + 1)
        case .folders:
            try contents.visitor.finish()
            stage = .ended
        case .ended: return false
        }
        return true
    }
}

/// Writes entries, and the content of files.
private struct ArchiveContent: FileContentVisitor {
    /// While the archive is made, that of the whole.
    var output = ProducedBytes()
    /// Those that have not begun, by their first names.
    private(set) var files: [UInt64: Int]
    private let export: ArchiveExport
    private var writer = TarWriter()
    private var current: UInt64?

    init(_ export: ArchiveExport, files: [UInt64: Int]) {
        self.export = export
        self.files = files
    }

    mutating func add(_ entry: FileSystemEntry, linkedTo target: [UInt8]?) throws {
        // What archives do not have is left out.
        guard let made = Self.tarEntry(entry, linkedTo: target) else { return }
        try writer.begin(made, to: &output)
        try writer.end(to: &output)
    }

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        if current != object {
            try finishFile()
            let size = export.tree.size(of: object) ?? 0
            try begin(object, export.regions.regions(of: object, size: size))
        }
        try writer.content(bytes, to: &output)
    }

    func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {}

    private mutating func begin(_ object: UInt64, _ regions: [TarWriter.Region]?) throws {
        guard let index = files.removeValue(forKey: object), let entry = export.tree.entry(index),
            let made = Self.tarEntry(entry, linkedTo: nil)
        else { throw Failure(.invalidFile, "the content of object \(object) comes in several parts") }
        try writer.begin(made, regions: regions, to: &output)
        current = object
    }

    mutating func finishFile() throws {
        guard current != nil else { return }
        try writer.end(to: &output)
        current = nil
    }

    /// A file without content in one stream.
    mutating func addWhole(_ object: UInt64, _ merger: ContentMerger?) throws {
        let size = export.tree.size(of: object) ?? 0
        var regions = DataRegions()
        try merger?.read(object) { bytes, offset in regions.data(bytes, of: object, at: offset, stream: 0) }
        try begin(object, regions.regions(of: object, size: size))
        try merger?.read(object) { bytes, _ in try writer.content(bytes, to: &output) }
        try finishFile()
    }

    mutating func finish() throws { try writer.finish(to: &output) }

    private static func tarEntry(_ entry: FileSystemEntry, linkedTo target: [UInt8]?) -> TarEntry? {
        TarEntry(entry, path: entry.path.isEmpty ? Array("./".utf8) : entry.path, linkedTo: target)
    }
}
