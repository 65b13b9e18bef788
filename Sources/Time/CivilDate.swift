/// A day of the Gregorian calendar, reckoned backwards before 1582 as ISO 8601 has it.
struct CivilDate: Hashable {
    var year: Int
    var month: Int
    var day: Int

    /// The day so many days after 1970-01-01. Years are counted from March, so that the leap day comes last and every era of
    /// 400 years has the same 146,097 days.
    init(daysSince1970 days: Int) {
        let (era, dayOfEra) = (days + 719_468).dividedDown(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// - Parameters:
    ///   - year: from 0 to 9999.
    ///   - day: one beyond the end of its month counts on into the next.
    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Days since 1970-01-01.
    var daysSince1970: Int {
        // An era is added and taken away, so that nothing that is divided is negative.
        let marchYear = month > 2 ? year + 400 : year + 399
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468 - 146_097
    }
}

extension Int {
    /// Division that rounds down, so that moments before 1970 come out right.
    func dividedDown(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
