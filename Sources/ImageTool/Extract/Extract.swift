public import Failure
import SendStream
public import SystemPackage

extension ImageTool {
    /// Lists what is in an image file.
    ///
    /// - Returns: remarks for people.
    /// - Throws: `Usage`, `InvalidFile`, `UnsupportedImage`, `FileSystemError`; what `body` throws.
    public func listFiles(_ request: ExtractRequest, _ body: (ListedFile) throws -> Void) throws -> [String] {
        try withoutActuallyEscaping(body) { body in
            switch try Contents(request, passingAgain: false) {
            case .archive(let content):
                return try ArchiveFiles.read(content, request.paths, to: ArchiveListing(body: body)).remarks
            case .stream(let files):
                var redacted = RedactedFiles()
                for index in try files.indices(request.paths) {
                    guard let entry = files.tree.entry(index) else { continue }
                    try body(ListedFile(entry))
                    if files.tree.redactedObjects.contains(entry.object) { redacted.add(entry.path) }
                }
                return files.remarks + [redacted.remark].compactMap(\.self)
            }
        }
    }

    /// Makes files of an image file below a folder.
    ///
    /// - Throws: as above; `NoSpace`, `PermissionDenied`.
    public func extractFiles(_ request: ExtractRequest, into folder: FilePath) throws -> Extraction {
        switch try Contents(request, passingAgain: true) {
        case .archive(let content):
            let writer = try TreeWriter(folder, keeping: [content.file.identity])
            let remarks = try ArchiveFiles.read(content, request.paths, to: ArchiveExtraction(writer)).remarks
            try writer.finish()
            return Extraction(remarks: remarks + writer.remarks, refusal: writer.loss)
        case .stream(let files):
            // What is asked for must be there before anything is made.
            _ = try files.indices(request.paths)
            let writer = try TreeWriter(folder, keeping: files.sources)
            var extraction = try StreamExtraction(files, request.paths, to: writer)
            try extraction.run()
            return Extraction(
                remarks: files.remarks + writer.remarks,
                refusal: Failure.combining(
                    [writer.loss, extraction.redacted.refusal(of: files.name)].compactMap(\.self))?
                    .failure)
        }
    }

    /// Hands on the content of files, one behind the other.
    ///
    /// - Returns: remarks for people.
    /// - Throws: as above; `Usage` for what is no file.
    public func printFiles(_ request: ExtractRequest, _ body: (RawSpan) throws -> Void) throws -> [String] {
        try withoutActuallyEscaping(body) { body in
            switch try Contents(request, passingAgain: true) {
            case .archive(let content):
                return try ArchiveFiles.read(content, request.paths, to: ArchivePrinting(body)).remarks
            case .stream(let files):
                for path in request.paths { try files.print(path, body) }
                return []
            }
        }
    }
}

/// What became of an extraction.
public struct Extraction: Sendable {
    /// For people.
    public var remarks: [String]
    /// Why some of the files were not made, though all others were; nil: none is missing.
    public var refusal: Failure?

    public init(remarks: [String], refusal: Failure? = nil) {
        self.remarks = remarks
        self.refusal = refusal
    }
}

/// What is in an image file that has files.
private enum Contents {
    case stream(StreamFiles)
    case archive(UnpackedFile)

    init(_ request: ExtractRequest, passingAgain isAgain: Bool) throws {
        let given = try GivenFile(request.file)
        // Whether it must be read twice, only its beginning tells; what is kept can be read anywhere.
        let file = try given.isSeekable || !isAgain ? given : GivenFile(keeping: given)
        let content = try UnpackedFile(file)
        let kind: ImageFileKind
        do {
            kind = try ImageFileKind(content.head)
        } catch {
            throw Failure(.invalidFile, "\"\(file.name)\" is a malformed stream", cause: error)
        }
        switch kind {
        case .stream(let header) where header.kind == .volume:
            // What ZFS alone reads is no disk for anybody else either.
            if let reason = header.features.hindrance {
                throw Failure(.unsupportedImage, "the stream in \"\(file.name)\" cannot be read: \(reason)")
            }
            throw Self.noFiles(file, "the stream of a volume, which is a disk")
        case .stream:
            let origins = try request.origins.map { try GivenFile($0) }
            self = .stream(try StreamFiles(origins + [file], content, passingAgain: isAgain))
        case .archive:
            guard request.origins.isEmpty else {
                throw Failure(.usage, "--origin is for incremental streams, and \"\(file.name)\" is an archive")
            }
            self = .archive(content)
        case .squashfs:
            throw SquashfsRefusal.failure(file, in: content.compression, because: Self.taken) {
                ["unsquashfs \($0) takes files out of it"]
            }
        case .disk: throw Self.noFiles(file, "a disk")
        case .manifest: throw Self.noFiles(file, "a manifest")
        case .unknown: throw Self.noFiles(file, "neither a stream of zfs send nor a tar archive")
        }
    }

    private static let taken = ": files are extracted of file systems in streams, and of archives"

    private static func noFiles(
        _ file: GivenFile, _ what: String,
        hint: String = "imgadm inspect shows what is in it; the file systems of a disk are read by mounting it"
    ) -> Failure {
        Failure(
            .unsupportedImage,
            "\"\(file.name)\" is \(what)\(taken)",
            hint: hint)
    }
}
