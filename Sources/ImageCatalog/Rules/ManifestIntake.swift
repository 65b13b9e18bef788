public import ImageModel
public import JSON

/// What CreateImage and AdminImportImage make of the manifest that they are given (imgapi.md, sections 4 and 10).
public enum ManifestIntake {
    /// The manifest of an image that is imported under its own UUID.
    ///
    /// - Parameter channels: those it comes into; nil where the server has none.
    /// - Throws: what it is refused for: `invalid`, `unsuitable`.
    public static func importing(
        _ body: JSONObject, as uuid: ImageUUID, mode: ServerMode, channels: [String]?
    ) throws(CatalogError) -> JSONObject {
        guard let given = body["uuid"] else {
            throw .invalid("invalid image data: uuid", [FieldFault(field: "uuid", code: "MissingParameter")])
        }
        guard given.stringValue == uuid.description else {
            throw .unsuitable(
                "the manifest is of image \(given.text()), not of image \(uuid)", [FieldFault(field: "uuid")])
        }
        // The first version of manifests has fields that no other has, and is refused for these.
        try checkFields(of: body)
        guard body["v"] != nil else {
            throw .invalid("invalid image data: v", [FieldFault(field: "v", code: "MissingParameter")])
        }
        return try take(body, mode: mode, channels: channels)
    }

    /// The manifest of a new image, which gets a UUID of its own.
    ///
    /// - Parameter account: on whose behalf it is made, if not the operator's.
    /// - Throws: what it is refused for: `invalid`, `unsuitable`.
    public static func creating(
        _ body: JSONObject, mode: ServerMode, account: String?, channels: [String]?
    ) throws(CatalogError) -> JSONObject {
        let extra = ["uuid", "published_at", "urn"].filter { body[$0] != nil }
        guard extra.isEmpty else { throw extraParameters(extra) }
        guard body["state"] == nil else {
            throw .unsuitable("the state of an image cannot be given", [FieldFault(field: "state")])
        }
        var body = body
        if let account {
            guard body["owner"] == nil || body["owner"]?.stringValue == account else {
                throw .unsuitable("owner and account differ", [FieldFault(field: "owner")])
            }
            body["owner"] = .string(account)
        }
        let owner = body["owner"]
        if body["v"] == nil { body["v"] = 2 }
        body["uuid"] = .string(ImageUUID().description)
        guard let owner else {
            throw .invalid("invalid image data: owner", [FieldFault(field: "owner", code: "MissingParameter")])
        }
        var json = try take(body, mode: mode, channels: channels)
        json["owner"] = owner
        return json
    }

    private static func take(
        _ body: JSONObject, mode: ServerMode, channels: [String]?
    ) throws(CatalogError) -> JSONObject {
        try checkFields(of: body)
        var json = ManifestSpelling.usual(body)
        for (key, value) in body where value == .null {
            guard ManifestField.nullable.contains(key) else {
                throw .invalid("invalid image data: \(key)", [FieldFault(field: key, message: "null")])
            }
            json[key] = nil
        }
        // What the server alone knows.
        for key in ["files", "state", "error", "channels"] { json[key] = nil }
        guard json["icon"] == nil else {
            throw .invalid(
                "invalid image data: icon", [FieldFault(field: "icon", message: "an icon is uploaded by itself")])
        }
        for key in ["public", "disabled", "generate_passwords"] {
            if let text = json[key]?.stringValue, text == "true" || text == "false" {
                json[key] = .bool(text == "true")
            }
        }
        json["owner"] = .string(ImageUUID.zero.description)
        json["public"] = json["public"] ?? .bool(mode == .public)
        json["disabled"] = json["disabled"] ?? false
        json["activated"] = false
        json["files"] = []
        if let channels { json["channels"] = .array(channels.map { .string($0) }) }
        try validate(json, mode: mode)
        return json
    }

    /// - Throws: `invalid`, with each field that breaks a rule.
    static func validate(_ json: JSONObject, mode: ServerMode) throws(CatalogError) {
        var details = ManifestValidation.validate(json).map { violation in
            FieldFault(
                field: violation.field, code: violation.code.rawValue, message: violation.message)
        }
        if json["public"] != .bool(mode == .public) {
            details.append(.init(field: "public", message: "does not suit a server in \(mode.rawValue) mode"))
        }
        guard !details.isEmpty else { return }
        throw .invalid("invalid image data: \(details.map(\.field).joined(separator: ", "))", details)
    }

    private static func checkFields(of body: JSONObject) throws(CatalogError) {
        let extra = body.keys.filter { !ManifestField.importable.contains($0) }
        guard extra.isEmpty else { throw extraParameters(extra) }
    }

    private static func extraParameters(_ names: [String]) -> CatalogError {
        .unsuitable(
            "invalid extra parameters: \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
            names.map { FieldFault(field: $0) })
    }
}
