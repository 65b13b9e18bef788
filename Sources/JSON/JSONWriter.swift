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
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                beginMember(&isFirst, depth: depth + 1, &bytes)
                write(element, depth: depth + 1, to: &bytes)
            }
            if !elements.isEmpty { newLine(depth: depth, &bytes) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, value) in object {
                beginMember(&isFirst, depth: depth + 1, &bytes)
                Self.write(key, to: &bytes)
                writeColon(&bytes)
                write(value, depth: depth + 1, to: &bytes)
            }
            if !object.isEmpty { newLine(depth: depth, &bytes) }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private func beginMember(_ isFirst: inout Bool, depth: Int, _ bytes: inout [UInt8]) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        newLine(depth: depth, &bytes)
    }

    /// In the indented style, the line that a member, an element or a closing bracket stands on.
    func newLine(depth: Int, _ bytes: inout [UInt8]) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
    }

    /// What stands between a key and its value.
    func writeColon(_ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: ":"))
        if indent != nil { bytes.append(UInt8(ascii: " ")) }
    }

    /// A string with quotes and escapes.
    static func write(_ text: String, to bytes: inout [UInt8]) {
        let utf8 = text.utf8.span
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        var position = utf8.endOfPlainText(from: 0)
        while position < utf8.count {
            let byte = utf8[position]
            defer { position = utf8.endOfPlainText(from: position + 1) }
            guard byte < 0x80 else { continue }
            bytes.append(utf8.extracting(start..<position))
            if byte < 0x20 {
                bytes.append(contentsOf: escape(byte).utf8)
            } else {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            }
            start = position + 1
        }
        bytes.append(utf8.extracting(start..<utf8.count))
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
