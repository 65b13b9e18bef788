/// The identity of an image: a UUID in its lower-case form, the only one that image servers and
/// datasets use.
public struct ImageUUID: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A random UUID (RFC 9562 version 4).
    public init() {
        self.init(
            high: .random(in: .min ... .max) & ~0xF000 | 0x4000,
            low: .random(in: .min ... .max) & ~(0b11 << 62) | 0b10 << 62)
    }

    /// A UUID made of a hash (RFC 9562 version 8): of the first 32 of its digits, all but those that tell version and variant.
    /// Nil of fewer digits.
    init?(hash: String) {
        let digits = Array(hash.prefix(32))
        guard digits.count == 32, digits.allSatisfy(\.isHexDigit),
            let high = UInt64(String(digits[..<16]), radix: 16), let low = UInt64(String(digits[16...]), radix: 16)
        else { return nil }
        self.init(high: high & ~0xF000 | 0x8000, low: low & ~(0b11 << 62) | 0b10 << 62)
    }

    /// Nil unless the text is 8-4-4-4-12 lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        var digits = (high: UInt64(0), low: UInt64(0))
        var count = 0
        for byte in text.utf8 {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "-"):
                guard Self.dashes.contains(count) else { return nil }
                count += 1
                continue
            default: return nil
            }
            guard count < Self.length, !Self.dashes.contains(count) else { return nil }
            if count < 18 {
                digits.high = digits.high << 4 | UInt64(digit)
            } else {
                digits.low = digits.low << 4 | UInt64(digit)
            }
            count += 1
        }
        guard count == Self.length else { return nil }
        self.init(high: digits.high, low: digits.low)
    }

    /// As people paste it: in upper case, or with blanks around it. Nil for what is no UUID even so.
    ///
    /// For what is typed alone: in manifests, answers and names of datasets there is one spelling.
    public init?(typed text: String) {
        var bytes = Array(text.utf8)
        while let last = bytes.last, Self.isBlank(last) { bytes.removeLast() }
        let word = bytes.drop(while: Self.isBlank)
        guard word.count == Self.length else { return nil }
        self.init(String(decoding: word, as: UTF8.self).lowercased())
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The owner of images that belong to nobody in particular.
    public static let zero = ImageUUID(high: 0, low: 0)

    private static let length = 36
    private static let dashes = [8, 13, 18, 23]

    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(Self.length)
        for place in 0..<32 {
            if place == 8 || place == 12 || place == 16 || place == 20 { text.append(UInt8(ascii: "-")) }
            let word = place < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: word >> UInt64((15 - place % 16) * 4) & 0xF)
            text.append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
        }
        return String(decoding: text, as: UTF8.self)
    }

    public static func < (one: ImageUUID, other: ImageUUID) -> Bool {
        (one.high, one.low) < (other.high, other.low)
    }
}
