import Failure
public import ImageModel
import JSON

/// What an artifact consists of: a config and blobs (OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage").
public struct ArtifactManifest: Sendable, Hashable {
    /// Empty for an image to run, whose blobs are its layers.
    public var artifactType: String
    public var config: BlobDescriptor
    public var blobs: [BlobDescriptor]
    /// For people and tools that list registries.
    public var annotations: [String: String]

    public init(
        artifactType: String, config: BlobDescriptor, blobs: [BlobDescriptor], annotations: [String: String] = [:]
    ) {
        self.artifactType = artifactType
        self.config = config
        self.blobs = blobs
        self.annotations = annotations
    }

    /// The bytes that a registry keeps, whose digest is that of the manifest. An artifact without blobs has the empty one,
    /// since not every registry takes none.
    var content: [UInt8] {
        var json: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(MediaType.manifest),
        ]
        if !artifactType.isEmpty { json["artifactType"] = .string(artifactType) }
        json["config"] = config.json
        json["layers"] = .array((blobs.isEmpty ? [.empty] : blobs).map(\.json))
        if !annotations.isEmpty { json["annotations"] = BlobDescriptor.json(annotations) }
        return Array(JSONValue.object(json).text(.indented(2)).utf8)
    }

    /// - Throws: `SourceError` for what is no manifest of an artifact.
    init(content: [UInt8], what: String) throws(InvalidArtifact) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: content, limits: JSONLimits(depth: 64))
        } catch {
            throw InvalidArtifact("\(what) is not JSON", cause: error)
        }
        guard json["schemaVersion"]?.intValue == 2, let config = BlobDescriptor(json["config"]),
            let layers = json["layers"]?.arrayValue
        else { throw InvalidArtifact("\(what) is no manifest with a config and layers") }
        artifactType = json["artifactType"]?.stringValue ?? config.mediaType
        self.config = config
        var blobs: [BlobDescriptor] = []
        for layer in layers {
            guard let blob = BlobDescriptor(layer) else { throw InvalidArtifact("\(what) has a bad layer") }
            if blob.mediaType != BlobDescriptor.empty.mediaType { blobs.append(blob) }
        }
        self.blobs = blobs
        annotations = BlobDescriptor.annotations(json["annotations"])
    }
}

/// What a registry knows of a blob (OCI image-spec, descriptor.md).
public struct BlobDescriptor: Sendable, Hashable {
    public var mediaType: String
    public let digest: ContentDigest
    /// In bytes.
    public let size: Int64
    /// For people and other programs.
    public var annotations: [String: String]

    public init(mediaType: String, digest: ContentDigest, size: Int64, annotations: [String: String] = [:]) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
    }

    /// The blob that stands for none: `{}` (OCI image-spec 1.1, manifest.md, "Guidance for an Empty Descriptor").
    public static let emptyContent = Array("{}".utf8)
    public static let empty = BlobDescriptor(
        mediaType: "application/vnd.oci.empty.v1+json", digest: ContentDigest(.sha256, of: emptyContent), size: 2)

    init?(_ json: JSONValue?) {
        guard let json, let digest = json["digest"]?.stringValue.flatMap({ ContentDigest($0) }),
            let size = json["size"]?.intValue, size >= 0
        else { return nil }
        self.init(
            mediaType: json["mediaType"]?.stringValue ?? "", digest: digest, size: Int64(size),
            annotations: Self.annotations(json["annotations"]))
    }

    var json: JSONValue {
        var json: JSONObject = [
            "mediaType": .string(mediaType), "digest": .string("\(digest)"), "size": .number(JSONNumber(Int(size))),
        ]
        if !annotations.isEmpty { json["annotations"] = Self.json(annotations) }
        return .object(json)
    }

    /// What is no text counts for nothing.
    static func annotations(_ json: JSONValue?) -> [String: String] {
        var annotations: [String: String] = [:]
        for (key, value) in json?.objectValue ?? [:] { annotations[key] = value.stringValue }
        return annotations
    }

    /// Always in the same order.
    static func json(_ annotations: [String: String]) -> JSONValue {
        var json = JSONObject()
        for (key, value) in annotations.sorted(by: { $0.key < $1.key }) { json[key] = .string(value) }
        return .object(json)
    }
}
