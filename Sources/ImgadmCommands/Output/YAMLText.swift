import JSON

/// JSON as YAML 1.2 in block style. Every text that could be read as something else is quoted as in JSON, which YAML 1.2
/// includes.
enum YAMLText {
    static func text(_ value: JSONValue) -> String {
        var lines: [String] = []
        append(value, indent: 0, to: &lines, first: "")
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameter first: what stands before the first line, in the columns of the indentation.
    private static func append(_ value: JSONValue, indent: Int, to lines: inout [String], first: String) {
        let pad = String(repeating: " ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            var lead = first
            for (key, member) in members {
                append(member, under: scalar(.string(key)) + ":", indent, lead.isEmpty ? pad : lead, to: &lines)
                lead = ""
            }
        case .array(let elements) where !elements.isEmpty:
            var lead = first
            for element in elements {
                append(element, indent: indent + 2, to: &lines, first: (lead.isEmpty ? pad : lead) + "- ")
                lead = ""
            }
        default: lines.append((first.isEmpty ? pad : first) + scalar(value))
        }
    }

    private static func append(
        _ value: JSONValue, under key: String, _ indent: Int, _ lead: String, to lines: inout [String]
    ) {
        let isBlock =
            (value.objectValue.map { !$0.isEmpty } ?? false) || (value.arrayValue.map { !$0.isEmpty } ?? false)
        if isBlock {
            lines.append(lead + key)
            append(value, indent: indent + 2, to: &lines, first: "")
        } else {
            lines.append("\(lead)\(key) \(scalar(value))")
        }
    }

    private static func scalar(_ value: JSONValue) -> String {
        guard let text = value.stringValue, isPlain(text) else { return value.text() }
        return text
    }

    /// Letters first, then letters, digits and what means nothing there; and no word that is another kind of value.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), !words.contains(text.lowercased()) else { return false }
        return text.utf8.allSatisfy {
            isLetter($0) || ("0"..."9").contains(Unicode.Scalar($0)) || "._/-".utf8.contains($0)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        ("a"..."z").contains(Unicode.Scalar(byte)) || ("A"..."Z").contains(Unicode.Scalar(byte))
            || byte == UInt8(ascii: "_")
    }

    private static let words: Set = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
}
