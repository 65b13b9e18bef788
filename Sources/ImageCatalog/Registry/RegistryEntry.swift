import Failure
import ImageModel
import JSON
import Logging
import OCIRegistry

/// What is known of a tag: it never changes, since what a digest names does not.
struct RegistryEntry: Sendable {
    let digest: ContentDigest
    let artifact: ArtifactManifest
    /// The manifest as stored.
    let json: JSONObject
    /// Nil if it cannot be served.
    let image: ServedImage?
    /// When the tag last was seen to lead here.
    var checked: ContinuousClock.Instant

    /// - Throws: `SourceError` for what is no image of ours.
    init(
        _ artifact: ArtifactManifest, _ digest: ContentDigest, config: [UInt8], uuid: ImageUUID, mode: ServerMode,
        channels: ChannelList?, logger: Logger
    ) throws(InvalidArtifact) {
        let value = try? JSONValue(parsing: config, limits: JSONLimits(depth: 64))
        guard artifact.artifactType == ImageArtifact.type, let json = value?.objectValue else {
            throw InvalidArtifact("what is under the tag \(uuid) is no image of this server's")
        }
        self.digest = digest
        self.artifact = artifact
        self.json = json
        checked = .now
        do {
            let manifest = try ServedManifest(json, mode: mode, channels: channels)
            guard manifest.uuid == uuid else { throw Failure(.invalidManifest, "its \"uuid\" is \(manifest.uuid)") }
            image = ServedImage(manifest)
        } catch {
            logger.warning(
                "skipping a manifest that cannot be served", metadata: ["image": "\(uuid)", "error": "\(error)"])
            image = nil
        }
    }
}
