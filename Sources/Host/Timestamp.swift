import CHost

/// A moment in UTC, to the millisecond.
public struct Timestamp: Sendable, Hashable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// What the wall clock says.
    public static func now() -> Timestamp { Timestamp(milliseconds: chost_wall_milliseconds()) }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ` (ISO 8601).
    public var description: String {
        let milli = milliseconds.quotientFloor(1000)
        let (days, secondOfDay) = milli.quotient.quotientFloor(86400)
        let date = Timestamp.civil(daysSince1970: days)
        func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
        func pad(_ n: Int64, _ width: Int) -> String {
            let digits = "\(n)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let time = "\(two(secondOfDay / 3600)):\(two(secondOfDay / 60 % 60)):\(two(secondOfDay % 60))"
        return "\(pad(date.year, 4))-\(two(date.month))-\(two(date.day))T\(time).\(pad(milli.remainder, 3))Z"
    }

    /// The proleptic Gregorian date of a day number. Years are counted from March, so that the leap day
    /// comes last and every era of 400 years has the same 146,097 days.
    private static func civil(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (daysSince1970 + 719_468).quotientFloor(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int64 {
    /// Division that rounds down, so that moments before 1970 come out right.
    fileprivate func quotientFloor(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
