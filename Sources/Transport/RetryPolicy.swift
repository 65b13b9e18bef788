/// When a request is tried again, and after how long.
struct RetryPolicy: Sendable {
    /// How many tries there are without any progress.
    var attempts = 6
    var longestRetryAfter: Duration
    private let firstPause: Duration

    init(_ settings: TransportSettings) {
        longestRetryAfter = settings.longestRetryAfter
        firstPause = settings.firstPause
    }

    /// The pause before try number `attempt` + 1: what the server asks for, else one that is doubled each time up to 10 s, with
    /// a random part so that many clients do not come back together.
    func pause(after attempt: Int, retryAfter: Duration?) -> Duration {
        if let retryAfter { return retryAfter }
        let base = min(.seconds(10), firstPause * (1 << min(max(attempt - 1, 0), 10)))
        return base * Double.random(in: 0.75...1.25)
    }

    /// A status that may be another one a moment later.
    static func isPassing(status: Int) -> Bool {
        [408, 429, 500, 502, 503, 504].contains(status)
    }
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
enum RetryAfter {
    static func read(_ headers: HTTPHeaderList, nowSeconds: Int64) -> Duration? {
        guard let text = headers["retry-after"] else { return nil }
        if let seconds = HTTPNumber.read(text), seconds < 1 << 40 { return .seconds(seconds) }
        guard let moment = HTTPDate.seconds(text) else { return nil }
        return .seconds(max(0, moment - nowSeconds))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, the only form that may be sent).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970.
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])),
            let day = Int64(words[1]), let year = Int64(words[3]), (1970...9999).contains(year), (1...31).contains(day)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else {
            return nil
        }
        return days(year: year, month: Int64(month) + 1, day: day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// Days since 1970 of a Gregorian date; years are counted from March so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let yearOfEra = year % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2026-01-31`, in UTC, of seconds since 1970.
    static func day(_ seconds: Int64) -> String {
        // Years up to 9999, so that nothing overflows.
        let day = min(max(seconds, 0), 253_402_300_799) / 86400
        var year: Int64 = 1970 + day / 366
        while days(year: year + 1, month: 1, day: 1) <= day { year += 1 }
        var month: Int64 = 1
        while month < 12, days(year: year, month: month + 1, day: 1) <= day { month += 1 }
        let dayOfMonth = day - days(year: year, month: month, day: 1) + 1
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(dayOfMonth < 10 ? "0" : "")\(dayOfMonth)"
    }
}
