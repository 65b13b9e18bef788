public import ImageModel
import JSON

/// An image as an OCI registry keeps it: an artifact under its UUID as the tag, whose config is the manifest and whose blobs
/// are the image file and the icon. An image that was activated is also under its name and version, for people and for tools that
/// know no UUIDs.
public enum ImageArtifact {
    public static let type = "application/vnd.imgadm.image.v1"
    public static let configType = "application/vnd.imgadm.image.manifest.v1+json"
    static let annotations = [
        "name": "org.opencontainers.image.title", "version": "org.opencontainers.image.version",
        "description": "org.opencontainers.image.description", "published_at": "org.opencontainers.image.created",
    ]

    public static func mediaType(of part: ImagePart) -> String {
        switch part {
        case .file: "application/vnd.imgadm.image.file.v1"
        case .icon: "application/vnd.imgadm.image.icon.v1"
        }
    }

    public static func blob(of part: ImagePart, in manifest: ArtifactManifest) -> BlobDescriptor? {
        manifest.blobs.first { $0.mediaType == mediaType(of: part) }
    }

    static func content(of json: JSONObject) -> [UInt8] { Array(JSONValue.object(json).text(.indented(2)).utf8) }

    /// - Parameter blobs: of the parts that the manifest speaks of, and maybe others.
    static func manifest(_ json: JSONObject, config: BlobDescriptor, blobs: [BlobDescriptor]) -> ArtifactManifest {
        let kept = ImagePart.allCases.filter { $0.isDescribed(in: json) }.map { mediaType(of: $0) }
        var notes: [String: String] = [:]
        for (key, name) in annotations { notes[name] = json[key]?.stringValue }
        return ArtifactManifest(
            artifactType: type, config: config, blobs: blobs.filter { kept.contains($0.mediaType) }, annotations: notes)
    }

    /// The tag `NAME-VERSION` of an image, what no tag can have being `_` (OCI distribution-spec, "Pulling manifests"); nil where
    /// that is too long, or would be taken for a UUID.
    static func nameTag(_ json: JSONObject) -> String? {
        guard let name = json["name"]?.stringValue, let version = json["version"]?.stringValue, !name.isEmpty,
            !version.isEmpty
        else { return nil }
        let characters = "\(name)-\(version)".utf8.map { byte in
            isOfTag(byte) ? byte : UInt8(ascii: "_")
        }
        let isBegun = characters.first.map { !".-".utf8.contains($0) } ?? false
        let tag = (isBegun ? "" : "_") + String(decoding: characters, as: UTF8.self)
        return tag.utf8.count <= 128 && ImageUUID(tag) == nil ? tag : nil
    }

    private static func isOfTag(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._-".utf8.contains(byte)
        }
    }
}
