import Terminal
import Testing

@Suite struct ProgressLineTests {
    private static func line(_ done: Int64, name: String = "image", of total: Int64?, rate: Double = 0, width: Int = 80)
        -> String
    {
        let state = ProgressLine.State(name: name, done: done, total: total, rate: rate)
        return ProgressLine.render(state, width: width) { "\($0)B" }
    }

    @Test func halfway() {
        #expect(
            Self.line(50, of: 100, rate: 10)
                == "image [==============              ]  50% 50B/100B 10B/s 0:05")
    }

    @Test func theBarGrowsWithTheData() {
        let bars = [0, 1, 25, 50, 99, 100].map { Self.line($0, of: 100, width: 120).filter { $0 == "=" }.count }
        #expect(bars == [0, 0, 10, 20, 39, 40])
        #expect(Self.line(99, of: 100).contains(" 99% ") && Self.line(100, of: 100).contains("100% "))
    }

    @Test func anUnknownTotalHasNoBar() {
        #expect(Self.line(1234, of: nil, rate: 7) == "image  1234B  7B/s")
        #expect(Self.line(1234, of: 0, rate: 7) == "image  1234B  7B/s")
        #expect(Self.line(1234, of: -1, rate: 7) == "image  1234B  7B/s")
    }

    @Test(
        arguments: [
            (0, 1.0, "--:--"), (100, 1, "1:40"), (100, 100, "0:01"), (100, 1000, "0:01"), (59, 1, "0:59"),
            (60, 1, "1:00"),
            (3599, 1, "59:59"), (3600, 1, "1:00:00"), (359_999, 1, "99:59:59"), (360_000, 1, "--:--"),
            (100, 0, "--:--"),
            (100, -1, "--:--"), (100, .nan, "--:--"), (100, .infinity, "0:00"),
        ] as [(Int64, Double, String)])
    func timeLeft(bytes: Int64, rate: Double, text: String) {
        let line = bytes == 0 ? Self.line(0, of: 1 << 40, rate: rate) : Self.line(0, of: bytes, rate: rate)
        #expect(line.hasSuffix(" \(text)"), "\(line)")
    }

    @Test func moreThanTheTotalIsAllOfIt() {
        let line = Self.line(300, of: 100, rate: 10)
        #expect(line.contains("100%") && line.hasSuffix(" 0:00"), "\(line)")
    }

    static let names = [
        "", "i", "2b683a82-a066-11e3-97ab-2faa44701c5a",
        "a name (2b683a82-a066-11e3-97ab-2faa44701c5a) of great length indeed",
        "世界世界世界世界世界世界世界世界世界世界世界世界", "🌍 and\nmore\u{1b}[2J",
    ]

    @Test(arguments: names, [40, 41, 50, 60, 72, 80, 100, 132, 200])
    func aLineNeverFillsTheTerminal(name: String, width: Int) {
        let amounts: [(Int64, Int64?)] = [(0, nil), (5, 10), (123_456_789, 987_654_321), (.max, .max), (.max, nil)]
        for (done, total) in amounts {
            for rate in [0, 1, 123_456_789.5, 1e30] {
                let line = Self.line(done, name: name, of: total, rate: rate, width: width)
                #expect(Self.columns(line) < width, "\(line)")
                #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
            }
        }
    }

    /// Wide enough for all characters of these tests.
    private static func columns(_ text: String) -> Int {
        text.reduce(0) { $0 + ($1.isASCII ? 1 : 2) }
    }

    @Test(arguments: [Int.min, -1, 0, 1, 20, 39])
    func aTerminalTooNarrowForAnythingIsNoTrap(width: Int) {
        #expect(!Self.line(5, name: "a name", of: 10, rate: 1, width: width).isEmpty)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, .max], [Int64.min, -1, 0, 1, .max])
    func anyNumbersAreShown(done: Int64, total: Int64) {
        for rate in [-Double.infinity, -1e300, -1, 0, 1e-300, 1, 1e300, .infinity, .nan] {
            #expect(!Self.line(done, of: total, rate: rate).isEmpty)
        }
    }

    @Test func figuresGiveWayThenTheEndOfTheName() {
        let line = Self.line(50, name: "2b683a82-a066-11e3-97ab-2faa44701c5a", of: 100, rate: 10, width: 50)
        #expect(line == "2b683a82-a066-11e3-97a [=====     ]  50% 0:05")
    }

    /// From 40 columns on there is a bar, whatever the image is called.
    @Test(arguments: [40, 50, 60, 80, 120], ["", "web", "web@1.0.0", "debian-13-genericcloud-amd64@20250814-2204"])
    func thereIsABar(width: Int, name: String) {
        let state = ProgressLine.State(name: name, done: 50 << 20, total: 421 << 20, rate: 1e7)
        let line = ProgressLine.render(state, width: width) { "\($0 / 1_048_576).0 MiB" }
        let bar = line.split(separator: "[").last?.split(separator: "]").first ?? ""
        #expect(bar.count >= 10 && bar.contains("=") && line.contains(" 11%"), "\(line)")
        #expect(line.hasPrefix(String(name.prefix(12))), "\(line)")
    }

    /// What is drawn over and over has its bar at the same place.
    @Test(arguments: [40, 60, 80, 120])
    func theBarDoesNotMove(width: Int) {
        let totals: [Int64] = [5_000_000_000, 700_000]
        var places: Set<[Int]> = []
        for (share, rate) in [(0.0, 0.0), (0.01, 900), (0.3, 1_000_000), (0.99, 1e9), (1, 5e6)] {
            let states = totals.enumerated().map { number, total in
                ProgressLine.State(
                    name: number == 0 ? "debian-13@1" : "total", done: Int64(Double(total) * share), total: total,
                    rate: rate)
            }
            for line in ProgressLine.render(states, width: width, bytes: { "\($0) B" }) {
                places.insert(line.enumerated().filter { "[]".contains($0.element) }.map(\.offset))
            }
        }
        #expect(places.count == 1 && places.first?.count == 2, "\(places)")
    }
}
