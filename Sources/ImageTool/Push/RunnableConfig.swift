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

    /// Looks whether those that run images can read it: a member of another kind ends their reading of all of it.
    ///
    /// - Throws: `InvalidManifest`.
    func check() throws(Failure) {
        for (key, value) in settings where value != .null {
            let isFit =
                switch key {
                case "Env", "Cmd", "Entrypoint", "OnBuild", "Shell":
                    value.arrayValue?.allSatisfy { $0.stringValue != nil }
                case "User", "WorkingDir", "StopSignal", "Hostname", "Domainname", "Image":
                    value.stringValue.map { _ in true }
                case "ExposedPorts", "Volumes": value.objectValue.map { $0.allSatisfy { $0.value.objectValue != nil } }
                case "Labels": value.objectValue.map { $0.allSatisfy { $0.value.stringValue != nil } }
                default: true
                }
            guard isFit == true else {
                throw Failure(
                    .invalidManifest,
                    "the config of the image cannot be read by what runs it: \(key) is \(value.text().prefix(100))",
                    hint: "Env, Cmd and Entrypoint are lists of texts, as docker inspect shows them")
            }
        }
        for field in ["architecture", "os", "variant", "author", "created"] {
            guard let value = given[field], value.stringValue == nil else { continue }
            throw Failure(
                .invalidManifest,
                "the config of the image cannot be read by what runs it: \(field) is \(value.text().prefix(100))")
        }
    }

    private var isWhole: Bool { given["config"]?.objectValue != nil || given["architecture"] != nil }

    /// What the image runs as: the manifest's, and over it what was given.
    private var settings: JSONObject {
        var config = JSONObject()
        for (key, value) in images.last?.manifest.tags[Self.settings]?.objectValue ?? [:] where value != .null {
            config[key] = value
        }
        for (key, value) in isWhole ? given["config"]?.objectValue ?? [:] : given { config[key] = value }
        return config
    }

    /// - Parameter diffIDs: of the layers, from the base up.
    func content(diffIDs: [ContentDigest]) -> [UInt8] {
        let manifest = images.last?.manifest
        var json: JSONObject = ["created": .string(Self.created(manifest))]
        for field in ["author", "created"] where isWhole { json[field] = given[field] ?? json[field] }
        let target = target(manifest, isWhole ? given : [:])
        json["architecture"] = .string(target.architecture)
        if let variant = target.variant { json["variant"] = .string(variant) }
        json["os"] = .string(target.os)
        json["config"] = .object(settings)
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
