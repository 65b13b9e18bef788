import Host

/// A moment to the second, as HTTP headers have it (RFC 9110, section 5.6.7).
public struct HTTPDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    /// File systems know of dates that headers cannot say: the nearest of these years then.
    init(clamping seconds: Int) { self.seconds = max(0, min(seconds, 253_402_300_799)) }

    /// A date of the Gregorian calendar, from year 0 on. A day beyond the end of its month counts on into the next.
    init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        // Years from March on, so that the leap day comes last.
        let marchYear = month > 2 ? year + 400 : year + 399
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468 - 146_097
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// The form that HTTP/1.1 writes, `Sun, 06 Nov 1994 08:49:37 GMT`. The two obsolete forms are not read:
    /// such a header counts as absent.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT", words[0].count == 4, words[0].hasSuffix(","),
            let day = Self.number(words[1], digits: 2), (1...31).contains(day),
            let month = Self.months.firstIndex(of: String(words[2])),
            let year = Self.number(words[3], digits: 4)
        else { return nil }
        let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = Self.number(time[0], digits: 2), let minute = Self.number(time[1], digits: 2),
            let second = Self.number(time[2], digits: 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    public var description: String { Timestamp(milliseconds: Int64(seconds) * 1000).httpDate }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`
    func iso8601(millisecond: Int) -> String {
        Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(millisecond)).description
    }

    public static func < (one: HTTPDate, other: HTTPDate) -> Bool { one.seconds < other.seconds }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func number(_ text: Substring, digits: Int) -> Int? {
        text.utf8.count == digits && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } ? Int(text) : nil
    }
}
