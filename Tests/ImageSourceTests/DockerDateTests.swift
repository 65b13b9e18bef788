import Testing

@testable import ImageSource

@Suite struct DockerDateTests {
    static let table: [(text: String?, shown: String)] = [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.678901234Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.600Z"), ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"), ("1999-12-31T23:30:00-01:00", "2000-01-01T00:30:00.000Z"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000Z"),
        ("2023-03-01T00:30:00+01:00", "2023-02-28T23:30:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"), ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("2026-12-31T00:00:00.999999999+14:00", "2026-12-30T10:00:00.999Z"),
        ("2026-01-02T03:04:05z", "2026-01-02T03:04:05.000Z"),
        (nil, DockerDate.none), ("", DockerDate.none), ("yesterday", DockerDate.none),
        ("2026-13-02T03:04:05Z", DockerDate.none),
        ("2026-01-32T03:04:05Z", DockerDate.none), ("2026-01-02T24:04:05Z", DockerDate.none),
        ("2026-01-02T03:04:05", DockerDate.none),
        ("2026-01-02T03:04:05+1:00", DockerDate.none), ("2026-01-02 03:04:05Z", DockerDate.none),
        ("２026-01-02T03:04:05Z", DockerDate.none),
    ]

    @Test(arguments: table)
    func datesOfConfigs(text: String?, shown: String) { #expect(DockerDate.milliseconds(text) == shown) }

    @Test func everyDayComesBackAsItWas() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        for year in [1, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 2100, 9999] {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, length) in lengths.enumerated() {
                for day in 1...(month == 1 && isLeap ? 29 : length) {
                    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
                    let digits = "\(year)"
                    let date =
                        "\(String(repeating: "0", count: 4 - digits.count))\(year)-\(two(month + 1))-\(two(day))T12:34:56"
                    #expect(DockerDate.milliseconds(date + "Z") == date + ".000Z")
                }
            }
        }
    }
}
