import Failure
import ImageModel
import JSON
import Logging
import OCIRegistry

/// What is known of a tag: it never changes, since what a digest names does not.
struct RegistryEntry: Sendable {
    let digest: ContentDigest
    /// Nil for what only the index says: a hint.
    let stored: StoredImage?
    let indexed: IndexedImage
    /// Nil if it cannot be served.
    let image: ServedImage?
    /// When the tag last was seen to lead here; for a hint, when the index said so.
    var checked: ContinuousClock.Instant

    /// The manifest as stored.
    var json: JSONObject { indexed.json }

    init(_ stored: StoredImage, _ rules: ServingRules, checked: ContinuousClock.Instant) {
        self.init(stored.indexed, stored, rules, checked)
    }

    init(hint: IndexedImage, _ rules: ServingRules, checked: ContinuousClock.Instant) {
        self.init(hint, nil, rules, checked)
    }

    private init(
        _ indexed: IndexedImage, _ stored: StoredImage?, _ rules: ServingRules, _ checked: ContinuousClock.Instant
    ) {
        digest = indexed.digest
        self.stored = stored
        self.indexed = indexed
        image = rules.serve(indexed)
        self.checked = checked
    }
}

/// What a server serves of what it finds.
struct ServingRules: Sendable {
    let mode: ServerMode
    let channels: ChannelList?
    let logger: Logger

    fileprivate func serve(_ found: IndexedImage) -> ServedImage? {
        do {
            let manifest = try ServedManifest(found.json, mode: mode, channels: channels)
            guard manifest.uuid == found.uuid else {
                throw Failure(.invalidManifest, "its \"uuid\" is \(manifest.uuid)")
            }
            return ServedImage(manifest)
        } catch {
            logger.warning(
                "skipping a manifest that cannot be served", metadata: ["image": "\(found.uuid)", "error": "\(error)"])
            return nil
        }
    }
}
