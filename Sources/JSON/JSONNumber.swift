/// A number of a JSON text, kept as the literal it was read from, so that nothing is lost of
/// large sizes, long fractions or unusual spellings.
///
/// Equality compares the literals: `1.0` and `1` differ.
public struct JSONNumber: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The literal, in the grammar of RFC 8259 section 6.
    public let text: String

    /// A whole number.
    public init(_ value: some BinaryInteger) {
        text = String(value)
    }

    /// A floating-point number in the shortest form that reads back the same; whole numbers
    /// are written without a fraction. Nil for infinities and "not a number".
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        if value == value.rounded(.towardZero), let whole = Int(exactly: value) {
            text = String(whole)
        } else {
            text = value.description
        }
    }

    /// A literal; nil if it is not a JSON number from its first to its last character.
    public init?(_ text: String) {
        var checker = JSONChecker(limits: JSONLimits())
        let bytes = Array(text.utf8)
        guard (try? checker.checkNumber(bytes.span)) != nil, checker.position == bytes.count else { return nil }
        self.text = text
    }

    public init(integerLiteral value: Int) { self.init(value) }

    /// For text that was checked already.
    init(checked text: String) { self.text = text }

    /// The value if it is whole and fits; `1e3` and `10.0` are whole as well, as far as a
    /// `Double` holds them exactly.
    public var int: Int? {
        if let value = Int(text) { return value }
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) else { return nil }
        let value = double
        return value.magnitude <= 0x1p53 ? Int(exactly: value) : nil
    }

    /// The nearest `Double`; infinite where the number is beyond its range.
    public var double: Double { Double(text) ?? .nan }

    public var description: String { text }
}
