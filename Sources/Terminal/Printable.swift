/// Text from elsewhere as it may be shown on a terminal: control characters, which could move the cursor or worse, are
/// written as escapes (`\u{1B}`, `\n`).
public enum Printable {
    public static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { isControl($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
    }

    /// C0 and C1 control characters, those that end a line, and those that turn the direction of text round.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
