/// How a value is laid out as text.
public enum JSONStyle: Sendable, Hashable {
    /// On one line, without any white space: JavaScript's `JSON.stringify(value)`.
    case compact
    /// A member or element a line, indented by that many spaces a level: JavaScript's
    /// `JSON.stringify(value, null, n)`. Empty arrays and objects stay on one line.
    case indented(Int)

    /// The spaces a level; nil for the compact style.
    var indent: Int? {
        if case .indented(let spaces) = self, spaces > 0 { spaces } else { nil }
    }
}

extension JSONValue {
    /// The value as JSON text, without a newline at its end. Strings are escaped as JavaScript does it,
    /// only where they must be; numbers are written as they were read.
    public func text(_ style: JSONStyle = .compact) -> String {
        var bytes: [UInt8] = []
        write(to: &bytes, style: style)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the value as JSON text (UTF-8).
    public func write(to bytes: inout [UInt8], style: JSONStyle = .compact) {
        JSONWriter(style: style).write(self, depth: 0, to: &bytes)
    }
}
