import Compression
import Failure
import Host
public import ImageModel
public import ImageSource
import ImageStore
public import JSON
import Logging
import OCIRegistry
import Transport
public import ZFS

/// What is to be imported of a registry, whatever it has there: a disk, a root file system, or an image to run.
public struct RegistryRequest: Sendable {
    public var reference: DockerReference
    public var platform: OCIPlatform
    /// The registry to ask for a reference that names none (`-S`).
    public var source: SourceDescriptor?
    /// Fields of the manifest that count more than what the registry tells: a path and its value.
    public var fields: [(path: String, value: JSONValue)] = []
    /// Bytes of a block of the volume that a disk becomes; nil for the usual.
    public var blockSize: Int?
    /// Which of several files: its title, what KubeVirt calls the disk, or its digest.
    public var disk: String?

    public init(_ reference: DockerReference, platform: OCIPlatform = .host) {
        self.reference = reference
        self.platform = platform
    }

    /// It is a disk, whether or not that shows at the beginning.
    var isDisk: Bool { fields.contains { $0.path == "type" && $0.value == .string(ImageType.zvol.rawValue) } }
    /// Something is said that goes with files alone.
    var isAboutFile: Bool { !fields.isEmpty || blockSize != nil || disk != nil }

    /// Under which a record notes what the reference led to. No reference to an image of type docker is written so.
    func key(_ reference: DockerReference) -> String {
        "oci:\(reference) \(platform)" + (disk.map { " \($0)" } ?? "")
    }
}

/// What a request leads to.
private enum RegistryFind {
    /// An image to run.
    case docker
    /// A file of which an image is made.
    case file(FoundFile)
}

/// A file in a registry of which an image is made.
private struct FoundFile {
    let draft: ImageDraft
    let place: ImageFilePlace
    /// The registry's URL.
    let source: String
    /// How messages call it.
    let called: String
    let check: ImageFileCheck
    let content: ImageContent

    func image() throws -> AvailableImage {
        try AvailableImage(
            draft, draft.uuid(nil), at: place, source: source, called: called, check: check, content: content)
    }
}

extension ImageTool {
    /// Imports what a registry has under a reference, whatever it is.
    ///
    /// - Throws: `Usage`, `UnsupportedImage`, `InvalidFile`, `InvalidLayer`, `ManifestValidation`; what the registry's source
    ///   throws; `DownloadError`, `NoSpace`, and what ZFS says.
    public func importRegistry(_ request: RegistryRequest, pool: PoolName, _ report: Report) async throws {
        let (source, reference) = try dockerSource(request.reference, given: request.source)
        var docker = DockerImportRequest(request.reference, pool: pool, platform: request.platform)
        docker.source = request.source
        let keys = [request.key(reference)] + (request.isAboutFile ? [] : [docker.key(reference)])
        if let known = try await knownImage(keys, reference, in: pool, source) {
            return try await skip(known, given: request.fields, in: pool, report)
        }
        let content = try await source.content(reference, for: request.platform)
        switch try await find(content, reference, request, source) {
        case .docker: try await importImage(docker, report)
        case .file(let file):
            let image = try file.image()
            let uuid = try await take(image, given: request.fields, from: "\(reference)", pool, report) ?? image.uuid
            guard !isRehearsing else { return }
            let lock = try await store.recordLock(uuid, in: pool) { report.waiting(for: uuid, $0) }
            defer { lock.release() }
            try await store.note(nil, of: uuid, in: pool, pulled: request.key(reference), digest: content.digest)
        }
    }

    /// What is known of the image that an import would make, without making it.
    ///
    /// - Throws: as ``importRegistry(_:pool:_:)``.
    public func manifest(of request: RegistryRequest) async throws -> ForeseenManifest {
        let (source, reference) = try dockerSource(request.reference, given: request.source)
        let content = try await source.content(reference, for: request.platform)
        switch try await find(content, reference, request, source) {
        case .docker:
            return ForeseenManifest(
                try await manifest(of: request.reference, platform: request.platform, source: request.source))
        case .file(let file): return ForeseenManifest(file.draft, file.draft.uuid(nil))
        }
    }

    private func find(
        _ content: RegistryContent, _ reference: DockerReference, _ request: RegistryRequest, _ source: DockerSource
    ) async throws -> RegistryFind {
        switch try content.holding(reference) {
        case .files(let files):
            let file = try Self.choose(files, of: reference, request)
            return .file(try await find(file, content, reference, request, source))
        case .layers(let layers):
            guard request.disk == nil else {
                throw Failure(.usage, "--disk goes with a reference to several files, and \(reference) is an image")
            }
            return try await find(layers, content, reference, request, source)
        }
    }

    private static func choose(
        _ files: [RegistryFile], of reference: DockerReference, _ request: RegistryRequest
    ) throws(Failure) -> RegistryFile {
        var some = files
        if let name = request.disk {
            let named = files.filter { $0.names.contains(name) }
            some = named.isEmpty ? files.filter { $0.hasDigest(name) } : named
            // The same file twice is one.
            if Set(some.map(\.blob.digest)).count == 1 { some = Array(some.prefix(1)) }
        } else if files.count > 1 {
            let images = files.filter { $0.diskName != nil || FileHead.isCalledImage($0.name) }
            if !images.isEmpty { some = images }
        }
        if some.count == 1, let only = some.first { return only }
        let choices = (some.isEmpty ? files : some).prefix(20)
        let all = choices.map { file in
            let name = file.names.first ?? ""
            // What does not tell it from the others is no choice.
            let isOnly = !name.isEmpty && files.filter { $0.names.contains(name) }.count == 1
            return isOnly ? "\"\(name.prefix(100))\"" : "\(file.blob.digest)"
        }
        throw Failure(
            .usage,
            some.isEmpty
                ? "\(reference) has no file that is called \"\(request.disk ?? "")\", or has that digest"
                : "\(reference) has \(some.count) files \(request.disk.map { "that are called \"\($0)\"" } ?? "of which an image could be made")",
            hint: "--disk chooses one: \(all.joined(separator: ", "))")
    }

    /// A file that lies in the registry as it is.
    private func find(
        _ file: RegistryFile, _ content: RegistryContent, _ reference: DockerReference, _ request: RegistryRequest,
        _ source: DockerSource
    ) async throws -> FoundFile {
        let head = try await source.head(of: file.blob, in: reference)
        let beginning = FileHead(
            bytes: head, isWhole: Int64(head.count) == file.blob.size, fileName: file.name,
            title: file.name.isEmpty ? "the file of \(reference)" : "\"\(file.name)\" of \(reference)")
        guard file.blob.size > 0 else { throw Self.isEmpty(beginning.title) }
        let isDisk = file.isRawDisk || request.isDisk
        let kind = isDisk ? .disk : try beginning.kind()
        var draft = draft(
            kind, file.name, reference, request, [file.blob.annotations, content.annotations], content, config: nil)
        // Of a disk that is kept as it is, nothing that its machine wrote into it counts.
        if kind == .disk, !file.isRawDisk {
            draft.size = try beginning.diskSize(fileSize: UInt64(exactly: file.blob.size))
        }
        draft.isAsItIs = (file.isRawDisk ? beginning.otherLook(than: .zstd) : beginning.warning) != nil
        draft.files = file.blob.digest.algorithm == .sha256 ? [file.blob.digest] : []
        return FoundFile(
            draft: draft, place: source.place(of: file.blob, in: reference), source: source.descriptor.url.base,
            called: file.name.isEmpty ? "\(reference)" : "\(file.name) of \(reference)",
            check: ImageFileCheck(size: file.blob.size, digest: file.blob.digest),
            content: try file.isRawDisk
                ? .rawDisk(compression: CompressionFormat.zstd.rawValue, blockSize: request.blockSize)
                : beginning.content(kind, blockSize: request.blockSize))
    }

    /// A disk in layers, or an image to run.
    private func find(
        _ layers: [BlobDescriptor], _ content: RegistryContent, _ reference: DockerReference,
        _ request: RegistryRequest, _ source: DockerSource
    ) async throws -> RegistryFind {
        var found: ContainerDiskHead?
        if layers.count <= ContainerDiskHead.mostLayers || request.isDisk {
            for layer in layers.reversed().prefix(ContainerDiskHead.mostLayers) where found == nil {
                found = ContainerDiskHead(layer: try await source.head(of: layer, in: reference))
            }
        }
        guard found != nil || request.isDisk else {
            guard !request.isAboutFile else {
                throw Failure(
                    .usage,
                    "\(reference) is an image to run, which becomes one of type docker as it is: nothing can be said of its manifest",
                    hint: "type=zvol takes the disk in it, if there is one behind other files")
            }
            return .docker
        }
        let config = try await source.config(of: content, reference)
        let name =
            found.map { String(decoding: $0.path.split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self) }
            ?? "disk"
        let notes = [[:], content.annotations, RegistryDraft.labels(config)]
        var draft = draft(.disk, name, reference, request, notes, content, config: config)
        if let found {
            guard found.size > 0 else { throw Self.isEmpty("the disk of \(reference)") }
            let beginning = FileHead(
                bytes: found.bytes, isWhole: UInt64(found.bytes.count) == found.size, fileName: name,
                title: "the disk of \(reference)")
            draft.size = try beginning.diskSize(fileSize: found.size)
        }
        draft.files = layers.map(\.digest)
        guard draft.uuid(nil) != nil else {
            throw Failure(
                .unsupportedImage,
                "the layers of \(reference) have digests by which no UUID is known (sha256 is needed)")
        }
        return .file(
            FoundFile(
                draft: draft, place: source.place(ofDiskIn: layers, in: reference), source: source.descriptor.url.base,
                called: "\(reference)", check: .none, content: .disk(blockSize: request.blockSize)))
    }

    private static func isEmpty(_ what: String) -> Failure {
        Failure(.invalidFile, "\(what) is empty: it has no bytes")
    }

    private func draft(
        _ kind: ContentUUID.Kind, _ fileName: String, _ reference: DockerReference, _ request: RegistryRequest,
        _ notes: [[String: String]], _ content: RegistryContent, config: JSONValue?
    ) -> ImageDraft {
        var draft = ImageDraft(kind, fileName: fileName, fields: request.fields)
        draft.stated = RegistryDraft.fields(reference, notes: notes, config: config, fileName: fileName)
        draft.lastVersion = content.manifestDigest.short
        return draft
    }
}

extension RegistryFile {
    /// Its digest is this one, or begins with these digits, twelve or more.
    fileprivate func hasDigest(_ text: String) -> Bool {
        let algorithm = "\(blob.digest.algorithm.rawValue):"
        let digits = text.hasPrefix(algorithm) ? text.dropFirst(algorithm.count) : text[...]
        return digits.count >= 12 && blob.digest.hex.hasPrefix(digits)
    }
}
