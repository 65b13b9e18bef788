import Failure
public import ImageModel
import JSON
public import Logging
public import Transport

/// Asks one registry (OCI distribution-spec; Docker Registry HTTP API v2).
public struct RegistryClient: Sendable {
    public let endpoint: RegistryEndpoint
    private let network: Transport
    private let tokens: RegistryTokens
    public let limits: RegistryLimits
    private let log: Logger

    public init(
        _ endpoint: RegistryEndpoint, credentials: any CredentialSource, transport: Transport,
        limits: RegistryLimits = RegistryLimits(), log: Logger
    ) {
        self.endpoint = endpoint
        network = transport
        tokens = RegistryTokens(endpoint, credentials: credentials, transport: transport)
        self.limits = limits
        self.log = log
    }

    /// Asks whether there is a registry.
    ///
    /// - Throws: `SourceError`, `ConnectionError`.
    public func ping() async throws {
        let reply = try await network.reply(
            to: HTTPRequest(url: "\(endpoint.origin)/v2/", insecure: endpoint.insecure), limit: 1 << 20)
        // A registry that wants credentials says so.
        guard reply.status == 200 || reply.status == 401 else {
            throw Failure(
                .sourceError, "\(endpoint.origin) does not answer as a Docker registry does (status \(reply.status))",
                statusCode: reply.status)
        }
    }

    /// HTTP to a repository, with what the registry wants to be shown.
    public func transport(for repository: String) -> Transport {
        Transport(
            sender: RegistrySender(network: network.sender, endpoint: endpoint, tokens: tokens, repository: repository),
            settings: network.settings, log: log)
    }

    /// The request for a layer's file.
    public func blobRequest(_ digest: ContentDigest, in repository: String) -> HTTPRequest {
        HTTPRequest(url: "\(endpoint.origin)/v2/\(repository)/blobs/\(digest)", insecure: endpoint.insecure)
    }

    /// What a reference leads to now, by a request that counts for no pull; nil if the registry does not say.
    public func digest(of reference: DockerReference) async throws -> ContentDigest? {
        if let digest = reference.digest { return digest }
        let reply = try await transport(for: reference.repository)
            .reply(to: manifestRequest("HEAD", reference.target, reference), limit: limits.manifestBytes)
        guard reply.status == 200 else { return nil }
        return reply.headers["docker-content-digest"].flatMap { ContentDigest($0) }
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
                manifestDigest = try IndexEntry.choose(entries, for: platform).digest
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
        let reply = try await transport(for: reference.repository)
            .reply(to: blobRequest(digest, in: reference.repository), limit: limits.manifestBytes)
        guard reply.status == 200 else { throw refusal(reply, "the config of image \(reference)") }
        try check(reply.body, digest, "the config of image \(reference)")
        let config = try ImageConfig(try parse(reply.body, "the config of image \(reference)"))
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

    private func manifestRequest(_ method: String, _ target: String, _ reference: DockerReference) -> HTTPRequest {
        HTTPRequest(
            method, url: "\(endpoint.origin)/v2/\(reference.repository)/manifests/\(target)",
            headers: [("Accept", MediaType.manifests.joined(separator: ", "))], insecure: endpoint.insecure)
    }

    private func manifest(
        _ target: String, expected: ContentDigest?, _ reference: DockerReference
    ) async throws -> (RegistryManifest, ContentDigest) {
        let reply = try await transport(for: reference.repository)
            .reply(to: manifestRequest("GET", target, reference), limit: limits.manifestBytes)
        if let remaining = reply.headers["ratelimit-remaining"] {
            log.info(
                "pulls that the registry still allows",
                metadata: ["registry": "\(endpoint.name)", "remaining": "\(remaining)"])
        }
        guard reply.status == 200 else { throw refusal(reply, "image \(reference)") }
        let json = try parse(reply.body, "the manifest of image \(reference)")
        let stated = reply.headers["docker-content-digest"].flatMap { ContentDigest($0) }
        // Where a manifest is signed, the digest is of what was signed.
        let isSigned = json["schemaVersion"]?.intValue == 1 && json["signatures"] != nil
        let content = isSigned ? SchemaOne.payload(reply.body, json) ?? reply.body : reply.body
        for digest in [expected, stated].compactMap(\.self) {
            try check(content, digest, "the manifest of image \(reference)")
        }
        let type = reply.headers["content-type"].map(MediaType.bare)
        let manifest = try RegistryManifest(
            isSigned ? try parse(content, "the manifest") : json, contentType: type, limits: limits)
        return (manifest, expected ?? stated ?? ContentDigest(.sha256, of: content))
    }

    private func check(_ content: [UInt8], _ digest: ContentDigest, _ what: String) throws(Failure) {
        let actual = ContentDigest(digest.algorithm, of: content)
        guard actual == digest else {
            throw Failure(.downloadError, "\(what) has the digest \(actual), but it should have \(digest)")
        }
    }

    private func parse(_ bytes: [UInt8], _ what: String) throws(Failure) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64))
        } catch {
            throw Failure(.sourceError, "\(what) is not JSON", cause: error)
        }
    }

    private func refusal(_ reply: HTTPReply, _ what: String) -> Failure {
        RegistryRefusal.failure(reply, what, endpoint)
    }
}
