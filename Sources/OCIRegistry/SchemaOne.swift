import Failure
import ImageModel
import JSON

/// Docker's first manifests: layers newest first, and a history in which the config hides (Docker "Image Manifest Version
/// 2, Schema 1").
enum SchemaOne {
    static func read(_ json: JSONValue, _ limits: RegistryLimits) throws(Failure) -> RegistryManifest {
        guard let list = json["fsLayers"]?.arrayValue, !list.isEmpty,
            let text = json["history"]?[0]?["v1Compatibility"]?.stringValue,
            let newest = try? JSONValue(parsing: text)
        else { throw Failure(.sourceError, "the manifest of the image is not valid: it has no layers or no history") }
        guard list.count <= limits.layers else {
            throw Failure(.unsupportedImage, "the image has \(list.count) layers, more than \(limits.layers)")
        }
        var layers: [RegistryLayer] = []
        for entry in list.reversed() {
            guard let digest = entry["blobSum"]?.stringValue.flatMap({ ContentDigest($0) }) else {
                throw Failure(.sourceError, "the manifest of the image is not valid: it has a bad digest of a layer")
            }
            if layers.last?.digest != digest { layers.append(RegistryLayer(digest: digest, size: nil)) }
        }
        var config = try ImageConfig(newest)
        config.diffIDs = []
        config.architecture = json["architecture"]?.stringValue ?? config.architecture
        return .schema1(config: config, layers: layers)
    }

    /// The bytes that the digest of a signed manifest is of: all but the signatures (Docker "Image Manifest Version 2,
    /// Schema 1", "Signed Manifests"). Nil if it has none, or they do not fit.
    static func payload(_ bytes: [UInt8], _ json: JSONValue) -> [UInt8]? {
        guard let protected = json["signatures"]?[0]?["protected"]?.stringValue,
            let header = Base64URL.bytes(protected).flatMap({ try? JSONValue(parsing: $0) }),
            let length = header["formatLength"]?.intValue, (0...bytes.count).contains(length),
            let tail = header["formatTail"]?.stringValue.flatMap(Base64URL.bytes)
        else { return nil }
        return bytes[..<length] + tail
    }
}

/// Bytes from base64url without padding (RFC 4648 §5).
enum Base64URL {
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
