import Failure
public import ImageModel
public import Transport

/// Artifacts that are kept under tags (OCI distribution-spec 1.1; image-spec 1.1, "Guidelines for Artifact Usage").
extension RemoteRepository {
    private static let accepted = [("Accept", MediaType.manifest)]

    /// The digest of the manifest under a tag; nil if there is none.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func digest(of tag: String) async throws -> ContentDigest? {
        let reply = try await find(
            .manifestDigest, url("manifests/\(tag)"), RemoteRepository.accepted, limit: limits.artifactBytes,
            what: "tag \"\(tag)\" of \(description)")
        guard let reply else { return nil }
        if let digest = reply.headers["docker-content-digest"].flatMap({ ContentDigest($0) }) { return digest }
        return try await artifact(tag)?.digest
    }

    /// The manifest under a tag or digest, and its digest; nil if there is none.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func artifact(_ reference: String) async throws -> (manifest: ArtifactManifest, digest: ContentDigest)? {
        let what = "manifest \"\(reference)\" of \(description)"
        let reply = try await find(
            .manifest, url("manifests/\(reference)"), RemoteRepository.accepted, limit: limits.artifactBytes, what: what
        )
        guard let reply else { return nil }
        return (
            try ArtifactManifest(content: reply.body, what: "the \(what)"), ContentDigest(.sha256, of: reply.body)
        )
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
        _ = try await require(
            .putManifest, url("manifests/\(tag)"), [("Content-Type", MediaType.manifest)], body: content,
            what: "the manifest \"\(tag)\" of \(description)")
        return ContentDigest(.sha256, of: content)
    }

    /// Deletes a manifest, and the tags that lead to it.
    ///
    /// - Throws: `UploadError`, with what to do where the registry does not let anything be deleted.
    public func delete(_ digest: ContentDigest) async throws {
        let answer = try await ask(.deleteManifest, url("manifests/\(digest)"))
        switch answer.meaning {
        case .done, .absent: return
        case .refused where answer.reply.status == 405:
            throw Failure(
                .uploadError, "the registry of \(description) does not allow anything to be deleted",
                hint: "docker-registry allows it with REGISTRY_STORAGE_DELETE_ENABLED=true", statusCode: 405)
        case .passing, .refused: throw refusal(answer, "the deletion of \(digest) of \(description)")
        }
    }

    /// A small blob, whole and checked.
    ///
    /// - Throws: `DownloadError` for one of another digest; `SourceError`, `ConnectionError`.
    public func content(of blob: BlobDescriptor) async throws -> [UInt8] {
        guard blob.size <= limits.artifactBytes else {
            throw InvalidArtifact("blob \(blob.digest) of \(description) has \(blob.size) bytes, too many")
        }
        let what = "blob \(blob.digest) of \(description)"
        let reply = try await require(.blob, url("blobs/\(blob.digest)"), limit: limits.artifactBytes, what: what)
        try check(reply.body, blob.digest, what)
        return reply.body
    }

    /// Whether a blob is there.
    public func has(_ blob: BlobDescriptor) async throws -> Bool {
        try await find(.blobPresence, url("blobs/\(blob.digest)"), what: "blob \(blob.digest) of \(description)") != nil
    }

    /// Has a blob of another repository of the registry in this one, too (OCI distribution-spec, "Mounting a blob from another
    /// repository").
    ///
    /// - Returns: false if the registry does not do that, so that the blob must be sent.
    /// - Throws: `ConnectionError`.
    public func mount(_ blob: BlobDescriptor, from other: String) async throws -> Bool {
        let query = "mount=\(URLEncoding.component("\(blob.digest)"))&from=\(URLEncoding.component(other))"
        let answer = try await ask(.mount, url("blobs/uploads/?\(query)"), [("Content-Length", "0")])
        guard answer.meaning == .done else { return false }
        if answer.reply.status == 201 { return true }
        if let begun = answer.reply.headers["location"].flatMap({ location($0) }) {
            // It clears away itself what is not gone on with.
            _ = try? await ask(.cancelUpload, begun)
        }
        return false
    }

    /// A range of a blob, as it arrives.
    public func download(_ blob: BlobDescriptor, _ range: Range<Int64>) -> Download {
        Download(
            DownloadRequest(
                request(RegistryOperation.blob.method, url("blobs/\(blob.digest)")), size: blob.size,
                offset: range.lowerBound,
                end: range.upperBound), by: transport(.reading))
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
}
