/// The key of a version, which begins with the day on which it was made: `20250814_05:24`, `20250814`, `20250814.1`. A greater
/// one is newer.
struct VersionKey: Sendable, Hashable, Comparable {
    let text: String
    /// `YYYY-MM-DDTHH:MM:SSZ`; midnight where the key states no time.
    let publishedAt: String

    /// Nil unless it begins with a day that there is, and is a version of manifests but for its colons.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (8...100).contains(bytes.count), bytes.allSatisfy(Self.isAllowed),
            let year = Self.number(bytes[..<4]), let month = Self.number(bytes[4..<6]),
            let day = Self.number(bytes[6..<8]),
            year >= 1970, (1...12).contains(month), (1...Self.days(year, month)).contains(day)
        else { return nil }
        self.text = text
        let digits = String(decoding: bytes[..<8], as: UTF8.self)
        let date = "\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.dropFirst(6))"
        publishedAt = "\(date)T\(Self.time(bytes[8...]) ?? "00:00"):00Z"
    }

    static func < (one: VersionKey, other: VersionKey) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || "._+-:".utf8.contains(byte)
    }

    /// `05:24` of `_05:24` or `_0524`.
    private static func time(_ rest: ArraySlice<UInt8>) -> String? {
        let digits = rest.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard rest.first == UInt8(ascii: "_"), digits.count == 4, let hour = number(digits[..<2]),
            let minute = number(digits[2...]), hour < 24, minute < 60
        else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        return "\(text.prefix(2)):\(text.suffix(2))"
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func days(_ year: Int, _ month: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
