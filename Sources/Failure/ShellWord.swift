/// A word of a command line that is shown, to be typed or copied.
public enum ShellWord {
    /// As a shell takes it for this word and nothing else, whatever is in it: in single quotes, unless it is plain. What has control
    /// characters is in `$'…'` (POSIX.1-2024, 2.2.4), as no terminal lets them be copied. What begins like an option can only be a path,
    /// and is one then.
    public static func quoted(_ text: String) -> String {
        guard text.utf8.first != UInt8(ascii: "-") || text == "-" else { return quoted("./\(text)") }
        guard !text.utf8.contains(where: isControl) else { return escaped(text) }
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "="):
                true
            default: false
            }
        }
        // zsh looks for a command whose name follows a = at the beginning.
        guard !isPlain || text.isEmpty || text.utf8.first == UInt8(ascii: "=") else { return text }
        // By scalars: with a combining mark behind it, a quote is no character of its own, and ends the word all the same.
        return "'\(text.unicodeScalars.map { $0 == "'" ? "'\\''" : String($0) }.joined())'"
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7f }

    private static func escaped(_ text: String) -> String {
        let characters = text.unicodeScalars.map { scalar in
            switch scalar {
            case "'", "\\": return "\\\(scalar)"
            case "\n": return "\\n"
            case "\t": return "\\t"
            case _ where scalar.isASCII && isControl(UInt8(truncatingIfNeeded: scalar.value)):
                // Three digits always: what follows may be one, too.
                let digits = String(scalar.value, radix: 8)
                return "\\\(String(repeating: "0", count: 3 - digits.count))\(digits)"
            default: return String(scalar)
            }
        }
        return "$'\(characters.joined())'"
    }
}
