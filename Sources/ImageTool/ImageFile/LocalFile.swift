import Failure
import Host
import ImageModel
import SystemPackage

/// A file of this host that came without a manifest.
struct LocalFile {
    let path: FilePath
    let size: Int64
    /// What is known of its image before it is read.
    let draft: ImageDraft
    /// What the file holds.
    let content: ImageContent
    private let file: GivenFile

    /// - Throws: `Usage` for what is no file; `InvalidFile` for one of which no image can be made; `FileSystemError`.
    init(_ name: String, _ request: FileRequest) throws {
        let file = try GivenFile(name)
        guard let size = file.size, let bytes = Int64(exactly: size), let path = file.path,
            let beginning = try FileHead(of: file, named: name)
        else {
            throw Failure(
                .usage, "\"\(name)\" is no regular file", hint: "imgadm convert reads a disk from a pipe, too")
        }
        let kind = try beginning.kind()
        var draft = ImageDraft(kind, fileName: beginning.fileName, fields: request.fields)
        if kind == .disk { draft.size = try beginning.diskSize(fileSize: size) }
        self.draft = draft
        content = beginning.content(kind, blockSize: request.blockSize)
        self.path = path
        self.size = bytes
        self.file = file
    }

    /// The SHA-256 of the file, from which its image's UUID follows.
    ///
    /// - Throws: `FileSystemError`.
    func digest() async throws -> ContentDigest { try await digest(.sha256) }

    private func digest(_ algorithm: ContentDigest.Algorithm) async throws -> ContentDigest {
        try await withTaskExecutorPreference(DedicatedThread("digest")) {
            var hasher = DigestHasher(algorithm)
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            var place: UInt64 = 0
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(at: place, into: $0) }
                if count == 0 { return hasher.finish() }
                unsafe hasher.update(buffer.span.bytes.extracting(0..<count))
                place += UInt64(count)
            }
        }
    }

    /// - Parameters:
    ///   - sum: the SHA-256.
    ///   - wanted: what the file must have; nil if nobody says.
    /// - Throws: `DownloadError` if it has another.
    func check(_ sum: ContentDigest, _ wanted: ContentDigest?) async throws {
        guard let wanted else { return }
        let found = wanted.algorithm == sum.algorithm ? sum : try await digest(wanted.algorithm)
        guard found == wanted else {
            throw ImageFileError("\"\(path)\" has the digest \(found), but it should have \(wanted)")
        }
    }
}
