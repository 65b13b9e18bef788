extension JSONSlice {
    /// The value as JSON text, laid out anew without building a tree; otherwise as ``JSONValue/text(_:)``,
    /// but a key that an object names twice is written twice.
    public func text(_ style: JSONStyle = .compact) -> String {
        var bytes: [UInt8] = []
        write(to: &bytes, style: style)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the value as JSON text (UTF-8).
    /// - Parameter depth: how deep in an indented text it stands.
    public func write(to bytes: inout [UInt8], style: JSONStyle = .compact, depth: Int = 0) {
        var reader = reader
        JSONWriter(style: style).write(text.bytes, text.containers, &reader, depth: depth, to: &bytes)
    }
}

extension JSONWriter {
    /// Appends the value at the reader, which steps over it.
    func write(
        _ text: [UInt8], _ containers: [JSONContainer], _ reader: inout JSONReader, depth: Int, to bytes: inout [UInt8]
    ) {
        switch text[reader.position] {
        case UInt8(ascii: "\""): writeString(text, &reader, to: &bytes)
        case UInt8(ascii: "["):
            writeMembers("[", "]", text, containers, &reader, depth: depth, to: &bytes) { _, _ in }
        case UInt8(ascii: "{"):
            writeMembers("{", "}", text, containers, &reader, depth: depth, to: &bytes) { reader, bytes in
                writeString(text, &reader, to: &bytes)
                reader.skipColon(text.span)
                writeColon(&bytes)
            }
        default:
            let start = reader.position
            reader.skipValue(text.span, containers.span)
            bytes.append(text.span.extracting(start..<reader.position))
        }
    }

    private func writeMembers(
        _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ text: [UInt8], _ containers: [JSONContainer],
        _ reader: inout JSONReader, depth: Int, to bytes: inout [UInt8], key: (inout JSONReader, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: opening))
        guard reader.enter(text.span) else { return bytes.append(UInt8(ascii: closing)) }
        while true {
            newLine(depth: depth + 1, &bytes)
            key(&reader, &bytes)
            write(text, containers, &reader, depth: depth + 1, to: &bytes)
            guard reader.advance(text.span) else { break }
            bytes.append(UInt8(ascii: ","))
        }
        newLine(depth: depth, &bytes)
        bytes.append(UInt8(ascii: closing))
    }

    /// A string without escapes is copied; another is spelled anew.
    private func writeString(_ text: [UInt8], _ reader: inout JSONReader, to bytes: inout [UInt8]) {
        var again = reader
        if reader.skipString(text.span) {
            Self.write(again.string(text.span), to: &bytes)
        } else {
            bytes.append(text.span.extracting(again.position..<reader.position))
        }
    }
}
