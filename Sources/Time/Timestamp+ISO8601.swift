extension Timestamp {
    /// A moment as RFC 3339 has it: all of date and time, and an offset.
    public init?(rfc3339 text: String) {
        guard text.utf8.count <= 40, text.utf8.count >= 20 else { return nil }
        var reader = MomentReader(text)
        guard let date = reader.date(), date.isWhole, reader.skip("T"), let time = reader.time(), time.hasSeconds,
            time.second <= 60, reader.skip("z") || !reader.isAtEnd && reader.readOffset(), reader.isAtEnd
        else { return nil }
        self.init(date.day, time, offset: reader.offset)
    }

    /// A moment in the ISO 8601 forms that JavaScript reads, from a year to a moment with an offset. A date alone is midnight in
    /// UTC; so is, here, a moment without an offset.
    public init?(iso8601 text: String) {
        var reader = MomentReader(text)
        guard let date = reader.date() else { return nil }
        var time = MomentReader.Time()
        if reader.skip("T") || reader.skip(" ") {
            guard let read = reader.time(), read.second < 60, !read.endsInPoint, reader.readOffset() else { return nil }
            time = read
        }
        guard reader.isAtEnd else { return nil }
        self.init(date.day, time, offset: reader.offset)
    }

    private init(_ day: CivilDate, _ time: MomentReader.Time, offset: Int) {
        self.init(
            day, hour: time.hour, minute: time.minute, second: time.second - offset, millisecond: time.millisecond)
    }
}

/// Reads the parts of a moment off a text. Nil is said of what is no date or time.
private struct MomentReader {
    struct Time {
        var hour = 0
        var minute = 0
        var second = 0
        var millisecond = 0
        var hasSeconds = false
        /// A point without a digit behind it.
        var endsInPoint = false
    }

    private var rest: Substring.UTF8View
    /// Seconds east of Greenwich.
    private(set) var offset = 0

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    mutating func date() -> (day: CivilDate, isWhole: Bool)? {
        guard let year = number(digits: 4) else { return nil }
        var (month, day, isWhole) = (1, 1, false)
        if skip("-") {
            guard let value = number(digits: 2) else { return nil }
            month = value
            if skip("-") {
                guard let value = number(digits: 2) else { return nil }
                (day, isWhole) = (value, true)
            }
        }
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        return (CivilDate(year: year, month: month, day: day), isWhole)
    }

    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`; what is finer than a millisecond is dropped.
    mutating func time() -> Time? {
        var time = Time()
        guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), hour < 24, minute < 60 else {
            return nil
        }
        (time.hour, time.minute) = (hour, minute)
        guard skip(":") else { return time }
        guard let second = number(digits: 2) else { return nil }
        (time.second, time.hasSeconds) = (second, true)
        guard skip(".") else { return time }
        var count = 0
        while let digit = digit() {
            if count < 3 { time.millisecond = time.millisecond * 10 + digit }
            count += 1
        }
        for _ in min(count, 3)..<3 { time.millisecond *= 10 }
        time.endsInPoint = count == 0
        return time
    }

    /// `Z`, `+HH:MM`, `-HH:MM`, or nothing.
    mutating func readOffset() -> Bool {
        if isAtEnd || skip("Z") { return true }
        let sign = skip("-") ? -1 : skip("+") ? 1 : 0
        guard sign != 0, let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2), hours < 24,
            minutes < 60
        else { return false }
        offset = sign * (hours * 3600 + minutes * 60)
        return true
    }

    private mutating func number(digits count: Int) -> Int? {
        var number = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        rest.removeFirst()
        return Int(byte - UInt8(ascii: "0"))
    }
}
