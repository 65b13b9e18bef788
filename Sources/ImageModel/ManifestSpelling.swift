public import JSON

/// Brings numbers that are written as text, and text that is written as a number, into the form that they should have, as far as
/// manifests in the wild have them and the reference takes either (manifest.md, "Validation"): `v`, `version`, `image_size`,
/// and the `size` of files.
public enum ManifestSpelling {
    /// What is neither stays as it is, for the validation to judge.
    public static func usual(_ manifest: JSONObject) -> JSONObject {
        var manifest = manifest
        for key in ["v", "image_size"] { manifest[key] = manifest[key].map(number) }
        if case .number(let number)? = manifest["version"] { manifest["version"] = .string(number.text) }
        if let files = manifest["files"]?.arrayValue {
            manifest["files"] = .array(
                files.map { value in
                    guard var file = value.objectValue else { return value }
                    file["size"] = file["size"].map(number)
                    return .object(file)
                })
        }
        return manifest
    }

    /// Decimal digits as the number that they say.
    private static func number(_ value: JSONValue) -> JSONValue {
        guard let text = value.stringValue, !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
            let number = Int(text)
        else { return value }
        return .number(JSONNumber(number))
    }
}
