import Terminal
import Testing

@Suite struct TextTableTests {
    private static func lines(_ columns: [String], _ rows: [[String?]], header: Bool = true) -> [String] {
        let text = String(decoding: TextTable(columns, header: header).render(rows), as: UTF8.self)
        return text.isEmpty
            ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func columnsArePaddedToTheirWidestCell() {
        #expect(
            Self.lines(["uuid", "name", "os"], [["1", "base-64", "smartos"], ["22222", "x", "linux"]]) == [
                "UUID   NAME     OS",
                "1      base-64  smartos",
                "22222  x        linux",
            ])
    }

    @Test func aHeaderCanBeTheWidest() {
        #expect(Self.lines(["published", "n"], [["1", "2"]]) == ["PUBLISHED  N", "1          2"])
    }

    @Test func withoutAHeaderItsWidthDoesNotCount() {
        #expect(Self.lines(["published", "n"], [["1", "2"], ["33", "4"]], header: false) == ["1   2", "33  4"])
    }

    @Test(arguments: [true, false])
    func noRowsAreNothingAtAll(header: Bool) {
        #expect(TextTable(["uuid", "name"], header: header).render([]).isEmpty)
    }

    @Test func whatIsMissingIsADash() {
        #expect(Self.lines(["a", "b", "c"], [[nil, "x", nil]]) == ["A  B  C", "-  x  -"])
    }

    @Test func noLineEndsInBlanks() {
        let rows: [[String?]] = [
            ["", "", ""], ["1", "", ""], ["", "2", ""], ["a", "b", "long cell"], ["a", "b", ""],
        ]
        let lines = Self.lines(["x", "y", "z"], rows)
        #expect(lines == ["X  Y  Z", "", "1", "   2", "a  b  long cell", "a  b"])
        #expect(!lines.contains { $0.hasSuffix(" ") })
    }

    @Test func aCellStaysOnItsLine() {
        #expect(
            Self.lines(["a", "b"], [["two\nlines", "\u{1b}[31m"], ["x", "y"]]) == [
                "A           B", #"two\nlines  \u{1B}[31m"#, "x           y",
            ])
    }

    @Test func wideCharactersTakeTwoPlaces() {
        #expect(
            Self.lines(["name", "x"], [["世界", "1"], ["Grüße", "2"], ["한국어", "3"], ["🌍", "4"], ["e\u{301}", "5"]]) == [
                "NAME    X", "世界    1", "Grüße   2", "한국어  3", "🌍      4", "e\u{301}       5",
            ])
    }

    @Test func rowsOfAnotherLengthDoNoHarm() {
        #expect(Self.lines(["a", "b"], [["1"], ["2", "3", "4"], []]) == ["A  B", "1", "2  3", ""])
    }

    /// On a terminal, cells of the widest columns are cut; UUIDs are not.
    @Test func whatIsWiderThanTheTerminalIsCut() {
        let rows: [[String?]] = [
            ["0001-0001", "debian-13-genericcloud-amd64", "20250814-2204"], ["0002-0002", "web", "1.0"],
        ]
        func lines(_ columns: Int, isASCII: Bool = false) -> [String] {
            let room = TableRoom(columns: columns, isASCII: isASCII, whole: ["uuid"])
            let text = TextTable(["uuid", "name", "version"], header: true).render(rows, in: room)
            return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        #expect(lines(54) == Self.lines(["uuid", "name", "version"], rows))
        #expect(
            lines(40) == [
                "UUID       NAME            VERSION", "0001-0001  debian-13-gen…  20250814-2204",
                "0002-0002  web             1.0",
            ])
        #expect(lines(40, isASCII: true)[1] == "0001-0001  debian-13-g...  20250814-2204")
        #expect(lines(35)[1] == "0001-0001  debian-13-…  20250814-2…")
        // Columns are not made narrower than that: the line ends at the terminal's edge.
        #expect(lines(29)[1] == "0001-0001  debian-…  2025081…")
        #expect(lines(25)[1] == "0001-0001  debian-…  202…" && lines(25)[2] == "0002-0002  web       1.0")
        #expect(lines(8)[1] == "0001-00…" && lines(1)[1] == "…")
        for columns in 1...60 { #expect(lines(columns).allSatisfy { $0.count <= columns }, "\(columns)") }
    }

    /// UUIDs give way first, then what matters least, and names last.
    @Test func whatMattersLeastGivesWayFirst() {
        let columns = ["uuid", "name", "version", "os", "type", "pub"]
        let uuids = ["1c073a86-f655-84ca-bb6b-68e240054d62", "1c073a86-0000-84ca-bb6b-68e240054d62"]
        let rows: [[String?]] = [
            [uuids[0], "debian-13-genericcloud", "20250814-2204", "linux", "lx-dataset", "2026-11-26"],
            ["├ \(uuids[1])", "debian-12", "12", "linux", "zvol", "2026-11-26"],
        ]
        func lines(_ width: Int, _ rows: [[String?]], keepsAll: Bool = false) -> [String] {
            var room = TableRoom(
                columns: width, isASCII: false, whole: ["os", "type", "pub"], identities: ["uuid"],
                dispensable: ["os", "pub", "type", "version"])
            if keepsAll { room.dispensable = [] }
            let text = TextTable(columns, header: true).render(rows, in: room)
            return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        // As many digits as tell them apart.
        #expect(
            lines(90, rows)[1]
                == "1c073a86-f…    debian-13-genericcloud  20250814-2204  linux  lx-dataset  2026-11-26")
        #expect(lines(90, rows)[2].hasPrefix("├ 1c073a86-0…  debian-12 "))
        #expect(lines(75, [rows[0]])[1] == "1c073a86…  debian-13-genericcloud  20250814-2204  lx-dataset  2026-11-26")
        #expect(lines(60, [rows[0]])[1] == "1c073a86…  debian-13-genericcloud  20250814-2204  lx-dataset")
        #expect(lines(40, [rows[0]])[1] == "1c073a86…  debian-13-genericcloud")
        #expect(lines(25, [rows[0]])[1] == "1c073a86…  debian-13-gen…")
        #expect(lines(80, [rows[0]], keepsAll: true)[0].contains("OS     TYPE"))
        // Rather than that a very long name takes its columns from the others.
        let long: [[String?]] = [[uuids[0], String(repeating: "n", count: 73), "1", "linux", "docker", "2026-11-26"]]
        #expect(lines(120, long)[1].hasPrefix("\(uuids[0])  nnn") && lines(120, long)[1].hasSuffix("2026-11-26"))
        for width in 1...130 {
            #expect(lines(width, rows).allSatisfy { $0.count <= width }, "\(width)")
        }
    }

    @Test func aWideCharacterIsNotCutInTwo() {
        let room = TableRoom(columns: 10, isASCII: false, whole: [])
        let text = TextTable(["n"], header: false).render([["世界世界世界世界"]], in: room)
        #expect(String(decoding: text, as: UTF8.self) == "世界世界…\n")
    }

    @Test func noColumnsAreEmptyLines() {
        #expect(Self.lines([], [[], []], header: false) == ["", ""])
    }

    @Test func manyRowsAreOneLineEach() {
        let rows = (0..<5_000).map { [String($0), "name-\($0)"] as [String?] }
        #expect(Self.lines(["n", "name"], rows).count == 5_001)
    }
}
