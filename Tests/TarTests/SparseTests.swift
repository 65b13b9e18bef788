import Tar
import TestArchives
import Testing

/// Files with holes, in the four ways GNU tar writes them (GNU tar manual, "Storing Sparse Files").
@Suite struct SparseTests {
    /// "abc" at 1000, "de" at 5000, a hole to 8192.
    private static let data = Array("abcde".utf8)
    private static let pieces = [
        Seen.Piece(offset: 1000, bytes: Array("abc".utf8)), Seen.Piece(offset: 5000, bytes: Array("de".utf8)),
    ]

    static let archives: [(String, [UInt8])] = [
        (
            "old GNU", entry(oldSparse("s", size: 5, real: 8192, [(1000, 3), (5000, 2), (8192, 0)]), data)
        ),
        (
            "0.0",
            pax([
                "GNU.sparse.size": "8192", "GNU.sparse.numblocks": "3", "GNU.sparse.offset": "1000",
                "GNU.sparse.numbytes": "3", "GNU.sparse.offset": "5000", "GNU.sparse.numbytes": "2",
                "GNU.sparse.offset": "8192", "GNU.sparse.numbytes": "0",
            ]) + entry(Header("s", size: 5), data)
        ),
        (
            "0.1",
            pax([
                "GNU.sparse.size": "8192", "GNU.sparse.numblocks": "3", "GNU.sparse.name": "s",
                "GNU.sparse.map": "1000,3,5000,2,8192,0",
            ]) + entry(Header("GNUSparseFile.1/s", size: 5), data)
        ),
        (
            "1.0",
            pax([
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "8192",
            ])
                + entry(
                    Header("GNUSparseFile.1/s", size: 517), padded(Array("3\n1000\n3\n5000\n2\n8192\n0\n".utf8)) + data)
        ),
    ]

    @Test("Only data comes, each piece where it belongs", arguments: archives)
    func data(name: String, archive: [UInt8]) {
        let reading = read(archive + file("next", "after") + end)
        #expect(reading.error == nil && reading.names == ["s", "next"])
        guard let seen = reading.entries.first else { return }
        #expect(seen.kind == .file && seen.isSparse && seen.size == 8192 && seen.content == Self.pieces)
        #expect(reading.entries.last?.text == "after" && reading.entries.last?.isSparse == false)
    }

    @Test("Old GNU's map goes on in blocks of its own", arguments: [4, 5, 21 + 4, 21 + 5, 100])
    func longMap(count: Int) {
        let regions = (0..<count).map { (1000 * $0, 1) }
        let bytes = (0..<count).map { UInt8($0 % 250 + 1) }
        let header = oldSparse("s", size: count, real: 1000 * (count - 1) + 1, regions)
        let reading = read(header + padded(bytes) + file("next") + end)
        #expect(reading.error == nil && reading.names == ["s", "next"])
        let expected = zip(regions, bytes).map { Seen.Piece(offset: UInt64($0.0), bytes: [$1]) }
        #expect(reading.entries.first?.content == expected)
    }

    @Test("A map of many lines may fill several blocks", arguments: [60, 200, 5000])
    func manyLines(count: Int) {
        let map = "\(count)\n" + (0..<count).map { "\(10 * $0)\n2\n" }.joined()
        let blocks = padded(Array(map.utf8))
        let content = (0..<(2 * count)).map { UInt8($0 % 251) }
        let header = pax([
            "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s",
            "GNU.sparse.realsize": "\(10 * count - 8)",
        ])
        let archive = header + entry(Header("x", size: blocks.count + content.count), blocks + content)
        let reading = read(archive + file("next") + end)
        #expect(reading.error == nil && reading.names == ["s", "next"])
        #expect(reading.entries.first?.content.count == count)
        #expect(reading.entries.first?.content.flatMap(\.bytes) == content)
    }

    @Test("A file may be nothing but a hole")
    func onlyHoles() {
        let old = oldSparse("old", size: 0, real: 1 << 32, [(1 << 32, 0)])
        let map = padded(Array("1\n1099511627776\n0\n".utf8))
        let new =
            pax([
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "new",
                "GNU.sparse.realsize": "1099511627776",
            ]) + entry(Header("x", size: 512), map)
        let reading = read(old + new + end)
        #expect(reading.error == nil)
        #expect(reading.names == ["old", "new"])
        #expect(reading.entries.map(\.size) == [1 << 32, 1 << 40] && reading.entries.allSatisfy { $0.content.isEmpty })
    }

    private static let versionOne: KeyValuePairs = [
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "100",
    ]

    private static func lines(_ map: String, _ content: String = "abcde") -> [UInt8] {
        let bytes = padded(Array(map.utf8)) + Array(content.utf8)
        return pax(versionOne) + entry(Header("x", size: bytes.count), bytes)
    }

    private static func list(_ map: String) -> [UInt8] {
        pax(["GNU.sparse.size": "100", "GNU.sparse.numblocks": "2", "GNU.sparse.map": map]) + file("s", "abcde")
    }

    static let badMaps: [(String, [UInt8])] = [
        ("old: regions overlap", entry(oldSparse("s", size: 5, real: 100, [(0, 3), (2, 2)]), data)),
        ("old: regions descend", entry(oldSparse("s", size: 5, real: 100, [(50, 3), (0, 2)]), data)),
        ("old: a region behind the end", entry(oldSparse("s", size: 5, real: 100, [(0, 3), (99, 2)]), data)),
        ("old: more than is stored", entry(oldSparse("s", size: 5, real: 100, [(0, 3), (50, 3)]), data)),
        ("old: less than is stored", entry(oldSparse("s", size: 5, real: 100, [(0, 3)]), data)),
        ("1.0: regions overlap", lines("2\n0\n3\n2\n2\n")), ("1.0: regions descend", lines("2\n50\n3\n0\n2\n")),
        ("1.0: a region behind the end", lines("2\n0\n3\n99\n2\n")),
        ("1.0: a sum too large", lines("2\n0\n3\n50\n3\n")),
        ("1.0: a sum too small", lines("1\n0\n3\n")),
        ("1.0: too large for any file", lines("1\n9223372036854775807\n5\n")),
        ("1.0: no number", lines("1\nzero\n5\n")), ("1.0: a negative number", lines("1\n-1\n5\n")),
        ("1.0: a blank", lines("1\n 0\n5\n")), ("1.0: an empty line", lines("1\n\n5\n")),
        ("1.0: no line", lines(String(repeating: "1", count: 300))),
        ("1.0: the map goes on into the content", lines("9\n0\n1\n")),
        ("1.0: more regions than there may be", lines("4611686018427387904\n")),
        ("1.0: no map", pax(versionOne) + file("x")),
        ("0.1: half a region", list("0,3,50")), ("0.1: regions overlap", list("0,3,2,2")),
        ("0.1: behind the end", list("0,3,99,2")), ("0.1: a sum too small", list("0,3,50,1")),
        ("0.1: no number", list("0,3,x,2")), ("0.1: an empty number", list("0,3,,2")),
        ("0.1: a comma", list("0,3,50,2,")),
        (
            "0.0: two offsets in a row",
            pax(["GNU.sparse.size": "100", "GNU.sparse.offset": "1", "GNU.sparse.offset": "2"]) + file("s", "abcde")
        ),
        (
            "0.0: half a region",
            pax(["GNU.sparse.size": "100", "GNU.sparse.offset": "1"]) + file("s", "abcde")
        ),
        (
            "0.0: another count of regions than is stated",
            pax([
                "GNU.sparse.size": "100", "GNU.sparse.numblocks": "2", "GNU.sparse.offset": "1",
                "GNU.sparse.numbytes": "5",
            ]) + file("s", "abcde")
        ),
    ]

    @Test("A map that does not fit the file is refused", arguments: badMaps)
    func badMap(name: String, archive: [UInt8]) {
        let reading = read(archive + file("next") + end)
        #expect(reading.error?.reason == .badSparseMap, "\(String(describing: reading.error))")
    }

    @Test("What readers take for different files is refused")
    func ambiguous() {
        // GNU tar leaves a file as short as its last region says.
        let short = entry(oldSparse("s", size: 5, real: 100, [(0, 5)]), Self.data)
        #expect(read(short + end).error?.reason == .ambiguous)
        #expect(read(Self.lines("1\n0\n5\n") + end).error?.reason == .ambiguous)
        // The count says that the region is unused, the offset that it is not: readers look at one or the other.
        let half = oldSparseHeader("s", size: 0, real: 100, [(0, 0)]).with(386, octal(50, 11)).with(398, zeros(12))
        let gap = oldSparseHeader("s", size: 5, real: 100, [(0, 3), (7, 0), (50, 2)]).with(410, zeros(24))
        for archive in [half.sealed, entry(gap, Self.data)] {
            let reading = read(archive + end)
            #expect([.badSparseMap, .ambiguous].contains(reading.error?.reason), "\(reading)")
        }
    }

    @Test("A map stands with a file only", arguments: ["1", "2", "5", "6"] as [Character])
    func noFile(type: Character) {
        let map = pax(["GNU.sparse.size": "100", "GNU.sparse.map": "0,0"])
        let reading = read(map + Header("x", type: type, link: "to").sealed + end)
        #expect(reading.error != nil, "\(reading)")
    }

    @Test("An archive that ends in a map is cut off")
    func truncated() {
        let old = entry(oldSparse("s", size: 30, real: 30_000, (0..<30).map { (1000 * $0, 1) }), zeros(30))
        let new = Self.lines("2\n0\n3\n50\n2\n")
        for archive in [Array(old[..<700]), Array(new[..<(new.count - 1000)])] {
            #expect(read(archive).error?.reason == .truncated)
        }
    }
}

/// A header of GNU's type `S` and the blocks its map goes on in.
func oldSparse(_ name: String, size: Int, real: Int, _ regions: [(offset: Int, count: Int)]) -> [UInt8] {
    var blocks = oldSparseHeader(name, size: size, real: real, regions).sealed
    var rest = regions.dropFirst(4)
    while !rest.isEmpty {
        var block = rest.prefix(21).flatMap { region($0) }
        rest = rest.dropFirst(21)
        block += zeros(504 - block.count) + [rest.isEmpty ? 0 : 1]
        blocks += padded(block)
    }
    return blocks
}

func oldSparseHeader(_ name: String, size: Int, real: Int, _ regions: [(offset: Int, count: Int)]) -> Header {
    Header(name, type: "S", size: size, dialect: .gnu).with(386, regions.prefix(4).flatMap { region($0) })
        .with(482, [regions.count > 4 ? 1 : 0]).with(483, octal(real, 11))
}

private func region(_ region: (offset: Int, count: Int)) -> [UInt8] {
    Array((octal(region.offset, 11) + "\u{0}" + octal(region.count, 11) + "\u{0}").utf8)
}

/// A header, sealed or with blocks behind it, and the content.
func entry(_ headers: [UInt8], _ content: [UInt8]) -> [UInt8] { headers + padded(content) }
