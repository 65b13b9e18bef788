import ImageModel
import JSON

/// A part of the index of a repository (see ``ImageIndex``): images, or further parts.
enum ImageIndexNode: Sendable {
    case images([ImageUUID: IndexedImage])
    /// By the next digit of the UUIDs.
    case parts([Character: BlobDescriptor])

    static let type = "application/vnd.imgadm.index.v1"
    private static let digit = "vnd.imgadm.index.digit"

    /// Bytes from which on a part is split: registries take 4 MiB (OCI distribution-spec, "Pushing manifests"), and less is written
    /// anew for each image.
    static let longest = 1 << 20
    /// Digits of UUIDs by which parts are split at most: a million parts.
    static let deepest = 5

    /// The next digit of a UUID behind so many.
    static func digit(of uuid: ImageUUID, after depth: Int) -> Character {
        let digits = uuid.description
        return digits[digits.index(digits.startIndex, offsetBy: depth)]
    }

    /// The bytes that a registry keeps.
    var content: [UInt8] {
        let entries: [JSONValue] =
            switch self {
            case .images(let images): images.values.sorted { $0.uuid < $1.uuid }.map(\.descriptor)
            case .parts(let parts):
                parts.sorted { $0.key < $1.key }.map { digit, part in
                    var json = part.json.objectValue ?? [:]
                    json["artifactType"] = .string(Self.type)
                    json["annotations"] = [Self.digit: .string(String(digit))]
                    return .object(json)
                }
            }
        let json: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(MediaType.index), "artifactType": .string(Self.type),
            "manifests": .array(entries),
        ]
        return Array(JSONValue.object(json).text().utf8)
    }

    /// - Throws: ``InvalidArtifact`` for what is no index of ours.
    init(content: [UInt8], what: String) throws(InvalidArtifact) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: content, limits: JSONLimits(depth: 16))
        } catch {
            throw InvalidArtifact("\(what) is not JSON", cause: error)
        }
        guard json["artifactType"]?.stringValue == Self.type, let entries = json["manifests"]?.arrayValue else {
            throw InvalidArtifact("\(what) is no index of imgadm's")
        }
        var images: [ImageUUID: IndexedImage] = [:]
        var parts: [Character: BlobDescriptor] = [:]
        for entry in entries {
            guard let digit = entry["annotations"]?[Self.digit]?.stringValue else {
                // What is no image says nothing; the tags have it, if it is there.
                if let image = IndexedImage(entry) { images[image.uuid] = image }
                continue
            }
            guard digit.utf8.count == 1, let character = digit.first, "0123456789abcdef".contains(character),
                let part = BlobDescriptor(entry), part.mediaType == MediaType.index, parts[character] == nil
            else { throw InvalidArtifact("\(what) has a part that is none") }
            parts[character] = part
        }
        guard parts.isEmpty || images.isEmpty else { throw InvalidArtifact("\(what) has images and parts") }
        self = parts.isEmpty ? .images(images) : .parts(parts)
    }
}
