import Failure
public import ImageModel
import JSON
import Logging
public import Transport

/// Images to be read (OCI image-spec).
extension RegistryClient {
    /// HTTP to a repository, with what the registry wants to be shown.
    public func transport(for name: String) -> Transport { repository(name).transport(.reading) }

    /// The request for a layer's file.
    public func blobRequest(_ digest: ContentDigest, in name: String) -> HTTPRequest {
        let repository = repository(name)
        return repository.request(RegistryOperation.blob.method, repository.url("blobs/\(digest)"))
    }

    /// What a reference leads to now, by a request that counts for no pull; nil if the registry does not say.
    public func digest(of reference: DockerReference) async throws -> ContentDigest? {
        if let digest = reference.digest { return digest }
        let repository = repository(reference.repository)
        let answer = try await repository.ask(
            .manifestDigest, repository.url("manifests/\(reference.target)"), RegistryClient.accepted)
        guard answer.meaning == .done else { return nil }
        return answer.reply.headers["docker-content-digest"].flatMap { ContentDigest($0) }
    }

    /// Finds an image for a platform.
    ///
    /// - Throws: `ImageNotFound`, `Unauthorized`, `PlatformNotFound`, `UnsupportedImage`, `SourceError`,
    ///   `DownloadError` for what has another digest.
    public func image(_ reference: DockerReference, for platform: OCIPlatform) async throws -> RegistryImage {
        let (top, digest) = try await manifest(reference.target, expected: reference.digest, reference)
        var found = top
        var manifestDigest = digest
        // An index may have an index in it, but there is no end to that game.
        for _ in 0..<3 {
            switch found {
            case .image(let config, let layers):
                return RegistryImage(
                    digest: digest, manifestDigest: manifestDigest, layers: layers,
                    config: .blob(config.digest, size: config.size))
            case .schema1(let config, let layers):
                if let its = config.platform, !platform.accepts(its) {
                    throw Failure(.platformNotFound, "image \(reference) is for \(its), not for \(platform)")
                }
                return RegistryImage(
                    digest: digest, manifestDigest: manifestDigest, layers: layers, config: .inline(config))
            case .index(let entries):
                manifestDigest = try IndexEntry.choose(entries, for: platform, of: reference).digest
                (found, _) = try await manifest(manifestDigest.description, expected: manifestDigest, reference)
            }
        }
        throw Failure(.sourceError, "the index of image \(reference) leads from index to index")
    }

    /// The config of an image.
    ///
    /// - Throws: `DownloadError` for one that has another digest, `SourceError`, `PlatformNotFound`.
    public func config(
        of image: RegistryImage, _ reference: DockerReference, for platform: OCIPlatform
    ) async throws -> ImageConfig {
        guard case .blob(let digest, let size) = image.config else {
            if case .inline(let config) = image.config { return config }
            throw Failure(.internalError, "an image has no config")
        }
        guard size <= limits.manifestBytes else {
            throw Failure(
                .sourceError, "the config of image \(reference) has \(size) bytes, more than \(limits.manifestBytes)")
        }
        let (repository, what) = (repository(reference.repository), "the config of image \(reference)")
        let reply = try await repository.require(.blob, repository.url("blobs/\(digest)"), what: what)
        try repository.check(reply.body, digest, what)
        let config = try named(reference) { () throws(Failure) in
            try ImageConfig(try RemoteRepository.parse(reply.body, what))
        }
        if let its = config.platform, !platform.accepts(its), its.architecture != "unknown" {
            throw Failure(
                .platformNotFound, "image \(reference) is for \(its), not for \(platform)",
                hint: "--platform \(its) takes it all the same")
        }
        guard config.diffIDs.isEmpty || config.diffIDs.count == image.layers.count else {
            throw Failure(
                .sourceError,
                "image \(reference) has \(image.layers.count) layers, but its config knows \(config.diffIDs.count)")
        }
        return config
    }

    /// All kinds of manifests that can be read.
    private static let accepted = [("Accept", MediaType.manifests.joined(separator: ", "))]

    private func manifest(
        _ target: String, expected: ContentDigest?, _ reference: DockerReference
    ) async throws -> (RegistryManifest, ContentDigest) {
        let found = try await document(target, expected: expected, reference)
        let manifest = try named(reference) { () throws(Failure) in
            try RegistryManifest(found.json, of: reference, contentType: found.type, limits: limits)
        }
        return (manifest, found.digest)
    }

    /// Has an error about what the registry says of an image name it.
    private func named<Value>(
        _ reference: DockerReference, _ read: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        do {
            return try read()
        } catch {
            throw Failure(
                error.code, "image \(reference) of \(endpoint.name)", cause: error, hint: error.hint,
                statusCode: error.statusCode)
        }
    }

    /// A manifest or an index as it stands, which has the digest that it should have.
    ///
    /// - Parameter target: a tag or a digest.
    func document(
        _ target: String, expected: ContentDigest?, _ reference: DockerReference
    ) async throws -> (json: JSONValue, type: String?, digest: ContentDigest) {
        let (repository, what) = (repository(reference.repository), "the manifest of image \(reference)")
        let answer = try await repository.ask(
            .manifest, repository.url("manifests/\(target)"), RegistryClient.accepted)
        let reply = answer.reply
        if let remaining = reply.headers["ratelimit-remaining"] {
            repository.log.info(
                "pulls that the registry still allows",
                metadata: ["registry": "\(endpoint.name)", "remaining": "\(remaining)"])
        }
        guard answer.meaning == .done else { throw repository.refusal(answer, "image \(reference)") }
        let json = try RemoteRepository.parse(reply.body, what)
        let stated = reply.headers["docker-content-digest"].flatMap { ContentDigest($0) }
        // Where a manifest is signed, the digest is of what was signed.
        let isSigned = json["schemaVersion"]?.intValue == 1 && json["signatures"] != nil
        let content = isSigned ? SchemaOne.payload(reply.body, json) ?? reply.body : reply.body
        for digest in [expected, stated].compactMap(\.self) {
            try repository.check(content, digest, what)
        }
        return (
            isSigned ? try RemoteRepository.parse(content, "the manifest") : json,
            reply.headers["content-type"].map(MediaType.bare),
            expected ?? stated ?? ContentDigest(.sha256, of: content)
        )
    }
}
