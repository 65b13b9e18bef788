import Failure
import Host
import ImageModel
import Layers
import Logging
import SystemPackage
import Tar
import ZFS

/// Unpacks the archive of a system's files into `root/` of a new file system: as a layer that nothing is below, but for names
/// that would be whiteouts in one.
struct RootInstaller: ImageInstaller {
    let store: ImageStore

    func checkHost() throws(Failure) { try checkUnpacking() }

    /// - Throws: `DownloadError`, `InvalidLayer`, `NoSpace`, `UnsuitablePool`, ZFS failures.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeContent {
        let (release, sum) = try await unpack(image, into: partial, from: try await open())
        var made = try await store.freeze(partial, fileSHA256: sum)
        made.release = release
        return made
    }

    /// When this returns, nothing holds the file system any more.
    private func unpack(
        _ image: ImageToInstall, into partial: DatasetName, from reader: some ImageFileReader
    ) async throws -> (OSRelease?, fileSHA256: String?) {
        try await store.makeFileSystem(partial, cloneOf: nil)
        let root = try await store.contentFolder(of: partial).appending("root")
        try HostFile.makeFolder(root)
        let extractor: LayerExtractor
        do {
            extractor = try LayerExtractor(tree: root.string, isNew: true)
        } catch {
            throw LayerPass.failure(error, image)
        }
        let read = try await LayerPass(image, nil).unpack(
            reader, extractor, seenBy: SystemEntries(RootVisitor(extractor)))
        let names = Set(try HostFile.names(in: root))
        guard SystemTree.isOne(names.contains) else {
            let what = image.fileName ?? "the file of image \(image.manifest.uuid)"
            throw Failure(.invalidFile, "\(what) \(SystemTree.isNone)", hint: SystemTree.hint)
        }
        try await store.noteLosses(of: extractor, in: partial, image)
        if let remark = read.ending.remark {
            store.log.warning("the archive \(remark)", metadata: ["image": "\(image.manifest.uuid)"])
        }
        return (read.visitor.visitor.release, read.fileSHA256)
    }
}

/// Looks for `os-release` among the entries of a root that pass on their way to the extractor.
private struct RootVisitor: TarVisitor {
    private let extractor: LayerExtractor
    private var content: [UInt8] = []
    private var isWanted = false
    private(set) var release: OSRelease?

    init(_ extractor: LayerExtractor) { self.extractor = extractor }

    /// Where it is a file: `etc/os-release` is mostly a link to the other (os-release(5)).
    private static let paths = ["usr/lib/os-release", "etc/os-release"].map { Array($0.utf8) }

    mutating func begin(_ entry: TarEntry) throws {
        let path = entry.path.starts(with: "./".utf8) ? entry.path.dropFirst(2) : entry.path[...]
        isWanted =
            entry.kind == .file && entry.size <= UInt64(OSRelease.longest)
            && Self.paths.contains { $0.elementsEqual(path) }
        content = []
        try extractor.begin(entry)
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        if isWanted { unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) } }
        try extractor.content(bytes, at: offset)
    }

    mutating func end() throws {
        if isWanted { release = OSRelease(content) }
        try extractor.end()
    }
}
