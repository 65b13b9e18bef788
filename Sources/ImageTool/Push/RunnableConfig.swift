import Failure
import ImageModel
import ImageStore
import JSON

/// The config of an image to run (OCI image-spec, config.md), of what its manifest and a file say.
struct RunnableConfig {
    /// From the base up.
    let images: [InstalledImage]
    let platform: OCIPlatform?
    /// A config, or its member `config`; it counts more than what the manifest says.
    let given: JSONObject

    private static let settings = "docker:config"

    /// - Parameter diffIDs: of the layers, from the base up.
    func content(diffIDs: [ContentDigest]) -> [UInt8] {
        let manifest = images.last?.manifest
        let isWhole = given["config"]?.objectValue != nil || given["architecture"] != nil
        var config = JSONObject()
        for (key, value) in manifest?.tags[Self.settings]?.objectValue ?? [:] where value != .null {
            config[key] = value
        }
        for (key, value) in isWhole ? given["config"]?.objectValue ?? [:] : given { config[key] = value }
        var json: JSONObject = ["created": .string(Self.created(manifest))]
        for field in ["author", "created"] where isWhole { json[field] = given[field] ?? json[field] }
        let target = target(manifest, isWhole ? given : [:])
        json["architecture"] = .string(target.architecture)
        if let variant = target.variant { json["variant"] = .string(variant) }
        json["os"] = .string(target.os)
        json["config"] = .object(config)
        json["rootfs"] = ["type": "layers", "diff_ids": .array(diffIDs.map { .string("\($0)") })]
        json["history"] = .array(images.map { Self.history($0.manifest) })
        return Array(JSONValue.object(json).text().utf8)
    }

    private func target(_ manifest: Manifest?, _ given: JSONObject) -> OCIPlatform {
        if let platform { return platform }
        let architecture = given["architecture"]?.stringValue ?? manifest?.tags["docker:architecture"]?.stringValue
        return OCIPlatform(
            os: given["os"]?.stringValue ?? Self.os(manifest),
            architecture: architecture ?? OCIPlatform.host.architecture, variant: given["variant"]?.stringValue)
    }

    /// As Go calls it, by whose names platforms go.
    private static func os(_ manifest: Manifest?) -> String {
        switch manifest?.json["os"]?.stringValue {
        case "smartos", "illumos": "illumos"
        case "bsd": "freebsd"
        case "windows": "windows"
        default: "linux"
        }
    }

    private static func created(_ manifest: Manifest?) -> String {
        manifest?["published_at"]?.stringValue ?? "1970-01-01T00:00:00Z"
    }

    private static func history(_ manifest: Manifest) -> JSONValue {
        var line: JSONObject = ["created": .string(created(manifest))]
        let text = manifest["description"]?.stringValue ?? ""
        line["created_by"] = .string(
            manifest.imageType == .docker && !text.isEmpty ? text : "imgadm push \(manifest.title)")
        return .object(line)
    }
}
