public import ImageModel
public import JSON

/// What an index says of an image (see ``ImageIndex``).
public struct IndexedImage: Sendable {
    public let uuid: ImageUUID
    /// Of the artifact's manifest.
    public let digest: ContentDigest
    /// Bytes of that.
    public let size: Int64
    /// The image's manifest as it is kept: a hint, since nothing proves that it is that of the digest.
    public let json: JSONObject

    public init(uuid: ImageUUID, digest: ContentDigest, size: Int64, json: JSONObject) {
        self.uuid = uuid
        self.digest = digest
        self.size = size
        self.json = json
    }

    public var isActivated: Bool { ServedForm.isActivated(json) }

    private static let prefix = "vnd.imgadm.image."
    private static let manifest = "\(prefix)manifest"

    /// As a descriptor of an index: what people and tools look for, and the whole manifest.
    var descriptor: JSONValue {
        var notes = JSONObject()
        for (key, name) in ImageArtifact.annotations.sorted(by: { $0.value < $1.value }) where key != "description" {
            if let text = json[key]?.stringValue { notes[name] = .string(text) }
        }
        for key in ["os", "type"] {
            if let text = json[key]?.stringValue { notes[Self.prefix + key] = .string(text) }
        }
        let isDisabled = json["disabled"] == true || json["disabled"] == "true"
        notes["\(Self.prefix)state"] = (isDisabled ? ImageState.disabled : .active).json
        notes["\(Self.prefix)uuid"] = .string(uuid.description)
        notes[Self.manifest] = .string(JSONValue.object(json).text())
        return [
            "mediaType": .string(MediaType.manifest), "digest": .string(digest.description),
            "size": .number(JSONNumber(Int(size))), "artifactType": .string(ImageArtifact.type),
            "annotations": .object(notes),
        ]
    }

    /// Nil for what is no image that was activated: the tags have the last word.
    init?(_ descriptor: JSONValue) {
        guard let blob = BlobDescriptor(descriptor), blob.mediaType == MediaType.manifest,
            let text = descriptor["annotations"]?[Self.manifest]?.stringValue,
            // What is not JSON is no manifest.
            let json = try? JSONValue(parsing: text, limits: JSONLimits(depth: 64)).objectValue,
            let uuid = json["uuid"]?.stringValue.flatMap({ ImageUUID($0) })
        else { return nil }
        self.init(uuid: uuid, digest: blob.digest, size: blob.size, json: json)
        guard isActivated else { return nil }
    }
}
