import JSON

/// Text from elsewhere as it may be shown on a terminal: control characters, which could move the cursor or worse, are
/// written as escapes (`\u{1B}`, `\n`).
public enum Printable {
    public static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Unprintable.contains) else { return text }
        return text.unicodeScalars.map { Unprintable.contains($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
    }
}
