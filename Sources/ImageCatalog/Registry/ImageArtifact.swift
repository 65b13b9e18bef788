import Failure
import ImageModel
import JSON
import OCIRegistry

/// An image as an OCI registry keeps it: an artifact under its UUID as the tag, whose config is the manifest and whose blobs
/// are the image file and the icon.
enum ImageArtifact {
    static let type = "application/vnd.imgadm.image.v1"
    static let configType = "application/vnd.imgadm.image.manifest.v1+json"
    private static let annotations = [
        "name": "org.opencontainers.image.title", "version": "org.opencontainers.image.version",
        "description": "org.opencontainers.image.description", "published_at": "org.opencontainers.image.created",
    ]

    static func mediaType(of part: ImagePart) -> String {
        switch part {
        case .file: "application/vnd.imgadm.image.file.v1"
        case .icon: "application/vnd.imgadm.image.icon.v1"
        }
    }

    static func blob(of part: ImagePart, in manifest: ArtifactManifest) -> BlobDescriptor? {
        manifest.blobs.first { $0.mediaType == mediaType(of: part) }
    }

    static func content(of json: JSONObject) -> [UInt8] { Array(JSONValue.object(json).text(.indented(2)).utf8) }

    /// - Parameter blobs: of the parts that the manifest speaks of, and maybe others.
    static func manifest(_ json: JSONObject, config: BlobDescriptor, blobs: [BlobDescriptor]) -> ArtifactManifest {
        let stored = StoredManifest(json)
        let kept = ImagePart.allCases.filter { stored.has($0) }.map { mediaType(of: $0) }
        var notes: [String: String] = [:]
        for (key, name) in annotations { notes[name] = json[key]?.stringValue }
        return ArtifactManifest(
            artifactType: type, config: config, blobs: blobs.filter { kept.contains($0.mediaType) }, annotations: notes)
    }
}
