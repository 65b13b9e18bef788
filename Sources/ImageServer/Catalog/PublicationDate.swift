/// A moment of publication in the form in which moments compare as text: ISO 8601 in UTC, always with
/// milliseconds. An image without one comes before all others (imgapi.md, section 11).
struct PublicationDate: Sendable, Hashable, Comparable {
    let text: String

    /// The `published_at` of a manifest. Servers write it with or without milliseconds.
    init(publishedAt: String?) {
        let text = publishedAt ?? ""
        // 2024-01-02T03:04:05Z
        self.text = text.utf8.count == 20 && text.hasSuffix("Z") ? text.dropLast() + ".000Z" : text
    }

    static func < (one: PublicationDate, other: PublicationDate) -> Bool { one.text < other.text }
}

extension PublicationDate {
    /// A date that a `marker` names: the ISO 8601 forms that JavaScript reads, from a year to a moment with
    /// an offset. A date alone is midnight in UTC; so is, here, a moment without an offset.
    init?(marker: String) {
        guard let (date, millisecond) = PublicationDate.moment(marker) else { return nil }
        text = date.iso8601(millisecond: millisecond)
    }

    /// The moment that such a date means.
    static func moment(_ marker: String) -> (date: HTTPDate, millisecond: Int)? {
        var reader = DigitReader(marker)
        guard let year = reader.number(digits: 4) else { return nil }
        var month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0, offset = 0
        if reader.skip("-") {
            guard let value = reader.number(digits: 2) else { return nil }
            month = value
            if reader.skip("-") {
                guard let value = reader.number(digits: 2) else { return nil }
                day = value
            }
        }
        if reader.skip("T") || reader.skip(" ") {
            guard let hours = reader.number(digits: 2), reader.skip(":"), let minutes = reader.number(digits: 2) else {
                return nil
            }
            (hour, minute) = (hours, minutes)
            if reader.skip(":") {
                guard let seconds = reader.number(digits: 2) else { return nil }
                second = seconds
                if reader.skip(".") {
                    guard let value = reader.milliseconds() else { return nil }
                    millisecond = value
                }
            }
            guard let value = reader.offset() else { return nil }
            offset = value
        }
        guard reader.isAtEnd, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let moment =
            HTTPDate(year: year, month: month, day: day, hour: hour, minute: minute, second: second).seconds - offset
        return (HTTPDate(seconds: moment), millisecond)
    }
}

/// Reads the parts of a date off a text.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(digits count: Int) -> Int? {
        var number = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// A fraction of a second; what is finer than a millisecond is dropped.
    mutating func milliseconds() -> Int? {
        guard let tenths = digit() else { return nil }
        var number = tenths
        for _ in 0..<2 { number = number * 10 + (digit() ?? 0) }
        while digit() != nil {}
        return number
    }

    /// Seconds east of Greenwich: `Z`, `+HH:MM`, `-HH:MM`, or nothing.
    mutating func offset() -> Int? {
        if isAtEnd || skip("Z") { return 0 }
        let sign = skip("-") ? -1 : skip("+") ? 1 : 0
        guard sign != 0, let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        rest.removeFirst()
        return Int(byte - UInt8(ascii: "0"))
    }
}
