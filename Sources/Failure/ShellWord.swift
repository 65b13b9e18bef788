/// A word of a command line that is shown, to be typed or copied.
public enum ShellWord {
    /// As a POSIX shell takes it for this word and nothing else, whatever is in it: in single quotes, unless it is plain.
    public static func quoted(_ text: String) -> String {
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
        guard !isPlain || text.isEmpty || text.hasPrefix("=") else { return text }
        return "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
