import Compression
import Failure
import Host
public import IMGAPI
import ImageModel
public import ImageSource
import ImageStore
import JSON
public import SystemPackage
import Time
import Transport

/// What is to be published, and where.
public struct PublishRequest: Sendable {
    public var manifest: FilePath
    public var file: FilePath
    /// How lines name the file, where it is opened by another path.
    var shownFile: FilePath?
    public var server: SourceDescriptor
    /// Signs the requests, if the server wants that.
    public var signer: RequestSigner?
    /// An image that is published already, and is equal in every field, is no error.
    public var mayBeThere = false

    public init(manifest: FilePath, file: FilePath, server: SourceDescriptor) {
        self.manifest = manifest
        self.file = file
        self.server = server
    }
}

extension ImageTool {
    /// How often what may have been lost on its way is sent before it is given up.
    static let uploads = Backoff(tries: 3, firstPause: .seconds(1))

    /// Publishes an image: its manifest, its file, and then it is activated (cli.md §3, publish). After an error, what this run has
    /// made and not finished is deleted again; what another has begun is gone on with, and left to it.
    ///
    /// - Throws: `Usage` for a path that is not there; `InvalidManifest`, `ManifestValidation`; `UploadError`, or the code
    ///   with which the server refuses; `ConnectionError`.
    public func publish(_ request: PublishRequest, _ report: Report) async throws {
        let file = try UploadFile(request.file)
        defer { file.close() }
        let (manifest, compression) = try await ImageTool.tellingSwapped(
            request.manifest, request.file, of: "publish", to: request.server.url.base
        ) {
            try await ImageTool.toPublish(request, file, report)
        }
        if compression == .zstd {
            report.warning("zstd is an extension: servers and imgadms of SmartOS refuse this image")
        }
        guard request.server.type != .oci else {
            return try await publish(
                manifest, file, compression, request, into: sources.repository(request.server), report)
        }
        let client = try sources.client(request.server, reader: request.signer)
        do {
            if request.mayBeThere,
                try await isPublished(manifest, file, compression, on: client, request, report)
            {
                return report.did(
                    .published(manifest, bytes: file.size, to: request.server.url.base, action: .present(.published)))
            }
        } catch let error as any CodedError {
            throw try await explained(error, by: request.server)
        }
        try await make(manifest, file, compression, request, client, report)
        report.did(.published(manifest, bytes: file.size, to: request.server.url.base))
    }

    /// How often an image is begun anew that others have begun and deleted. Nothing is waited for: it is gone by then, and what is begun is
    /// this run's own, unless there are more who begin.
    private static let mostBeginnings = 4

    /// Makes the image, sends its file, and activates it. If another run has begun it, and is stopped meanwhile, it takes the image away
    /// again: then it is begun anew, and is this run's own.
    private func make(
        _ manifest: Manifest, _ file: UploadFile, _ compression: CompressionFormat, _ request: PublishRequest,
        _ client: IMGAPIClient, _ report: Report
    ) async throws {
        let uuid = manifest.uuid
        var beginnings = 1
        while true {
            let (there, isOurs): (Manifest, Bool)
            do {
                (there, isOurs) = try await begin(manifest, request, client, report)
            } catch let error as any CodedError {
                throw try await explained(error, by: request.server)
            }
            do {
                try await file.check(by: manifest)
                let served = try await upload(file, manifest, compression, request, client, besides: there, report)
                try await keepDigest(of: file, manifest, served, request, client, report)
                try await activate(uuid, request, client)
                return report.line("Activated image \(uuid)")
            } catch {
                if !isOurs, error is any CodedError, beginnings < ImageTool.mostBeginnings,
                    await isGone(uuid, client)
                {
                    beginnings += 1
                    report.warning("image \(uuid) was deleted by the run that had begun it: it is begun anew")
                    continue
                }
                await giveUp(uuid, isOurs: isOurs, request, client, report)
                throw error
            }
        }
    }

    private func isGone(_ uuid: ImageUUID, _ client: IMGAPIClient) async -> Bool {
        do {
            return try await client.image(uuid) == nil
        } catch {
            // What went wrong is told; where it cannot be asked, this is not known to be the reason.
            return false
        }
    }

    /// Deletes what this run has made and could not finish. What another run has begun stays: that may have been killed, or be at
    /// work; and so does what another has finished.
    private func giveUp(
        _ uuid: ImageUUID, isOurs: Bool, _ request: PublishRequest, _ client: IMGAPIClient, _ report: Report
    ) async {
        do {
            try await uncancelled {
                guard try await client.image(uuid)?.imageState == .unactivated else { return }
                guard isOurs else {
                    return report.warning(
                        "image \(uuid) stays half published on \(request.server.url.base), as another run has begun it: the same command goes on with it"
                    )
                }
                // The server looks once more: it may be active by now.
                try await client.deleteUnactivated(uuid, by: request.signer)
            }
        } catch {
            report.warning(
                "image \(uuid) is half published on \(request.server.url.base): \(error); the same command goes on with it"
            )
        }
    }

    /// Makes the image on the server, or finds it there as another run has left it.
    ///
    /// - Returns: the image, not yet active, and whether this run has made it. Where the answer to that was lost, nobody knows.
    private func begin(
        _ manifest: Manifest, _ request: PublishRequest, _ client: IMGAPIClient, _ report: Report
    ) async throws -> (Manifest, isOurs: Bool) {
        func title(_ image: Manifest) -> String {
            "\(image.uuid) (\(image.name ?? "?"), \(image.version ?? "?"), state=\(image.state ?? "?"))"
        }
        do {
            let imported: Manifest = try await ImageTool.uploads(by: clock) { _ in
                do {
                    return .done(try await client.importImage(manifest, by: request.signer))
                } catch let error as any CodedError where ImageTool.isLost(error) {
                    // Nobody knows whether it was made; if so, the answer to another request is that it is there.
                    return .passing(.failure(error))
                }
            }
            report.line("Imported image \(title(imported))")
            return (imported, true)
        } catch let refusal as ServerRefusal where refusal.kind == .conflict {
            let there = try await client.image(manifest.uuid)
            guard let there, there.imageState == .unactivated, HalfPublished.differences(manifest, there).isEmpty else {
                throw Failure(
                    refusal.code, refusal.message, cause: refusal.cause, hint: ImageTool.inTheWay(there, of: manifest),
                    statusCode: refusal.statusCode)
            }
            report.line("Going on with image \(title(there))")
            return (there, false)
        }
    }

    /// Whether the image is on the server, equal in every field.
    ///
    /// - Throws: `ImageUuidAlreadyExists` if it is there and differs.
    private func isPublished(
        _ manifest: Manifest, _ file: UploadFile, _ compression: CompressionFormat, on client: IMGAPIClient,
        _ request: PublishRequest, _ report: Report
    ) async throws -> Bool {
        guard let there = try await client.image(manifest.uuid), there.isActivated else { return false }
        let differences = try await ImageTool.differences(manifest, file, compression, there)
        guard differences.isEmpty else {
            throw ImageTool.differs(manifest.uuid, at: request.server.url.base, in: differences)
        }
        if there.imageState == .disabled {
            report.warning("image \(manifest.uuid) is disabled on \(request.server.url.base)")
        }
        return true
    }

    /// The fields in which an image that is published differs from one that is to be, those of its file among them.
    static func differences(
        _ manifest: Manifest, _ file: UploadFile, _ compression: CompressionFormat, _ there: Manifest
    ) async throws -> [String] {
        var differences = HalfPublished.differences(manifest, there)
        let (ours, theirs) = (manifest.files.first, there.files.first)
        if makesSameSnapshot(ours, theirs) {
            if let stated = ours?.sha1, try await file.sha1() != stated { differences.append("files.0.sha1") }
            return differences
        }
        if theirs?.size != file.size { differences.append("files.0.size") }
        if theirs?.compression != compression.rawValue { differences.append("files.0.compression") }
        if let guid = ours?.datasetGUID, let other = theirs?.datasetGUID, guid != other {
            differences.append("files.0.dataset_guid")
        }
        // Read only where that can still say something.
        if theirs?.size == file.size {
            let sha1 = try await file.sha1()
            if theirs?.sha1 != sha1 || ours?.sha1 ?? sha1 != sha1 { differences.append("files.0.sha1") }
        }
        return differences
    }

    /// Two files of one image make one snapshot, as both manifests say. The streams of two pools name these, and may be packed otherwise:
    /// so that the bytes differ where the image does not.
    private static func makesSameSnapshot(_ ours: ImageModel.ImageFile?, _ theirs: ImageModel.ImageFile?) -> Bool {
        guard let guid = ours?.datasetGUID, let other = theirs?.datasetGUID else { return false }
        return guid == other
    }

    static func differs(_ uuid: ImageUUID, at url: String, in fields: [String]) -> Failure {
        Failure(
            .imageExists,
            "\(url) has an image \(uuid) already, which is another: it differs in \(fields.joined(separator: ", "))",
            hint: "delete it there, or give this one a UUID of its own")
    }

    /// Says of an image that is yet to be made what would keep it from being published: nobody answers there, or the image is there.
    ///
    /// - Throws: `ConnectionError`, `ImageUuidAlreadyExists`.
    func checkPublishing(_ manifest: Manifest, to server: SourceDescriptor, by signer: RequestSigner?) async throws {
        guard server.type != .oci else { return try await checkRepository(manifest, sources.repository(server)) }
        let there: Manifest?
        do {
            there = try await sources.client(server, reader: signer).image(manifest.uuid)
        } catch let error as any CodedError {
            // Who may not read may be allowed to write.
            guard !ImageTool.refusesAccess(error.failure) else { return }
            throw try await explained(error, by: server)
        }
        // One that is not active may be what a run that was killed has begun.
        guard let there, there.isActivated else { return }
        throw ImageTool.exists(manifest.uuid, at: server.url.base, hint: ImageTool.inTheWay(there, of: manifest))
    }

    /// A refusal with what the server is, if it is no image server.
    private func explained(_ error: any CodedError, by server: SourceDescriptor) async throws -> any CodedError {
        guard !(error is ConnectionError) else { return error }
        // Of the channel the server has said what is to be said.
        let bare = try SourceDescriptor(server.url.base, type: server.type, insecure: server.insecure)
        guard let unlike = try await check([bare]).first ?? nil, !(unlike is ConnectionError) else { return error }
        // What a server is that refuses who asks, nobody can say.
        guard !ImageTool.refusesAccess(unlike.failure) else { return error }
        let other = try await otherType(of: bare)
        // It may be one that is not well.
        if other == nil, let kind = unlike.refusalKind, kind != .notFound { return error }
        let hint =
            switch other?.type {
            case .docker?: "it is a registry: oci://\(server.url.authority)/NAME publishes into one"
            case .some: "it is \(other?.name ?? ""), to which nothing can be published"
            case nil: "no image server answers at \(server.url.base): imgapi-server is one"
            }
        return Failure(
            error.code, error.message, cause: error.cause, hint: hint, statusCode: error.statusCode)
    }

    /// What to do about an image that is on the server already.
    static func inTheWay(_ there: Manifest?, of manifest: Manifest) -> String {
        guard let there else { return "it is in another channel of the server, or not for everybody to see" }
        let differences = HalfPublished.differences(manifest, there)
        let state = there.state ?? "there"
        guard differences.isEmpty else {
            return
                "the image is \(state) on the server, with another \(differences.joined(separator: ", ")): delete it there, or give this one a UUID of its own"
        }
        let (ours, theirs) = (manifest.files.first, there.files.first)
        guard there.isActivated,
            ours?.sha1 == nil || ours?.sha1 == theirs?.sha1 || makesSameSnapshot(ours, theirs)
        else {
            return "the image is \(state) on the server, with another file"
        }
        return "the image is \(state) on the server, with the same manifest: it has been published already"
    }

    /// The answer to a request was lost on its way, or by a proxy whose server died over it: what it was to do may be done.
    static func isLost(_ error: any CodedError) -> Bool {
        (error as? ConnectionError)?.isPassing == true || error.refusalKind == .away
    }

    /// Activates the image. If the answer is lost, or somebody else was quicker, the image itself tells whether it was done.
    private func activate(_ uuid: ImageUUID, _ request: PublishRequest, _ client: IMGAPIClient) async throws {
        try await ImageTool.uploads(by: clock) { _ in
            do {
                _ = try await client.activate(uuid, by: request.signer)
                return .done(())
            } catch let error as any CodedError {
                let isLost = ImageTool.isLost(error)
                guard isLost || error.refusalKind == .unprocessable else { throw error }
                // One that is gone is not active.
                guard let image = try await client.image(uuid) else { throw error }
                if image.isActivated { return .done(()) }
                guard isLost else { throw error }
                return .passing(.failure(error))
            }
        }
    }

    /// The tag that has the digest of the file where the image comes from stays if it is of this file. It goes where the manifest states one
    /// besides: then publishing sets it, if the server needs it.
    private static func keepFitting(
        _ manifest: inout Manifest, _ file: UploadFile, _ report: Report
    ) async throws {
        guard let tag = manifest.tags[Manifest.fileDigestTag] else { return }
        if manifest.files.first?.digest == nil, let stated = manifest.fileDigest {
            if try await file.digest(stated.algorithm) == stated { return }
            report.warning(
                "the tag \(Manifest.fileDigestTag) (\(tag.text())) is of another file than \"\(file.path)\": it is left out"
            )
        }
        manifest.dropFileDigestTag()
    }

    /// The manifest as the server is to get it, and how the file is compressed.
    private static func toPublish(
        _ request: PublishRequest, _ file: UploadFile, _ report: Report
    ) async throws -> (Manifest, CompressionFormat) {
        guard let bytes = try await HostFile.readHandedOver(request.manifest, limit: ImageLimits.manifest) else {
            throw Failure(.usage, "manifest path does not exist: \"\(request.manifest)\"")
        }
        let json: JSONObject
        do {
            guard let object = try JSONValue(parsing: bytes).objectValue else {
                throw Failure(.invalidManifest, "the manifest \"\(request.manifest)\" is not a JSON object")
            }
            json = ManifestSpelling.usual(try ManifestUpgrade.upgrade(object))
        } catch let error as JSONError {
            throw Failure(
                .invalidManifest, "the manifest \"\(request.manifest)\" is not JSON", cause: error, hint: error.slip)
        }
        try ManifestValidation.check(json)
        var manifest = try Manifest(json)
        try ManifestValidation.checkDigest(manifest)
        if let stated = manifest.files.first?.size, stated != file.size {
            throw Failure(
                .uploadError, "the file \"\(request.file)\" has \(file.size) bytes, but its manifest states \(stated)")
        }
        try await keepFitting(&manifest, file, report)
        let compression = try CompressionFormat(of: manifest) ?? CompressionFormat.sniff(file.head())
        return (manifest, compression)
    }
}
