import CHost

/// A moment in UTC, to the millisecond.
public struct Timestamp: Sendable, Hashable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// A second of a day; one that is a minute's 61st counts on into the next.
    init(_ date: CivilDate, hour: Int, minute: Int, second: Int, millisecond: Int = 0) {
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second
        milliseconds = Int64(seconds * 1000 + millisecond)
    }

    /// Seconds since 1970-01-01T00:00:00Z; one beyond the year 9999 counts as its end.
    public init(seconds: some BinaryInteger) {
        milliseconds = min(max(Int64(clamping: seconds), 0), 253_402_300_799) * 1000
    }

    /// What the wall clock says.
    public static func now() -> Timestamp { Timestamp(milliseconds: chost_wall_milliseconds()) }

    /// `YYYY-MM-DD`, in UTC.
    public var day: String { String(description.prefix { $0 != "T" }) }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ` (ISO 8601).
    public var description: String {
        let (seconds, millisecond) = Int(milliseconds).dividedDown(by: 1000)
        let (days, second) = seconds.dividedDown(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        func pad(_ number: Int, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let time = "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T\(time).\(pad(millisecond, 3))Z"
    }
}
