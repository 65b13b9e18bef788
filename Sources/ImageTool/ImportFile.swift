public import Failure
import Host
public import ImageModel
import ImageSource
import ImageStore
public import JSON
import SystemPackage
import Time
import Transport
public import ZFS

/// A file without a manifest of which an image is to be made: a disk, or the archive of a root file system.
public struct FileRequest: Sendable {
    /// Where it is.
    public enum Place: Sendable, Hashable {
        case url(String)
        case path(String)
    }

    public var place: Place
    /// Fields of the manifest that count more than what the file tells: a path and its value.
    public var fields: [(path: String, value: JSONValue)] = []
    /// The digest that the file must have.
    public var checksum: ContentDigest?
    /// Without a checksum it is not taken.
    public var needsChecksum = false
    /// Bytes of a block of the volume that a disk becomes; nil for the usual.
    public var blockSize: Int?

    public init(_ place: Place) { self.place = place }
}

/// What is known of the manifest of an image that an import would make.
public struct ForeseenManifest: Sendable {
    public let json: JSONObject
    /// Why the import would be refused, and what to give; nil where it would not.
    public let shortcoming: Failure?
    /// What an import may still stumble over.
    public let openQuestion: String?

    init(_ draft: ImageDraft, _ uuid: ImageUUID?) {
        json = draft.json(uuid: uuid)
        shortcoming = draft.shortcoming
        openQuestion = draft.openQuestion
    }

    init(_ manifest: Manifest) {
        json = manifest.json
        shortcoming = nil
        openQuestion = nil
    }
}

extension ImageTool {
    /// Makes an image of a file, from a server or of this host, in one pass.
    ///
    /// - Throws: `Usage`, `InvalidFile`, `ManifestValidation`, `ChecksumNotFound`, `InvalidChecksumList`, `DownloadError`,
    ///   `NoSpace`, `InvalidLayer`; what ZFS says.
    public func importFile(_ request: FileRequest, pool: PoolName, _ report: Report) async throws {
        switch request.place {
        case .path(let path): try await importFile(try LocalFile(path, request), request, pool, report)
        case .url(let url): try await importFile(try RemoteFile(url, by: transport), request, pool, report)
        }
    }

    private func importFile(
        _ file: LocalFile, _ request: FileRequest, _ pool: PoolName, _ report: Report
    ) async throws {
        if let warning = file.warning { report.warning(warning) }
        let digest = try await file.digest()
        try await file.check(digest, request.checksum)
        var draft = file.draft
        draft.publishedAt = Timestamp.now().description
        let image = try AvailableImage(
            draft, draft.uuid(digest), at: .path(file.path), check: ImageFileCheck(size: file.size, digest: digest),
            content: file.content)
        _ = try await take(image, given: request.fields, from: file.path.string, pool, report)
    }

    private func importFile(
        _ file: RemoteFile, _ request: FileRequest, _ pool: PoolName, _ report: Report
    ) async throws {
        let known = try await store.fetched(from: file.url, in: pool)
        // What came unchecked is not checked by being there: the record has the SHA-256 of its file, to be compared.
        let asked = request.needsChecksum ? try await checksum(of: file, request, report) : request.checksum
        let isSame = asked.map { $0.hex == known?.image.made?.fileSHA256 } ?? true
        let condition = isSame && known?.fetched.isConditional == true ? known?.fetched : nil
        guard let head = try await file.head(unless: condition) else {
            guard let known else { return }
            if let asked { report.line("Image \(known.image.uuid) was made of a file with the checksum \(asked)") }
            return try await skip(known.image, given: request.fields, blockSize: request.blockSize, in: pool, report)
        }
        let beginning = beginning(of: file, head)
        let (draft, content) = try self.draft(of: beginning, head, request)
        if let warning = beginning.warning { report.warning(warning) }
        let digest = if let asked { asked } else { try await checksum(of: file, request, report) }
        var check = ImageFileCheck(size: head.size, digest: digest)
        if head.size == nil { check.most = RemoteFile.longest }
        let image = try AvailableImage(
            draft, draft.uuid(digest), at: file.place, check: check,
            content: content, fetched: head.fetched)
        // A list of checksums may be older than the file beside it: what was not read is not known to be this image's.
        let taken = try await take(image, given: request.fields, from: file.url, pool, report)
        guard let uuid = taken, head.fetched.isConditional else { return }
        try await store.note(head.fetched, of: uuid, in: pool) { report.waiting(for: $0, $1) }
    }

    private func beginning(of file: RemoteFile, _ head: RemoteFile.Head) -> FileHead {
        FileHead(bytes: head.bytes, isWhole: head.isWhole, fileName: file.name, title: "\"\(file.url)\"")
    }

    /// What is known of the image of a URL before it is fetched.
    ///
    /// - Throws: `InvalidFile`.
    private func draft(
        of beginning: FileHead, _ head: RemoteFile.Head, _ request: FileRequest
    ) throws -> (ImageDraft, ImageContent) {
        let kind = try beginning.kind()
        var draft = ImageDraft(kind, fileName: beginning.fileName, fields: request.fields)
        draft.isAsItIs = beginning.warning != nil
        if kind == .disk { draft.size = try beginning.diskSize(fileSize: head.size.flatMap { UInt64(exactly: $0) }) }
        if let modified = head.fetched.modified.flatMap({ Timestamp(httpDate: $0) }) {
            draft.publishedAt = modified.description
            // The day stands for the version of what is always called the same.
            draft.lastVersion = String(modified.description.prefix(10).filter { $0 != "-" })
        }
        return (draft, try beginning.content(kind, blockSize: request.blockSize))
    }

    /// The digest that was given, or one that a list beside the file states.
    ///
    /// - Throws: `ChecksumNotFound`, `InvalidChecksumList`, `SourceError`, `ConnectionError`.
    private func checksum(of file: RemoteFile, _ request: FileRequest, _ report: Report) async throws -> ContentDigest?
    {
        if let given = request.checksum { return given }
        if let found = try await file.checksum() {
            report.line("Checksum of \(file.name) found in \"\(found.list)\"")
            return found.digest
        }
        guard !request.needsChecksum else {
            throw Failure(
                .checksumNotFound, "no list of checksums beside \"\(file.url)\" names it",
                hint: "--checksum sha256:DIGITS says what it must be")
        }
        report.warning("\"\(file.url)\" is not checked: no list of checksums beside it names it")
        return nil
    }

    /// Installs an image of a file, unless it is there.
    ///
    /// - Returns: its UUID; nil if it was there, and the file was not read.
    func take(
        _ image: AvailableImage, given fields: [(path: String, value: JSONValue)], from place: String,
        _ pool: PoolName, _ report: Report
    ) async throws -> ImageUUID? {
        let look = try await store.look(for: [image.uuid], in: pool)
        if let installed = look.images[image.uuid] {
            try await skip(installed, given: fields, blockSize: image.content.blockSize, in: pool, report)
            return nil
        }
        let planner = ImportPlanner(self, in: pool, report)
        try await planner.check(image.manifest)
        let room = try look.room()
        report.line("Importing \(image.title) from \"\(place)\"")
        if isRehearsing, let question = image.draft?.openQuestion { report.warning(question) }
        let done = try await carryOut(in: pool, room: room, report) { try planner.plan(file: image) }
        // Which image a file is, may be known only once all of it was read.
        if let done, done.wasThere, let installed = try await store.image(done.uuid, in: pool) {
            warnOfGiven(fields, blockSize: image.content.blockSize, installed, report)
        }
        return done?.uuid
    }

    /// Says that an image is there, and which of the fields that were given it does not have.
    func skip(
        _ installed: InstalledImage, given fields: [(path: String, value: JSONValue)], blockSize: Int? = nil,
        in pool: PoolName, _ report: Report
    ) async throws {
        try await tidyInstalled(installed, report)
        report.did(ImageResult(.present(.asked), installed))
        warnOfGiven(fields, blockSize: blockSize, installed, report)
    }

    /// Says what of that which was given an image does not have that was there already.
    private func warnOfGiven(
        _ fields: [(path: String, value: JSONValue)], blockSize: Int?, _ installed: InstalledImage, _ report: Report
    ) {
        let other = fields.filter { path, value in
            FieldPath(path).find(in: JSONValue.object(installed.manifest.json)) != value
        }
        if blockSize != nil {
            report.warning("the image keeps the volume that it has: --volblocksize is for one that is made now")
        }
        guard !other.isEmpty else { return }
        report.warning(
            "the image keeps the manifest that it has: what was given for \(other.map(\.path).joined(separator: ", ")) is not taken"
        )
    }

    /// What is known of the image that a file would become, without making it.
    ///
    /// - Throws: as ``importFile(_:pool:_:)``.
    public func manifest(of request: FileRequest) async throws -> ForeseenManifest {
        switch request.place {
        case .path(let path):
            let file = try LocalFile(path, request)
            return ForeseenManifest(file.draft, file.draft.uuid(try await file.digest()))
        case .url(let url):
            let file = try RemoteFile(url, by: transport)
            guard let head = try await file.head() else {
                throw Failure(.internalError, "\"\(url)\" is said to be as before, which was not asked")
            }
            let (draft, _) = try self.draft(of: beginning(of: file, head), head, request)
            return ForeseenManifest(draft, draft.uuid(try await file.checksum()?.digest))
        }
    }
}
