import Host
public import ImageModel
public import JSON
import Time

/// A manifest as a repository keeps it, and the changes that requests make to it (imgapi.md, sections 5 and 10).
///
/// Of a manifest that an operator has written, `state` may tell what `activated` and `disabled` tell of ours.
public struct StoredManifest {
    public private(set) var json: JSONObject

    public init(_ json: JSONObject) {
        self.json = json
        let state = json["state"]?.stringValue.flatMap { ImageState(rawValue: $0) }
        self.json["state"] = nil
        if json["activated"]?.boolValue == nil { self.json["activated"] = .bool(state != .unactivated) }
        if json["disabled"] == nil { self.json["disabled"] = .bool(state == .disabled) }
    }

    /// What is stored of an image that must be there.
    ///
    /// - Throws: `notFound`.
    public init(_ stored: JSONObject?, of uuid: ImageUUID) throws(CatalogError) {
        guard let stored else { throw .notFound("image \(uuid) not found") }
        self.init(stored)
    }

    public var isActivated: Bool { json["activated"] == true }

    /// It speaks of the part.
    public func has(_ part: ImagePart) -> Bool { part.isDescribed(in: json) }

    /// - Throws: `hasNoFile`, `isActivated`.
    public mutating func activate() throws(CatalogError) {
        guard !isActivated else {
            throw .isActivated
        }
        guard has(.file) else {
            throw .hasNoFile
        }
        json["activated"] = true
        if json["published_at"] == nil { json["published_at"] = .string(Timestamp.now().description) }
    }

    public mutating func disable(_ isDisabled: Bool) { json["disabled"] = .bool(isDisabled) }

    /// The part has come.
    public mutating func set(_ part: ImagePart, _ description: JSONObject) {
        switch part {
        case .file: json["files"] = [.object(description)]
        case .icon: json["icon"] = .object(description)
        }
    }

    public mutating func remove(_ part: ImagePart) {
        switch part {
        case .file: json["files"] = []
        case .icon: json["icon"] = nil
        }
    }

    /// - Parameter standard: the channel of an image that names none.
    public mutating func changeChannels(standard: String?, _ change: (inout [String]) -> Void) {
        var channels = json["channels"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if channels.isEmpty, let standard { channels = [standard] }
        change(&channels)
        json["channels"] = .array(channels.map { .string($0) })
    }

    public mutating func changeACL(_ change: (inout [String]) -> Void) {
        var acl = json["acl"]?.arrayValue?.compactMap(\.stringValue) ?? []
        change(&acl)
        json["acl"] = acl.isEmpty ? nil : .array(acl.map { .string($0) })
    }

    /// UpdateImage: null takes a field away.
    ///
    /// - Throws: `invalid`.
    public mutating func update(_ fields: JSONObject, mode: ServerMode) throws(CatalogError) {
        guard !fields.isEmpty else {
            throw .invalid("no fields to update", [FieldFault(field: "body", code: "MissingParameter")])
        }
        let fixed = fields.keys.filter { !ManifestField.mutable.contains($0) }
        guard fixed.isEmpty else {
            throw .invalid(
                "cannot update field\(fixed.count == 1 ? "" : "s"): \(fixed.joined(separator: ", "))",
                fixed.map { FieldFault(field: $0, code: "NotAllowed") })
        }
        for (key, value) in ManifestSpelling.usual(fields) { json[key] = value == .null ? nil : value }
        var checked = json
        // The server's own, which is no field of a manifest.
        checked[ServedForm.publisherKey] = nil
        if has(.icon) { checked["icon"] = true }
        try ManifestIntake.validate(checked, mode: mode)
    }
}
