import Failure
import Layers
import SendStream
import Tar

/// A root file system in an archive as the whole stream of a snapshot. Its content must be that of which the guid was made.
struct ArchiveImage: FileProducer {
    var output = ProducedBytes()
    private let content: UnpackedFile
    private var reader = TarReader()
    private var entries: SystemEntries<Visitor>
    private var stage = Stage.begin

    private enum Stage { case begin, others, files }

    /// - Parameter content: the archive, from its beginning once more.
    init(_ content: UnpackedFile, _ survey: ArchiveSurvey, _ writer: FileSystemWriter) {
        self.content = content
        entries = SystemEntries(Visitor(draft: survey.tree.draft, files: survey.files, writer: writer))
    }

    mutating func step() throws -> Bool {
        do {
            switch stage {
            case .begin:
                try entries.visitor.writer.begin(to: &output)
                stage = .others
            case .others:
                if try !entries.visitor.writer.writeNext(to: &output) { stage = .files }
            case .files:
                swap(&output, &entries.visitor.output)
                defer { swap(&output, &entries.visitor.output) }
                let more = try content.readPiece { bytes in try reader.feed(bytes, to: &entries) }
                if !more { try finish() }
                return more
            }
            return true
        } catch {
            throw ArchiveSurvey.failure(error, content.file.name)
        }
    }

    private mutating func finish() throws {
        try reader.finish(to: &entries)
        guard entries.visitor.isComplete else { throw ImageTool.changedMeanwhile }
        try entries.visitor.finish()
    }
}

/// Writes those files of the archive that are in the image.
private struct Visitor: TarVisitor {
    let draft: FileSystemDraft
    let files: [FileSystemDraft.Node]
    var writer: FileSystemWriter
    /// While the archive is read, that of the image.
    var output = ProducedBytes()
    /// Files that have begun.
    private var count = 0
    private var digest: SparseDigest?

    init(draft: FileSystemDraft, files: [FileSystemDraft.Node], writer: FileSystemWriter) {
        self.draft = draft
        self.files = files
        self.writer = writer
    }

    var isComplete: Bool { count == files.count && writer.nextFile == nil }

    mutating func finish() throws {
        try writer.finish(to: &output)
        try writer.end(to: &output)
    }

    mutating func begin(_ entry: TarEntry) throws {
        guard entry.kind == .file else { return }
        guard count < files.count else { throw ImageTool.changedMeanwhile }
        let node = files[count]
        count += 1
        // One that a later entry replaced is not there.
        guard writer.nextFile == node else { return }
        guard draft.attributes(of: node)?.size == entry.size else { throw ImageTool.changedMeanwhile }
        try writer.beginFile(to: &output)
        digest = SparseDigest()
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        guard digest != nil else { return }
        try digest?.add(bytes, at: offset)
        try writer.write(bytes, at: offset, to: &output)
    }

    mutating func end() throws {
        guard let made = digest.take() else { return }
        guard made.finalize() == draft.contentDigest(of: files[count - 1]) else { throw ImageTool.changedMeanwhile }
        try writer.endFile(to: &output)
    }
}
