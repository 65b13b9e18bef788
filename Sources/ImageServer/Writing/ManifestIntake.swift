import HTTPTypes
import ImageModel
import JSON

/// What CreateImage and AdminImportImage make of the manifest that they are given (imgapi.md, sections 4 and 10).
enum ManifestIntake {
    private static let known: Set = [
        "v", "uuid", "owner", "name", "version", "state", "disabled", "public", "published_at", "type", "os", "files",
        "acl",
        "description", "homepage", "eula", "icon", "urn", "requirements", "users", "generate_passwords",
        "inherited_directories", "origin", "nic_driver", "disk_driver", "cpu_type", "image_size", "tags",
        "billing_tags",
        "traits", "error", "channels",
    ]
    /// Of these, null means that they are not there.
    private static let nullable: Set = [
        "description", "homepage", "eula", "billing_tags", "icon", "disabled", "public", "files", "state", "error",
        "channels",
    ]

    /// The manifest of an image that is imported under its own UUID.
    ///
    /// - Parameter channels: those it comes into; nil where the server has none.
    /// - Throws: `InvalidParameter`, `ValidationFailed`.
    static func importing(
        _ body: JSONObject, as uuid: ImageUUID, mode: ServerMode, channels: [String]?
    ) throws(RequestError) -> JSONObject {
        guard let given = body["uuid"] else {
            throw .validationFailed("invalid image data: uuid", .init(field: "uuid", code: "MissingParameter"))
        }
        guard given.stringValue == uuid.description else {
            throw .invalidParameter("uuid", "the manifest is of image \(given.text()), not of image \(uuid)")
        }
        // The first version of manifests has fields that no other has, and is refused for these.
        try checkFields(of: body)
        guard body["v"] != nil else {
            throw .validationFailed("invalid image data: v", .init(field: "v", code: "MissingParameter"))
        }
        return try take(body, mode: mode, channels: channels)
    }

    /// The manifest of a new image, which gets a UUID of its own.
    ///
    /// - Parameter account: on whose behalf it is made, if not the operator's.
    static func creating(
        _ body: JSONObject, mode: ServerMode, account: String?, channels: [String]?
    ) throws(RequestError) -> JSONObject {
        let extra = ["uuid", "published_at", "urn"].filter { body[$0] != nil }
        guard extra.isEmpty else { throw extraParameters(extra) }
        guard body["state"] == nil else { throw .invalidParameter("state", "the state of an image cannot be given") }
        var body = body
        if let account {
            guard body["owner"] == nil || body["owner"]?.stringValue == account else {
                throw .invalidParameter("owner", "owner and account differ")
            }
            body["owner"] = .string(account)
        }
        let owner = body["owner"]
        if body["v"] == nil { body["v"] = 2 }
        body["uuid"] = .string(ImageUUID().description)
        guard let owner else {
            throw .validationFailed("invalid image data: owner", .init(field: "owner", code: "MissingParameter"))
        }
        var json = try take(body, mode: mode, channels: channels)
        json["owner"] = owner
        return json
    }

    private static func take(
        _ body: JSONObject, mode: ServerMode, channels: [String]?
    ) throws(RequestError) -> JSONObject {
        try checkFields(of: body)
        var json = ManifestSpelling.usual(body)
        for (key, value) in body where value == .null {
            guard nullable.contains(key) else {
                throw .validationFailed("invalid image data: \(key)", .init(field: key, message: "null"))
            }
            json[key] = nil
        }
        // What the server alone knows.
        for key in ["files", "state", "error", "channels"] { json[key] = nil }
        guard json["icon"] == nil else {
            throw .validationFailed(
                "invalid image data: icon", .init(field: "icon", message: "an icon is uploaded by itself"))
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

    /// - Throws: `ValidationFailed` with each field that breaks a rule.
    static func validate(_ json: JSONObject, mode: ServerMode) throws(RequestError) {
        var details = ManifestValidation.validate(json).map { violation in
            RequestError.Detail(
                field: violation.field, code: violation.code.rawValue, message: violation.message)
        }
        if json["public"] != .bool(mode == .public) {
            details.append(.init(field: "public", message: "does not suit a server in \(mode.rawValue) mode"))
        }
        guard !details.isEmpty else { return }
        throw RequestError(
            .unprocessableContent, "ValidationFailed",
            "invalid image data: \(details.map(\.field).joined(separator: ", "))", details: details)
    }

    private static func checkFields(of body: JSONObject) throws(RequestError) {
        let extra = body.keys.filter { !known.contains($0) }
        guard extra.isEmpty else { throw extraParameters(extra) }
    }

    private static func extraParameters(_ names: [String]) -> RequestError {
        RequestError(
            .unprocessableContent, "InvalidParameter",
            "invalid extra parameters: \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
            details: names.map { .init(field: $0) })
    }
}
