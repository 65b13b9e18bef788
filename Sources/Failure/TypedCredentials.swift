/// The passwords that somebody has typed with a command in words that are no URL: `USER:PASSWORD@HOST…`, alone, as a reference, or behind
/// an option. Whatever becomes of such a word, no error and no log repeats it. (One in a URL is refused: ``URLCredentials``.)
public struct TypedCredentials: Sendable {
    /// What is looked for: with the characters around it, as a password may be a word of ours.
    private let patterns: [String]

    /// Those of this process.
    public static let ofThisProcess = TypedCredentials(CommandLine.arguments.dropFirst())

    public init(_ words: some Sequence<String>) {
        patterns = words.compactMap(TypedCredentials.pattern)
    }

    private static func pattern(_ word: String) -> String? {
        guard let at = word.lastIndex(of: "@") else { return nil }
        // A digest is what a reference has there.
        guard !["sha256:", "sha512:"].contains(where: word[word.index(after: at)...].hasPrefix) else { return nil }
        var rest = word[..<at]
        if let range = rest.firstRange(of: "://") {
            rest = rest[range.upperBound...]
        } else {
            if rest.hasPrefix("--"), let sign = rest.firstIndex(of: "=") { rest = rest[sign...].dropFirst() }
            for prefix in ["docker:", "oci:", "imgapi:"] where rest.hasPrefix(prefix) {
                rest = rest.dropFirst(prefix.count)
            }
        }
        guard let colon = rest.firstIndex(of: ":") else { return nil }
        // What has a slash before its first colon is a path, or names a registry that has a port.
        let password = rest[colon...].dropFirst()
        return rest[..<colon].contains("/") || password.isEmpty ? nil : ":\(password)@"
    }

    /// There are none, as nearly always.
    public var isEmpty: Bool { patterns.isEmpty }

    /// The text without them.
    public func hidden(in text: String) -> String {
        patterns.reduce(text) { $0.replacing($1, with: ":***@") }
    }
}
