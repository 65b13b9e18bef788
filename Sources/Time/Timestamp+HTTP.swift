/// The dates of HTTP headers (RFC 9110 §5.6.7).
extension Timestamp {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// To the second: `Sun, 06 Nov 1994 08:49:37 GMT`.
    public var httpDate: String {
        // 1994-11-06T08:49:37.000Z
        let parts = description.split { "-T.".contains($0) }
        let day = Int(milliseconds).dividedDown(by: 86_400_000).quotient
        let month = Timestamp.months[((Int(parts[1]) ?? 1) - 1) % 12]
        let weekday = Timestamp.days[day.dividedDown(by: 7).remainder]
        return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }

    /// The form that HTTP/1.1 writes. The two obsolete forms are not read: such a header counts as absent.
    public init?(httpDate text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT", words[0].count == 4, words[0].hasSuffix(","),
            let day = Timestamp.number(words[1], digits: 2), (1...31).contains(day),
            let month = Timestamp.months.firstIndex(of: String(words[2])),
            let year = Timestamp.number(words[3], digits: 4)
        else { return nil }
        let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = Timestamp.number(time[0], digits: 2),
            let minute = Timestamp.number(time[1], digits: 2), let second = Timestamp.number(time[2], digits: 2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        self.init(CivilDate(year: year, month: month + 1, day: day), hour: hour, minute: minute, second: second)
    }

    private static func number(_ text: Substring, digits: Int) -> Int? {
        text.utf8.count == digits && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } ? Int(text) : nil
    }
}
