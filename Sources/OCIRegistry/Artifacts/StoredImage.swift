public import ImageModel
public import JSON
import Transport

/// An image as its tag has it, all of it checked against its digests.
public struct StoredImage: Sendable {
    public let uuid: ImageUUID
    public let artifact: ArtifactManifest
    /// Of the artifact's manifest.
    public let digest: ContentDigest
    /// Bytes of the artifact's manifest.
    let size: Int64
    /// The image's manifest as it is kept.
    public let json: JSONObject

    /// What an index has of it.
    public var indexed: IndexedImage { IndexedImage(uuid: uuid, digest: digest, size: size, json: json) }
}

extension RemoteRepository {
    /// The image under a UUID; nil if there is none.
    ///
    /// - Parameter digest: of its artifact's manifest, where that is known.
    /// - Throws: ``InvalidArtifact``, ``AnswerTooLarge`` for something else; `DownloadError` for what has another digest;
    ///   `SourceError`, `ConnectionError`, `Unauthorized`.
    public func image(_ uuid: ImageUUID, at digest: ContentDigest? = nil) async throws -> StoredImage? {
        let reference = digest?.description ?? uuid.description
        let what = "the manifest \"\(reference)\" of \(description)"
        guard let content = try await manifest(reference, accepting: [MediaType.manifest], what: what) else {
            return nil
        }
        let actual = ContentDigest(digest?.algorithm ?? .sha256, of: content)
        if let digest { try check(content, digest, what) }
        let artifact = try ArtifactManifest(content: content, what: what)
        guard artifact.artifactType == ImageArtifact.type else {
            throw InvalidArtifact("what \(description) has under the tag \(uuid) is no image of imgadm's")
        }
        let config = try await self.content(of: artifact.config)
        return StoredImage(
            uuid: uuid, artifact: artifact, digest: actual, size: Int64(content.count),
            json: try RemoteRepository.imageManifest(config, uuid))
    }

    private static func imageManifest(_ config: [UInt8], _ uuid: ImageUUID) throws(InvalidArtifact) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: config, limits: JSONLimits(depth: 64))
        } catch {
            throw InvalidArtifact("the manifest of image \(uuid) is not JSON", cause: error)
        }
        guard let json = value.objectValue else { throw InvalidArtifact("the manifest of image \(uuid) is no object") }
        return json
    }

    /// Puts an image under its UUID, in place of what was there.
    ///
    /// - Parameter blobs: of the parts that its manifest speaks of, and maybe others.
    /// - Throws: `UploadError`, `ConnectionError`, `Unauthorized`.
    public func put(_ json: JSONObject, _ blobs: [BlobDescriptor], as uuid: ImageUUID) async throws -> StoredImage {
        let config = try await put(ImageArtifact.content(of: json), mediaType: ImageArtifact.configType)
        let artifact = ImageArtifact.manifest(json, config: config, blobs: blobs)
        let digest = try await put(artifact, as: "\(uuid)")
        return StoredImage(
            uuid: uuid, artifact: artifact, digest: digest, size: Int64(artifact.content.count), json: json)
    }

    /// Puts an image that is there under its name, too.
    ///
    /// - Returns: whether it is there under its name now: no tag of somebody else is taken.
    /// - Throws: `UploadError`, `ConnectionError`, `Unauthorized`.
    @discardableResult
    public func name(_ image: StoredImage) async throws -> Bool {
        guard ServedForm.isActivated(image.json), let tag = ImageArtifact.nameTag(image.json) else { return false }
        do {
            let what = "the manifest \"\(tag)\" of \(description)"
            let present = try await manifest(tag, accepting: MediaType.manifests, what: what)
            if let present {
                guard ContentDigest(image.digest.algorithm, of: present) != image.digest else { return true }
                guard try ArtifactManifest(content: present, what: what).artifactType == ImageArtifact.type else {
                    return false
                }
            }
        } catch let error where error is InvalidArtifact || error is AnswerTooLarge {
            // What is none of ours is somebody else's, and we do not mind what.
            return false
        }
        _ = try await put(image.artifact, as: tag)
        return true
    }
}
