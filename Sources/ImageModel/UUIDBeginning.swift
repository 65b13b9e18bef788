/// The first digits of a UUID, as people type them, or paste them out of a table that was cut to its terminal.
public struct UUIDBeginning: Sendable, Hashable, CustomStringConvertible {
    /// In lower case, with the dashes that were typed.
    public let digits: String
    /// What tables put behind a text that they cut stands behind it: it can be nothing else, then.
    public let isCut: Bool

    /// So many digits name an image of a source, and as many are seen on the narrowest terminal. Fewer are words.
    public static let least = 8

    /// How a table says that a text goes on; on a terminal of ASCII, the latter.
    private static let ellipses = ["\u{2026}", "..."]

    /// - Parameter least: so many characters or more.
    public init?(typed text: String, atLeast least: Int) {
        let ellipsis = Self.ellipses.first(where: text.hasSuffix)
        let digits = (ellipsis.map { text.dropLast($0.count) } ?? text[...]).lowercased()
        guard digits.utf8.count >= least, digits.utf8.allSatisfy({ "0123456789abcdef-".utf8.contains($0) }) else {
            return nil
        }
        self.digits = digits
        isCut = ellipsis != nil
    }

    public func fits(_ uuid: ImageUUID) -> Bool { uuid.description.hasPrefix(digits) }

    public var description: String { digits }
}
