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
        // Why it is none is of no interest: the caller asks whether it is one.
        guard (try? checker.checkNumber(bytes.span)) != nil, checker.position == bytes.count else { return nil }
        self.text = text
    }

    public init(integerLiteral value: Int) { self.init(value) }

    /// For text that was checked already.
    init(checked text: String) { self.text = text }

    /// The value if it is whole and fits an `Int`, however it is spelled: `1e3` and `10.0` are whole.
    public var int: Int? { Int(text) ?? wholeDecimal }

    /// For spellings with a fraction or an exponent: exact, where a `Double` would round.
    private var wholeDecimal: Int? {
        let parts = text.split(maxSplits: 1) { $0 == "e" || $0 == "E" }
        guard let mantissa = parts.first, let exponent = parts.count > 1 ? Int(parts[1]) : 0 else { return nil }
        let halves = mantissa.split(separator: ".", maxSplits: 1)
        let fraction = halves.count > 1 ? halves[1] : ""
        var digits = Substring(halves[0] + fraction)
        while digits.last == "0" { digits.removeLast() }
        guard digits.contains(where: { $0 != "-" && $0 != "0" }) else { return 0 }
        let trailing = halves[0].utf8.count - digits.utf8.count
        // 10 to the 19th fits no `Int`; exponents beyond that need no sum that could overflow.
        guard exponent.magnitude < 1 << 40, case let zeros = exponent + trailing, (0..<19).contains(zeros) else {
            return nil
        }
        return Int(digits + String(repeating: "0", count: zeros))
    }

    /// The nearest `Double`; infinite where the number is beyond its range.
    public var double: Double { Double(text) ?? .nan }

    public var description: String { text }
}
