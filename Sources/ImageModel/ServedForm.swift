public import Failure
public import JSON

/// A manifest in the form in which those who ask for images see it (imgapi.md, section 3), made of what a repository keeps: its keys
/// in their order, defaults filled in, and without what is nobody else's business.
public struct ServedForm: Sendable {
    public let uuid: ImageUUID
    /// With `channels`, `billing_tags` and `traits` as they are kept: who is shown these is for a server to say.
    public let json: JSONObject
    /// What is kept, in version 2 and the usual spelling.
    public let kept: JSONObject

    /// - Parameters:
    ///   - stored: what is kept.
    ///   - isPublic: what counts where the manifest does not say it.
    /// - Throws: `InvalidManifest`, `ManifestValidation` if it breaks the rules of imgapi.md, section 4.
    public init(_ stored: JSONObject, isPublic: Bool) throws(Failure) {
        let kept = ManifestSpelling.usual(try ManifestUpgrade.upgrade(stored))
        self.kept = kept
        var json = kept
        let hasIcon = ImagePart.icon.isDescribed(in: json)
        json["icon"] = hasIcon ? true : json["icon"]
        try ManifestValidation.check(json.restricted(to: Self.order))
        uuid = try Manifest(json).uuid

        var served = JSONObject()
        for key in Self.order { served[key] = json[key] }
        for (key, value) in json where !ManifestField.names.contains(key) { served[key] = value }
        served["activated"] = nil
        served[Self.publisherKey] = nil
        let isDisabled = Self.flag(json["disabled"]) ?? false
        let isActivated = Self.flag(json["activated"]) ?? true
        served["owner"] = json["owner"] ?? .string(ImageUUID.zero.description)
        let state: ImageState = !isActivated ? .unactivated : isDisabled ? .disabled : .active
        served["state"] = json["state"] ?? state.json
        served["disabled"] = .bool(isDisabled)
        served["public"] = .bool(Self.flag(json["public"]) ?? isPublic)
        for key in ManifestField.omittedWhenEmpty where served[key]?.isEmpty ?? false { served[key] = nil }
        if !hasIcon { served["icon"] = nil }
        let files = json["files"]?.arrayValue?.compactMap(\.objectValue) ?? []
        served["files"] = .array(files.map { .object($0.removing(Self.internalFileKeys)) })
        // What was missing stands at the end now; once more in order.
        self.json = served.ordered(by: Self.order)
    }

    /// Whether an image was ever activated, as what a repository keeps of it tells.
    public static func isActivated(_ stored: JSONObject) -> Bool {
        flag(stored["activated"]) ?? (stored["state"] != ImageState.unactivated.json)
    }

    /// Where a server keeps who has made the image.
    public static let publisherKey = "published_by"

    private static let order = ManifestField.allCases.map(\.rawValue)
    /// How a repository stores a file is nobody's business.
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
