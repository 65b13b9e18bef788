import Failure
import ImageModel
import JSON

/// Docker's first manifests: layers newest first, and a history in which the config hides (Docker "Image Manifest Version
/// 2, Schema 1").
enum SchemaOne {
    static func read(_ json: JSONValue, _ limits: RegistryLimits) throws(Failure) -> RegistryManifest {
        guard let list = json["fsLayers"]?.arrayValue, !list.isEmpty,
            let text = json["history"]?[0]?["v1Compatibility"]?.stringValue
        else { throw Failure(.sourceError, "the manifest of the image is not valid: it has no layers or no history") }
        let newest: JSONValue
        do {
            newest = try JSONValue(parsing: text)
        } catch {
            throw Failure(.sourceError, "the manifest of the image is not valid: its history is not JSON", cause: error)
        }
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
            let header = Base64.bytes(protected).flatMap({ try? JSONValue(parsing: $0) }),
            let length = header["formatLength"]?.intValue, (0...bytes.count).contains(length),
            let tail = header["formatTail"]?.stringValue.flatMap(Base64.bytes)
        else { return nil }
        return bytes[..<length] + tail
    }
}
