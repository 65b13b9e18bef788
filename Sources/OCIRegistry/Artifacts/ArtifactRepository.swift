import Failure
public import ImageModel
import JSON
public import Logging
public import Transport

/// A repository of a registry that keeps artifacts under tags (OCI distribution-spec 1.1).
public struct ArtifactRepository: Sendable {
    public let endpoint: RegistryEndpoint
    /// The repository within the registry.
    public let name: String
    /// `HOST/NAME`, for errors and logs.
    public var description: String { "\(endpoint.name)/\(name)" }
    private let reading: Transport
    let writing: Transport
    private let deleting: Transport

    /// Manifests and configs of ours are small; the most bytes that are read of one.
    private static let longestManifest = 8 << 20

    public init(
        _ endpoint: RegistryEndpoint, name: String, credentials: any CredentialSource, transport: Transport,
        log: Logger
    ) {
        self.endpoint = endpoint
        self.name = name
        let tokens = RegistryTokens(endpoint, credentials: credentials, transport: transport)
        func transportFor(_ actions: String) -> Transport {
            Transport(
                sender: RegistrySender(
                    network: transport.sender, endpoint: endpoint, tokens: tokens, repository: name, actions: actions),
                settings: transport.settings, log: log)
        }
        reading = transportFor("pull")
        writing = transportFor("pull,push")
        deleting = transportFor("pull,delete")
    }

    /// All tags; none where there is no such repository yet.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func tags() async throws -> [String] {
        var tags: [String] = []
        var page: String? = url("tags/list?n=1000")
        var bytes = 0
        let start = ContinuousClock.now
        // A registry that leads on and on is left.
        for number in 0..<1000 {
            guard let url = page else { return tags }
            let reply = try await reading.reply(
                to: request("GET", url), limit: ArtifactRepository.longestTagList - bytes)
            // In the middle of a list it is no end, but something that is missing.
            if reply.status == 404, number == 0 { return [] }
            guard reply.status == 200 else { throw refusal(reply, "the list of tags") }
            tags += try readTags(reply)
            bytes += reply.body.count
            guard start.duration(to: .now) < reading.settings.replyTimeout else { break }
            page = try reply.headers["link"].flatMap { try nextPage($0) }
        }
        throw Failure(.sourceError, "the list of tags of \(description) has no end")
    }

    /// Bytes of all pages of tags together: about a million UUIDs.
    private static let longestTagList = 64 << 20

    /// `null` stands for no tags at all (docker-registry 2).
    private func readTags(_ reply: HTTPReply) throws(Failure) -> [String] {
        func bad(_ error: (any Error)?) -> Failure {
            Failure(.sourceError, "\(description) answered with something that is no list of tags", cause: error)
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: reply.body)
        } catch {
            throw bad(error)
        }
        if json.objectValue != nil, json["tags"] ?? .null == .null { return [] }
        guard let list = json["tags"]?.arrayValue else { throw bad(nil) }
        let tags = list.compactMap(\.stringValue)
        guard tags.count == list.count else { throw bad(nil) }
        return tags
    }

    /// The digest of the manifest under a tag; nil if there is none.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func digest(of tag: String) async throws -> ContentDigest? {
        let reply = try await reading.reply(
            to: manifestRequest("HEAD", tag), limit: ArtifactRepository.longestManifest)
        switch reply.status {
        case 200:
            if let digest = reply.headers["docker-content-digest"].flatMap({ ContentDigest($0) }) { return digest }
            return try await artifact(tag)?.digest
        case 404: return nil
        default: throw refusal(reply, "tag \"\(tag)\"")
        }
    }

    /// The manifest under a tag or digest, and its digest; nil if there is none.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func artifact(_ reference: String) async throws -> (manifest: ArtifactManifest, digest: ContentDigest)? {
        let reply = try await reading.reply(
            to: manifestRequest("GET", reference), limit: ArtifactRepository.longestManifest)
        switch reply.status {
        case 200:
            let what = "the manifest \"\(reference)\" of \(description)"
            return (try ArtifactManifest(content: reply.body, what: what), ContentDigest(.sha256, of: reply.body))
        case 404: return nil
        default: throw refusal(reply, "manifest \"\(reference)\"")
        }
    }

    /// Puts a manifest under a tag, in place of what was there. What it names must be there.
    ///
    /// - Returns: its digest.
    /// - Throws: `UploadError`, `ConnectionError`, `Unauthorized`.
    public func put(_ manifest: ArtifactManifest, as tag: String) async throws -> ContentDigest {
        if manifest.blobs.isEmpty {
            _ = try await put(BlobDescriptor.emptyContent, mediaType: BlobDescriptor.empty.mediaType)
        }
        let content = manifest.content
        var request = request("PUT", url("manifests/\(tag)"), [("Content-Type", MediaType.manifest)])
        request.body = .bytes(content)
        let reply = try await writing.reply(to: request, limit: 1 << 20)
        guard reply.status == 201 || reply.status == 200 else {
            throw refusal(reply, "the manifest \"\(tag)\"", .uploadError)
        }
        return ContentDigest(.sha256, of: content)
    }

    /// Deletes a manifest, and the tags that lead to it.
    ///
    /// - Throws: `UploadError`, with what to do where the registry does not let anything be deleted.
    public func delete(_ digest: ContentDigest) async throws {
        let reply = try await deleting.reply(to: request("DELETE", url("manifests/\(digest)")), limit: 1 << 20)
        switch reply.status {
        case 200, 202, 204, 404: return
        case 405:
            throw Failure(
                .uploadError, "the registry of \(description) does not allow anything to be deleted",
                hint: "docker-registry allows it with REGISTRY_STORAGE_DELETE_ENABLED=true", statusCode: 405)
        default: throw refusal(reply, "the deletion of \(digest)", .uploadError)
        }
    }

    /// A small blob, whole and checked.
    ///
    /// - Throws: `DownloadError` for one of another digest; `SourceError`, `ConnectionError`.
    public func content(of blob: BlobDescriptor) async throws -> [UInt8] {
        guard blob.size <= ArtifactRepository.longestManifest else {
            throw Failure(.sourceError, "blob \(blob.digest) of \(description) has \(blob.size) bytes, too many")
        }
        let reply = try await reading.reply(
            to: request("GET", url("blobs/\(blob.digest)")), limit: ArtifactRepository.longestManifest)
        guard reply.status == 200 else { throw refusal(reply, "blob \(blob.digest)") }
        guard ContentDigest(blob.digest.algorithm, of: reply.body) == blob.digest else {
            throw Failure(.downloadError, "blob \(blob.digest) of \(description) has another digest")
        }
        return reply.body
    }

    /// Whether a blob is there.
    public func has(_ blob: BlobDescriptor) async throws -> Bool {
        let reply = try await reading.reply(to: request("HEAD", url("blobs/\(blob.digest)")), limit: 1 << 20)
        switch reply.status {
        case 200: return true
        case 404: return false
        default: throw refusal(reply, "blob \(blob.digest)")
        }
    }

    /// A range of a blob, as it arrives.
    public func download(_ blob: BlobDescriptor, _ range: Range<Int64>) -> Download {
        Download(
            DownloadRequest(
                request("GET", url("blobs/\(blob.digest)")), size: blob.size, offset: range.lowerBound,
                end: range.upperBound), by: reading)
    }

    /// Puts a small blob.
    public func put(_ content: [UInt8], mediaType: String) async throws -> BlobDescriptor {
        let blob = BlobDescriptor(
            mediaType: mediaType, digest: ContentDigest(.sha256, of: content), size: Int64(content.count))
        if try await has(blob) { return blob }
        let upload = try await BlobUpload.begin(in: self)
        try await upload.append(content)
        _ = try await upload.finish(mediaType: mediaType)
        return blob
    }

    // MARK: Requests

    func url(_ path: String) -> String { "\(endpoint.origin)/v2/\(name)/\(path)" }

    func request(_ method: String, _ url: String, _ headers: [(String, String)] = []) -> HTTPRequest {
        HTTPRequest(method, url: url, headers: headers, insecure: endpoint.insecure)
    }

    private func manifestRequest(_ method: String, _ reference: String) -> HTTPRequest {
        request(method, url("manifests/\(reference)"), [("Accept", MediaType.manifest)])
    }

    /// RFC 8288: `<URL>; rel="next"`. Only a page of this registry is followed.
    ///
    /// - Throws: `SourceError` for a page that is somewhere else: the list would not be whole without it.
    private func nextPage(_ link: String) throws(Failure) -> String? {
        guard link.contains("rel=\"next\"") || link.contains("rel=next") else { return nil }
        guard let start = link.firstIndex(of: "<"), let end = link.firstIndex(of: ">"), start < end,
            let page = location(String(link[link.index(after: start)..<end]))
        else {
            throw Failure(
                .sourceError, "the list of tags of \(description) goes on where it cannot be followed: \(link)")
        }
        return page
    }

    /// An address that the registry gave, which may be only a path; nil if it is of somewhere else.
    func location(_ text: String) -> String? {
        if text.hasPrefix("/"), !text.hasPrefix("//") { return endpoint.origin + text }
        return text.hasPrefix(endpoint.origin + "/") ? text : nil
    }

    func refusal(_ reply: HTTPReply, _ what: String, _ code: Failure.Code = .sourceError) -> Failure {
        RegistryRefusal.failure(reply, "\(what) of \(description)", endpoint, otherwise: code)
    }
}
