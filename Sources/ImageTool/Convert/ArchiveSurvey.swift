import Failure
import ImageModel
import Layers
import SendStream
import Tar

/// What must be known of a root file system in an archive before its stream can begin: its tree, and the digests of its files.
struct ArchiveSurvey: TarVisitor {
    private(set) var tree: ArchiveTree
    /// What each file of the archive became, in its order. Of some, nothing is left.
    private(set) var files: [FileSystemDraft.Node] = []
    /// Without one, what was cut between two files looks whole.
    private(set) var ending = TarReader.Ending.marked
    private var current: Current?
    /// Contents of small files with the right name.
    private var releases: [FileSystemDraft.Node: [UInt8]] = [:]

    private struct Current {
        var node: FileSystemDraft.Node
        var digest = SparseDigest()
        /// It may be an `os-release`.
        var text: [UInt8]?
    }

    private static let mostReleases = 64

    /// Reads an archive.
    ///
    /// - Throws: `InvalidFile`, `FileSystemError`.
    init(_ content: UnpackedFile) throws {
        let name = content.file.name
        do {
            tree = try ArchiveTree()
            var reader = TarReader()
            var entries = SystemEntries(self)
            try content.read { bytes in try reader.feed(bytes, to: &entries) }
            try reader.finish(to: &entries)
            self = entries.visitor
            ending = reader.ending
        } catch let error {
            throw Self.failure(error, name)
        }
        guard SystemTree.isOne({ tree.draft.node($0.utf8, in: tree.top) != nil }) else {
            throw Failure(.invalidFile, "the archive \"\(name)\" \(SystemTree.isNone)", hint: SystemTree.hint)
        }
    }

    static func failure(_ error: any Error, _ name: String) -> any Error {
        switch error {
        case let error as TarError:
            Failure(.invalidFile, "the archive \"\(name)\" cannot be read", cause: error)
        case is LayerError, is StreamError:
            Failure(.invalidFile, "of the archive \"\(name)\" no image can be made", cause: error)
        default: error
        }
    }

    /// What the system says of itself, if it does.
    var release: OSRelease? {
        ["etc/os-release", "usr/lib/os-release"].lazy
            .compactMap { tree.file(at: $0) }.compactMap { releases[$0] }.compactMap { OSRelease($0) }.first
    }

    mutating func begin(_ entry: TarEntry) throws {
        guard let node = try tree.make(entry) else { return }
        current = Current(node: node)
        let name = entry.path.split(separator: UInt8(ascii: "/")).last
        if releases.count < Self.mostReleases, entry.size <= UInt64(OSRelease.longest), !entry.isSparse,
            name?.elementsEqual("os-release".utf8) ?? false
        {
            current?.text = []
        }
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        guard var file = current else { return }
        // Not held twice, or what it has would be copied.
        current = nil
        try file.digest.add(bytes, at: offset)
        if file.text != nil { unsafe bytes.withUnsafeBytes { unsafe file.text?.append(contentsOf: $0) } }
        current = file
    }

    mutating func end() {
        guard let file = current.take() else { return }
        tree.setContent(of: file.node, digest: file.digest.finalize())
        releases[file.node] = file.text
        files.append(file.node)
    }
}
