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
    let warning: String?
    private let file: GivenFile

    /// - Throws: `Usage` for what is no file; `InvalidFile` for one of which no image can be made; `FileSystemError`.
    init(_ name: String, _ request: FileRequest) throws {
        if try HostFile.isFolder(FilePath(name)) {
            throw Failure(
                .fileSystem, "cannot open \"\(name)\": it is a folder, where a file should be",
                hint:
                    "tar -C \(ShellWord.quoted(name)) -caf ROOT.tar.gz . makes an archive of a root file system, which imgadm import ./ROOT.tar.gz takes"
            )
        }
        let file = try GivenFile(name)
        guard let size = file.size, let bytes = Int64(exactly: size), let path = file.path,
            let beginning = try FileHead(of: file, named: name)
        else {
            throw Failure(
                .usage, "\"\(name)\" is no regular file", hint: "imgadm convert reads a disk from a pipe, too")
        }
        let kind = try beginning.kind()
        var draft = ImageDraft(kind, fileName: beginning.fileName, fields: request.fields)
        draft.isAsItIs = beginning.warning != nil
        if kind == .disk { draft.size = try beginning.diskSize(fileSize: size) }
        self.draft = draft
        content = try beginning.content(kind, blockSize: request.blockSize)
        warning = beginning.warning
        self.path = path
        self.size = bytes
        self.file = file
    }

    /// The SHA-256 of the file, from which its image's UUID follows.
    ///
    /// - Throws: `FileSystemError`.
    func digest() async throws -> ContentDigest { try await file.bytes.digest(.sha256) }

    /// - Parameters:
    ///   - sum: the SHA-256.
    ///   - wanted: what the file must have; nil if nobody says.
    /// - Throws: `InvalidFile` if it has another.
    func check(_ sum: ContentDigest, _ wanted: ContentDigest?) async throws {
        guard let wanted else { return }
        let found = wanted.algorithm == sum.algorithm ? sum : try await file.bytes.digest(wanted.algorithm)
        guard found == wanted else {
            throw Failure(
                .invalidFile, "\"\(path)\" has the digest \(found), but it should have \(wanted)",
                hint: "it is damaged, or another file than the one that the digest is of")
        }
    }
}
