import JSON

/// A validation under way: the manifest, and what was found so far.
struct ManifestCheck {
    let manifest: JSONObject
    private(set) var violations: [ManifestViolation] = []

    init(_ manifest: JSONObject) { self.manifest = manifest }

    /// A field's value; nil where it counts as absent, as `null` does in some, and in required fields (imgapi.md, section 4).
    func value(of field: String) -> JSONValue? {
        guard let value = manifest[field] else { return nil }
        guard value.isNull else { return value }
        return ManifestField.nullable.contains(field) || ManifestValidation.minimal.contains(field) ? nil : value
    }

    mutating func missing(_ field: String, _ message: String? = nil) {
        violations.append(ManifestViolation(field: field, code: .missingParameter, message: message))
    }

    mutating func invalid(_ field: String, _ message: String? = nil) {
        violations.append(ManifestViolation(field: field, code: .invalid, message: message))
    }

    mutating func require(_ holds: Bool, _ field: String, _ message: String) {
        if !holds { invalid(field, message) }
    }
}

// MARK: - Single values

extension ManifestCheck {
    /// Text made of certain bytes, not empty; or, where all are allowed, any text. Its length counts in
    /// UTF-16 units, as servers count it.
    mutating func text(_ value: JSONValue, _ field: String, of isAllowed: ((UInt8) -> Bool)? = nil, atMost limit: Int) {
        guard let text = value.stringValue else { return invalid(field, "not a string") }
        if let isAllowed, text.isEmpty || !text.utf8.allSatisfy(isAllowed) {
            invalid(field, "invalid characters in \(value.text())")
        } else if text.utf16.count > limit {
            invalid(field, "longer than \(limit) characters")
        }
    }

    mutating func url(_ value: JSONValue, _ field: String) {
        guard let text = value.stringValue else { return invalid(field, "not a string") }
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) }
        let rest = text.utf8.dropFirst(scheme?.utf8.count ?? 0)
        let hasHost = rest.first.map { !"/?#:".utf8.contains($0) } ?? false
        if scheme == nil || !hasHost || !rest.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) {
            invalid(field, "not an http or https URL")
        } else if text.utf16.count > 1024 {
            invalid(field, "longer than 1024 characters")
        }
    }

    /// `YYYY-MM-DDTHH:MM:SS(.mmm)?Z`; servers do not check that there is such a day either.
    mutating func date(_ value: JSONValue, _ field: String) {
        let text = value.stringValue ?? ""
        require(
            text.fits("0000-00-00T00:00:00Z") || text.fits("0000-00-00T00:00:00.000Z"), field,
            "not a date of the form YYYY-MM-DDTHH:MM:SSZ")
    }

    mutating func oneOf(_ names: [String], _ value: JSONValue, _ field: String, _ what: String) {
        guard names.contains(value.stringValue ?? "") else {
            return invalid(field, "invalid \(what), \(value.text()), must be one of: \(names.joined(separator: ", "))")
        }
    }

    /// As ``oneOf``, but a placeholder for an image that is not there yet may say "null".
    mutating func kind(_ names: [String], _ value: JSONValue, _ field: String, _ what: String) {
        let state = manifest["state"]
        if value == "null", state == "creating" || state == "failed" { return }
        oneOf(names, value, field, what)
    }
}

// MARK: - Arrays and objects

extension ManifestCheck {
    /// An array; each element that fails is named by its place.
    mutating func elements(_ value: JSONValue, _ field: String, are isValid: (JSONValue) -> Bool) {
        guard let elements = value.arrayValue else { return invalid(field, "not an array") }
        for (index, element) in elements.enumerated() where !isValid(element) { invalid("\(field).\(index)") }
    }

    mutating func traits(_ value: JSONValue, _ field: String) {
        guard let traits = value.objectValue else { return invalid(field, "not an object") }
        for (name, value) in traits where ![.string, .bool, .array].contains(value.kind) {
            invalid("\(field).\(name)", "not a string, boolean or array")
        }
    }

    mutating func tags(_ value: JSONValue, _ field: String) {
        guard value.kind == .object else { return invalid(field, "not an object") }
        require(value.text().utf16.count <= 100 << 10, field, "longer than 100 KiB as JSON")
    }
}

extension JSONValue {
    /// Whether this is an object of just these members, all strings.
    func hasStrings(_ names: [String]) -> Bool {
        guard let object = objectValue, object.count == names.count else { return false }
        return names.allSatisfy { object[$0]?.stringValue != nil }
    }
}

extension String {
    /// Whether the text has a digit wherever the pattern has a zero, and else the pattern's bytes.
    func fits(_ pattern: String) -> Bool {
        utf8.count == pattern.utf8.count
            && zip(utf8, pattern.utf8).allSatisfy { $1 == UInt8(ascii: "0") ? $0 &- UInt8(ascii: "0") < 10 : $0 == $1 }
    }
}
