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
        for row in ManifestField.table {
            guard let value = check.value(of: row.name) else {
                if required.contains(row.name) { check.missing(row.name) }
                continue
            }
            row.rule(value, row.name, &check)
        }
        check.conditions()
        for field in manifest.keys where !ManifestField.names.contains(field) { check.invalid(field) }
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

    /// Of a manifest that somebody gives for a file that is here: who states a digest believes that it is checked.
    ///
    /// - Throws: `ManifestValidation` for one that is none, or of an algorithm that is not known here.
    public static func checkDigest(_ manifest: Manifest) throws(Failure) {
        guard let stated = manifest.unusableDigest else { return }
        throw Failure(
            .manifestValidation, "invalid manifest: \(stated.field) (\(stated.value) is not a digest)",
            hint:
                "a digest is sha256: and 64 hexadecimal digits, or sha512: and 128; without the field, it is not checked"
        )
    }

    /// A field that there is not was most likely meant as another one.
    private static func hint(_ violations: [ManifestViolation]) -> String? {
        let meant = violations.compactMap { violation in
            // What has a dot is a member, or an element, of a field that there is.
            ManifestField.names.contains(violation.field) || violation.field.contains(".")
                ? nil
                : Suggestion.nearest(to: violation.field, among: ManifestField.names.sorted()).map {
                    "\"\($0)\", not \"\(violation.field)\"?"
                }
        }
        return meant.isEmpty ? nil : "did you mean \(meant.joined(separator: " "))"
    }
}
