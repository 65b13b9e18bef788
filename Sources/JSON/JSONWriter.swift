/// Lays out values as text, from a tree or straight from a checked text.
struct JSONWriter {
    private let indent: Int?

    init(style: JSONStyle) { indent = style.indent }

    /// Appends a value that stands `depth` levels deep.
    func write(_ value: JSONValue, depth: Int, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let number): bytes.append(contentsOf: number.text.utf8)
        case .string(let text): Self.write(text, to: &bytes)
        case .array(let elements):
            guard !elements.isEmpty else { return bytes.append(contentsOf: "[]".utf8) }
            var separator = UInt8(ascii: "[")
            for element in elements {
                begin(separator, depth: depth + 1, &bytes)
                separator = UInt8(ascii: ",")
                write(element, depth: depth + 1, to: &bytes)
            }
            begin(nil, depth: depth, &bytes)
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            guard !object.isEmpty else { return bytes.append(contentsOf: "{}".utf8) }
            var separator = UInt8(ascii: "{")
            for (key, value) in object {
                begin(separator, depth: depth + 1, &bytes)
                separator = UInt8(ascii: ",")
                Self.write(key, to: &bytes)
                writeColon(&bytes)
                write(value, depth: depth + 1, to: &bytes)
            }
            begin(nil, depth: depth, &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// A separator, and the new line that a member, element or closing bracket stands on.
    private func begin(_ separator: UInt8?, depth: Int, _ bytes: inout [UInt8]) {
        if let separator { bytes.append(separator) }
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
    }

    private func writeColon(_ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: ":"))
        if indent != nil { bytes.append(UInt8(ascii: " ")) }
    }

    /// A string with quotes and escapes.
    static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0..<0x20: bytes.append(contentsOf: escape(byte).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The escape of a control character.
    private static func escape(_ control: UInt8) -> String {
        switch control {
        case 0x08: "\\b"
        case 0x09: "\\t"
        case 0x0A: "\\n"
        case 0x0C: "\\f"
        case 0x0D: "\\r"
        default: (control < 16 ? "\\u000" : "\\u00") + String(control, radix: 16)
        }
    }
}
