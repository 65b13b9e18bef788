import Failure
import Tar

/// The files of an archive, in the order in which they are there.
struct ArchiveFiles<Sink: TarVisitor>: TarVisitor {
    private var chosen: ChosenPaths
    private(set) var sink: Sink
    private var isChosen = false

    /// - Returns: what became of the sink, and remarks for people.
    /// - Throws: `InvalidFile`; `Usage` for paths that are not there; what the sink throws.
    static func read(
        _ content: UnpackedFile, _ paths: [String], to sink: Sink
    ) throws -> (sink: Sink, remarks: [String]) {
        var files = Self(chosen: ChosenPaths(paths), sink: sink)
        var reader = TarReader()
        do {
            try content.read { bytes in try reader.feed(bytes, to: &files) }
            try reader.finish(to: &files)
        } catch let error as TarError {
            throw Failure(.invalidFile, "the archive \"\(content.file.name)\" cannot be read", cause: error)
        }
        try files.chosen.checkFound(in: content.file.name)
        return (files.sink, reader.ending.remark.map { ["the archive \"\(content.file.name)\" \($0)"] } ?? [])
    }

    mutating func begin(_ entry: TarEntry) throws {
        isChosen = chosen.contains(entry.path)
        if isChosen { try sink.begin(entry) }
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        if isChosen { try sink.content(bytes, at: offset) }
    }

    mutating func end() throws {
        if isChosen { try sink.end() }
    }
}

/// Extracts.
struct ArchiveExtraction: TarVisitor {
    let writer: TreeWriter
    private var isMade = false

    init(_ writer: TreeWriter) { self.writer = writer }

    mutating func begin(_ entry: TarEntry) throws { isMade = try writer.begin(entry) }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        if isMade { try writer.content(bytes, at: offset) }
    }

    mutating func end() throws {
        if isMade { try writer.end() }
    }
}

/// Lists.
struct ArchiveListing: TarVisitor {
    let body: (ListedFile) throws -> Void

    func begin(_ entry: TarEntry) throws { try body(ListedFile(entry)) }
    func content(_ bytes: RawSpan, at offset: UInt64) {}
    func end() {}
}

/// Prints files.
struct ArchivePrinting: TarVisitor {
    let body: (RawSpan) throws -> Void
    private var output = SequentialOutput(size: 0)
    private var size: UInt64 = 0

    init(_ body: @escaping (RawSpan) throws -> Void) { self.body = body }

    mutating func begin(_ entry: TarEntry) throws {
        guard entry.kind == .file else {
            let path = String(decoding: entry.path, as: UTF8.self)
            let target = String(decoding: entry.linkTarget, as: UTF8.self)
            throw Failure(
                .usage,
                entry.kind == .hardLink ? "\"\(path)\" is another name of \"\(target)\"" : "\"\(path)\" is no file",
                hint: entry.kind == .hardLink
                    ? "ask for that" : "-C DIR extracts folders, links and what else there is")
        }
        size = entry.size
        output = SequentialOutput(size: size)
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws { try output.add(bytes, at: offset, body) }
    mutating func end() throws { try output.fill(to: size, body) }
}
