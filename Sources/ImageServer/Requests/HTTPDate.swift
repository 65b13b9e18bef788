import Host
import Time

/// A moment to the second, as HTTP headers have it (RFC 9110, section 5.6.7).
struct HTTPDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    /// File systems know of dates that headers cannot say: the nearest of these years then.
    init(clamping seconds: Int) { self.seconds = max(0, min(seconds, 253_402_300_799)) }

    init?(_ text: String) {
        guard let moment = Timestamp(httpDate: text) else { return nil }
        seconds = Int(moment.milliseconds / 1000)
    }

    var description: String { Timestamp(milliseconds: Int64(seconds) * 1000).httpDate }

    static func < (one: HTTPDate, other: HTTPDate) -> Bool { one.seconds < other.seconds }
}
