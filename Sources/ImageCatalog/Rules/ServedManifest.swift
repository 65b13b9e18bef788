import Failure
import ImageModel
import JSON

/// A manifest brought into the form in which the server serves it (imgapi.md, section 3): its keys in their
/// order, defaults filled in, and without what is not for clients.
struct ServedManifest {
    let uuid: ImageUUID
    let json: JSONObject
    let files: [ServedImage.File]
    let icon: ServedImage.Icon?

    /// - Parameters:
    ///   - json: what is stored.
    ///   - channels: the server's, nil if it has none.
    /// - Throws: `InvalidManifest`, `ManifestValidation` if it breaks the rules of imgapi.md, section 4, or
    ///   does not suit the server's mode.
    init(_ stored: JSONObject, mode: ServerMode, channels: ChannelList?) throws(Failure) {
        var json = ManifestSpelling.usual(try ManifestUpgrade.upgrade(stored))
        icon = ServedImage.Icon(json["icon"])
        if icon != nil { json["icon"] = true }
        try ManifestValidation.check(json.restricted(to: Self.order))
        uuid = try Manifest(json).uuid

        var served = JSONObject()
        for key in Self.order { served[key] = json[key] }
        for (key, value) in json where !Self.known.contains(key) { served[key] = value }
        served["activated"] = nil

        let isPublic = Self.flag(json["public"]) ?? (mode == .public)
        guard isPublic == (mode == .public) else {
            throw Failure(.invalidManifest, "\"public\" is \(isPublic), which does not suit a server in \(mode) mode")
        }
        let isDisabled = Self.flag(json["disabled"]) ?? false
        let isActivated = Self.flag(json["activated"]) ?? true
        served["owner"] = json["owner"] ?? .string(ImageUUID.zero.description)
        let state: ImageState = !isActivated ? .unactivated : isDisabled ? .disabled : .active
        served["state"] = json["state"] ?? state.json
        served["disabled"] = .bool(isDisabled)
        served["public"] = .bool(isPublic)

        for key in Self.omittedWhenEmpty where served[key]?.isEmpty ?? false { served[key] = nil }
        if icon == nil { served["icon"] = nil }
        if mode == .public { for key in ["billing_tags", "traits"] { served[key] = nil } }
        if channels == nil {
            served["channels"] = nil
        } else if json["channels"]?.arrayValue == nil {
            throw Failure(.invalidManifest, "it has no \"channels\", and this server has channels")
        }
        let entries = json["files"]?.arrayValue?.compactMap(\.objectValue) ?? []
        files = entries.map { entry in
            let file = ImageFile(.object(entry))
            return ServedImage.File(sha1: file?.sha1, size: file?.size, contentMD5: entry["contentMD5"]?.stringValue)
        }
        served["files"] = .array(entries.map { .object($0.removing(Self.internalFileKeys)) })
        // What was missing stands at the end now; once more in order.
        self.json = served.ordered(by: Self.order)
    }

    /// The keys of imgapi.md, section 3, in its order.
    private static let order = [
        "v", "uuid", "owner", "name", "version", "state", "disabled", "public", "published_at", "type", "os", "files",
        "acl",
        "description", "homepage", "eula", "icon", "urn", "requirements", "users", "generate_passwords",
        "inherited_directories", "origin", "nic_driver", "disk_driver", "cpu_type", "image_size", "tags",
        "billing_tags",
        "traits", "error", "channels", "activated",
    ]
    private static let known = Set(order)
    private static let omittedWhenEmpty = ["acl", "description", "homepage", "eula", "billing_tags", "traits"]
    /// How the server stores a file is nobody's business.
    private static let internalFileKeys = ["stor", "path", "mtime", "contentMD5"]

    /// A boolean, also as the text in which imports may have it.
    private static func flag(_ value: JSONValue?) -> Bool? {
        switch value {
        case true?, "true"?: true
        case false?, "false"?: false
        default: nil
        }
    }
}

extension JSONValue {
    fileprivate var isEmpty: Bool {
        switch self {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        case .bool, .number: false
        }
    }
}

extension JSONObject {
    fileprivate func restricted(to keys: [String]) -> JSONObject {
        var object = JSONObject()
        for key in keys { object[key] = self[key] }
        return object
    }

    fileprivate func removing(_ keys: [String]) -> JSONObject {
        var object = self
        for key in keys { object[key] = nil }
        return object
    }

    fileprivate func ordered(by keys: [String]) -> JSONObject {
        var object = restricted(to: keys)
        for (key, value) in self where object[key] == nil { object[key] = value }
        return object
    }
}
