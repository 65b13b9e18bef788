public import Failure
public import JSON

/// The rules of manifest.md ("Validation").
///
/// An extension: `zstd` is among the compressions, since `create` can write it.
public enum ManifestValidation {
    /// The fields that creating and installing need.
    public static let minimal = ["v", "uuid", "name", "version", "type", "os"]

    /// Everything that is wrong with a manifest, in the order of manifest.md, unknown fields last.
    ///
    /// - Parameters:
    ///   - manifest: the JSON of the manifest.
    ///   - required: the fields that must be there. All that are there are checked.
    public static func validate(_ manifest: JSONObject, required: [String] = minimal) -> [ManifestViolation] {
        var check = ManifestCheck(manifest)
        for rule in rules {
            guard let value = check.value(of: rule.field) else {
                if required.contains(rule.field) { check.missing(rule.field) }
                continue
            }
            rule.check(value, rule.field, &check)
        }
        check.conditions()
        for field in manifest.keys where !fields.contains(field) { check.invalid(field) }
        return check.violations
    }

    /// - Throws: `ManifestValidation` with all violations in its message.
    public static func check(_ manifest: JSONObject, required: [String] = minimal) throws(Failure) {
        let violations = validate(manifest, required: required)
        guard violations.isEmpty else {
            throw Failure(
                .manifestValidation, "invalid manifest: \(violations.map(\.description).joined(separator: ", "))",
                hint: hint(violations))
        }
    }

    /// A field that there is not was most likely meant as another one.
    private static func hint(_ violations: [ManifestViolation]) -> String? {
        let meant = violations.compactMap { violation in
            // What has a dot is a member, or an element, of a field that there is.
            fields.contains(violation.field) || violation.field.contains(".")
                ? nil
                : Suggestion.nearest(to: violation.field, among: fields.sorted()).map {
                    "\"\($0)\", not \"\(violation.field)\"?"
                }
        }
        return meant.isEmpty ? nil : "did you mean \(meant.joined(separator: " "))"
    }

    typealias Rule = @Sendable (_ value: JSONValue, _ field: String, _ check: inout ManifestCheck) -> Void

    /// One row of the table in manifest.md each, and in its order.
    private static let rules: [(field: String, check: Rule)] = [
        (
            "v",
            { value, field, check in
                check.require(
                    value.lenientInt.map { $0 >= 0 } ?? ((value.doubleValue ?? -1) >= 0), field,
                    "not a non-negative number")
            }
        ),
        ("uuid", uuid),
        ("owner", uuid),
        ("origin", uuid),
        ("name", { value, field, check in check.text(value, field, of: isNameByte, atMost: 1024) }),
        ("version", { value, field, check in check.text(value.asText, field, of: isVersionByte, atMost: 512) }),
        ("description", { value, field, check in check.text(value, field, atMost: 10 << 10) }),
        ("homepage", { value, field, check in check.url(value, field) }),
        ("eula", { value, field, check in check.url(value, field) }),
        ("disabled", flag),
        ("activated", flag),
        ("public", flag),
        ("icon", flag),
        ("generate_passwords", flag),
        ("published_at", { value, field, check in check.date(value, field) }),
        (
            "state",
            { value, field, check in check.oneOf(ImageState.allCases.map(\.rawValue), value, field, "image state") }
        ),
        ("type", { value, field, check in check.kind(ImageType.allCases.map(\.rawValue), value, field, "image type") }),
        ("os", { value, field, check in check.kind(ImageOS.allCases.map(\.rawValue), value, field, "image os") }),
        ("files", { value, field, check in check.files(value, field) }),
        ("nic_driver", string),
        ("disk_driver", string),
        ("cpu_type", string),
        (
            "image_size",
            { value, field, check in check.require((value.lenientInt ?? 0) > 0, field, "not a positive integer") }
        ),
        (
            "acl",
            { value, field, check in check.elements(value, field) { $0.stringValue.flatMap { ImageUUID($0) } != nil } }
        ),
        ("requirements", { value, field, check in check.requirements(value, field) }),
        ("users", { value, field, check in check.elements(value, field) { $0.hasStrings(["name"]) } }),
        (
            "billing_tags",
            { value, field, check in check.elements(value, field) { ($0.stringValue?.utf16.count ?? .max) <= 128 } }
        ),
        ("traits", { value, field, check in check.traits(value, field) }),
        ("tags", { value, field, check in check.tags(value, field) }),
        ("inherited_directories", { value, field, check in check.elements(value, field) { $0.stringValue != nil } }),
        ("urn", string),
        ("channels", { value, field, check in check.elements(value, field) { $0.stringValue != nil } }),
    ]

    /// All fields of a manifest; `error` has no rule.
    static let fields = Set(rules.map(\.field) + ["error"])

    private static let uuid: Rule = { value, field, check in
        check.require(value.stringValue.flatMap { ImageUUID($0) } != nil, field, "not a UUID")
    }
    private static let flag: Rule = { value, field, check in
        check.require(value.boolValue != nil || value == "true" || value == "false", field, "not a boolean")
    }
    private static let string: Rule = { value, field, check in
        check.require(value.stringValue != nil, field, "not a string")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool { isWordByte(byte) || byte == UInt8(ascii: " ") }
    private static func isVersionByte(_ byte: UInt8) -> Bool { isWordByte(byte) || byte == UInt8(ascii: "+") }

    /// A letter, a digit, or one of `. _ / -`.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "-")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true  // "-", ".", "/" and the digits stand side by side in ASCII
        default: false
        }
    }
}
