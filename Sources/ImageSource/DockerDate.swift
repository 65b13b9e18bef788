/// The times of configs (RFC 3339), as manifests have them.
enum DockerDate {
    /// Where a config has no time, so that the same image always has the same manifest.
    static let none = "1970-01-01T00:00:00.000Z"

    /// In UTC, with milliseconds.
    static func milliseconds(_ text: String?) -> String {
        let bytes = Array((text ?? "").utf8)
        guard bytes.count >= 20, bytes.count <= 40, "--T::".utf8.elementsEqual([4, 7, 10, 13, 16].map { bytes[$0] }),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return none }
        var rest = bytes[19...]
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            fraction = Array(rest.dropFirst().prefix(while: isDigit))
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard let offset = offset(rest) else { return none }
        let thousandths = String(decoding: (fraction + [48, 48, 48]).prefix(3), as: UTF8.self)
        let moment = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
        return text19(moment) + ".\(thousandths)Z"
    }

    /// Seconds east of Greenwich.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        if text.elementsEqual("Z".utf8) || text.elementsEqual("z".utf8) { return 0 }
        let bytes = Array(text)
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = number(bytes[1..<3]),
            let minutes = number(bytes[4..<6]), hours < 24, minutes < 60
        else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "+"): return hours * 3600 + minutes * 60
        case UInt8(ascii: "-"): return -(hours * 3600 + minutes * 60)
        default: return nil
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.allSatisfy(isDigit) ? digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Days since the first of March of the year 0; years are counted from March, so that the leap day comes last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (year, month) = month < 3 ? (year - 1, month + 9) : (year, month - 3)
        return 365 * year + (year + 400) / 4 - (year + 400) / 100 + (year + 400) / 400 + (153 * month + 2) / 5 + day
    }

    private static func text19(_ moment: Int) -> String {
        let second = ((moment % 86400) + 86400) % 86400
        let day = (moment - second) / 86400
        var year = day * 400 / 146_097 - 1
        while days(year + 1, 3, 1) <= day { year += 1 }
        var month = 3
        while month < 14, days(month > 11 ? year + 1 : year, (month + 1 - 1) % 12 + 1, 1) <= day { month += 1 }
        let start = days(month > 12 ? year + 1 : year, (month - 1) % 12 + 1, 1)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let years = "\(month > 12 ? year + 1 : year)"
        let date =
            "\(String(repeating: "0", count: max(0, 4 - years.count)))\(years)-\(two((month - 1) % 12 + 1))-\(two(day - start + 1))"
        return "\(date)T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
    }
}
