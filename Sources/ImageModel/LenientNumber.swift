public import JSON

/// Numbers that are written as text, and text as numbers, as manifests in the wild have them: the reference takes either for
/// `v`, `version`, `image_size` and a file's `size` (manifest.md, "Validation").
extension JSONValue {
    /// A whole number, or text that is one in decimal digits.
    public var lenientInt: Int? {
        if let text = stringValue {
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
            return Int(text)
        }
        return intValue
    }

    /// Text, or a number as it is spelled.
    public var lenientText: String? {
        if case .number(let number) = self { return number.text }
        return stringValue
    }

    /// The same, a number as the text that it is spelled as.
    var asText: JSONValue { lenientText.map { .string($0) } ?? self }
}
