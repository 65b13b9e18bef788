import Tar
import TestArchives
import Testing

/// Archives that are broken, or that two readers would understand differently.
@Suite struct HostileTests {
    typealias Case = (name: String, archive: [UInt8], reason: TarError.Reason)

    private static let name300 = String(repeating: "n", count: 300)

    static let headers: [Case] = [
        ("a wrong checksum", Header("a").with(148, "0000001\0").sealed, .badHeader),
        ("no checksum", Header("a").with(148, zeros(8)).sealed, .badHeader),
        ("noise", (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }, .badHeader),
        ("text", Array(String(repeating: "no archive at all\n", count: 100).utf8), .badHeader),
        ("a size with an 8", Header("a").with(124, "00000000008\0").sealed, .badHeader),
        ("a size with digits behind its end", Header("a").with(124, "0000001 001\0").sealed, .badHeader),
        ("a size with a sign", Header("a").with(124, "-0000000001\0").sealed, .badHeader),
        ("a size with a NUL before it", Header("a").with(124, "\0\u{30}0000000001").sealed, .badHeader),
        ("a tab before a size", Header("a").with(124, "\t0000000001\0").sealed, .badHeader),
        ("a negative size", Header("a").with(124, base256(-1, 12)).sealed, .badHeader),
        ("a size over 63 bits", Header("a").with(124, [0x80, 0, 0, 0, 0x80] + zeros(7)).sealed, .badHeader),
        ("a size over 64 bits", Header("a").with(124, [0x80, 0, 0, 1] + zeros(8)).sealed, .badHeader),
        ("a size over 95 bits", Header("a").with(124, [UInt8](repeating: 0xbf, count: 12)).sealed, .badHeader),
        ("a number in base 64", Header("a").with(124, "+AAAAAAAAAA\0").sealed, .badHeader),
        ("a user over 32 bits", Header("a").with(108, base256(1 << 32, 8)).sealed, .badHeader),
        ("a negative user", Header("a").with(108, base256(-2, 8)).sealed, .badHeader),
        ("a group over 32 bits", Header("a").with(116, base256(1 << 32, 8)).sealed, .badHeader),
        ("a negative group", Header("a").with(116, base256(-2, 8)).sealed, .badHeader),
        ("a mode of letters", Header("a").with(100, "rwxr-xr\0").sealed, .badHeader),
        ("a time of letters", Header("a").with(136, "yesterday\0\0\0").sealed, .badHeader),
        ("a device over 32 bits", Header("a", type: "3").with(329, base256(1 << 32, 8)).sealed, .badHeader),
        ("a major number over 12 bits", Header("a", type: "3").with(329, base256(1 << 12, 8)).sealed, .badHeader),
        ("a minor number over 20 bits", Header("a", type: "4").with(337, base256(1 << 20, 8)).sealed, .badHeader),
        ("a negative device", Header("a", type: "4").with(337, base256(-1, 8)).sealed, .badHeader),
        ("no name", Header("").sealed, .badHeader),
        ("a symbolic link to nothing", Header("a", type: "2").sealed, .badHeader),
        ("a hard link to nothing", Header("a", type: "1").sealed, .badHeader),
    ]

    static let types: [Case] =
        ["V", "M", "D", "N", "X", "Z", "A", "8", "9", "a", "\u{1}", "\u{7f}"].map {
            ("type \($0.debugDescription)", Header("a", type: $0).sealed, .unsupported)
        }

    static let contents: [Case] = [
        ("a folder by its slash with content", entry(Header("a/", size: 3), Array("abc".utf8)), .ambiguous),
        (
            "a hard link of a size with pax records",
            pax(["mtime": "1"]) + Header("a", type: "1", size: 3, link: "b").sealed, .ambiguous
        ),
        ("a link with content by a record", pax(["size": "3"]) + Header("a", type: "1", link: "b").sealed, .ambiguous),
        ("a folder with content by a record", pax(["size": "3"]) + Header("a", type: "5").sealed, .ambiguous),
    ]

    static let records: [Case] =
        [
            ("no length", "a=b\n"), ("a length of letters", "x a=b\n"), ("a length of nothing", " a=b\n"),
            ("a length of 0", "0 a=b\n"), ("a length too short", "5 a=b\n"), ("a length too long", "7 a=b\n"),
            ("a length over all", "99999999999999999999 a=b\n"),
            ("a length near 64 bits", "18446744073709551615 a=b\n"),
            ("a length near 63 bits", "9223372036854775807 a=b\n"), ("a negative length", "-6 a=b\n"),
            ("a length with a sign", "+7 a=b\n"), ("a length behind a blank", " 7 a=b\n"),
            ("a length and a tab", "6\ta=b\n"),
            ("no key", "5 =b\n"), ("no equals sign", "5 ab\n"), ("no end of line", "6 a=bc"), ("only a length", "6"),
            ("a length that ends at its blank", "2 "), ("a length without content", "3 \n"),
            ("zeros behind", "6 a=b\n\0\0"),
        ].map { ($0.0, extended(Array($0.1.utf8)) + file("a"), .badExtendedHeader) }

    static let values: [Case] =
        [
            ("a NUL in a key", "path\0x", "b"),
            ("a NUL in a path", "path", "a\0b"),
            ("a NUL in a link", "linkpath", "a\0b"),
            ("a size of letters", "size", "x1"),
            ("a negative size", "size", "-1"),
            ("a size with a fraction", "size", "1.0"),
            ("a size with a blank", "size", " 1"),
            ("a size over 63 bits", "size", "9223372036854775808"),
            ("a size over 64 bits", "size", "18446744073709551616"),
            ("a user over 32 bits", "uid", "4294967296"),
            ("a negative user", "uid", "-1"),
            ("a negative group", "gid", "-1"),
            ("a time of letters", "mtime", "now"),
            ("a time with two points", "mtime", "1.2.3"),
            ("a time that is a sign", "mtime", "-"),
            ("a time with a sign in its fraction", "mtime", "1.-5"),
            ("a time with an exponent", "mtime", "1e9"),
            ("an attribute without a name", "SCHILY.xattr.", "x"),
            ("an attribute with a NUL in its name", "SCHILY.xattr.user.a\0b", "x"),
        ].map { ($0.0, pax([$0.1: $0.2]) + file("a"), .badExtendedHeader) }

    static let ambiguous: [Case] = [
        ("a global path", pax(["path": "a"], type: "g") + file("c"), .ambiguous),
        ("a global size", pax(["size": "512"], type: "g") + file("c"), .ambiguous),
        ("a global map", pax(["GNU.sparse.map": "0,1"], type: "g") + file("c"), .ambiguous),
        ("a global user", pax(["uid": "1"], type: "g") + file("c"), .ambiguous),
        ("a global time", pax(["mtime": "1"], type: "g") + file("c"), .ambiguous),
        ("a global attribute", pax(["SCHILY.xattr.user.a": "1"], type: "g") + file("c"), .ambiguous),
        (
            "a global header behind an entry's own", pax(["path": "a"]) + pax(["comment": "c"], type: "g") + file("c"),
            .ambiguous
        ),
        ("a sparse file's name without holes", pax(["GNU.sparse.name": "a"]) + file("c"), .ambiguous),
        ("a long name and another path", long("L", "a") + pax(["path": "b"]) + file("c"), .ambiguous),
        ("a path and another long name", pax(["path": "b"]) + long("L", "a") + file("c"), .ambiguous),
        (
            "a long target and another link",
            long("K", "a") + pax(["linkpath": "b"]) + Header("c", type: "2", link: "d").sealed, .ambiguous
        ),
    ]

    /// Some readers see a prefix there, others do not.
    static let prefixes: [Case] = [
        (
            "a prefix behind half a magic", Header("a", dialect: .v7).with(257, "ustar00").with(345, "p").sealed,
            .ambiguous
        )
    ]

    @Test("Broken headers are refused", arguments: headers + types)
    func header(name: String, archive: [UInt8], reason: TarError.Reason) { expect(reason, archive) }

    @Test("What is no file has no content: where it may have, readers go on at different places", arguments: contents)
    func content(name: String, archive: [UInt8], reason: TarError.Reason) { expect(reason, archive) }

    @Test("Malformed records are refused", arguments: records + values)
    func malformed(name: String, archive: [UInt8], reason: TarError.Reason) { expect(reason, archive) }

    @Test("What can be understood in two ways is refused", arguments: ambiguous + prefixes)
    func ambiguity(name: String, archive: [UInt8], reason: TarError.Reason) { expect(reason, archive) }

    private func expect(_ reason: TarError.Reason, _ archive: [UInt8], at location: SourceLocation = #_sourceLocation) {
        // Wherever in the archive it stands.
        for (before, names) in [([], []), (file("fine", "content"), ["fine"])] as [([UInt8], [String])] {
            let reading = read(before + padded(archive) + file("next") + end, at: location)
            #expect(reading.error?.reason == reason, "\(String(describing: reading.error))", sourceLocation: location)
            #expect(reading.names == names, sourceLocation: location)
            #expect((reading.error?.offset ?? 0) >= UInt64(before.count), sourceLocation: location)
        }
    }

    @Test("A long name is not empty", arguments: ["\0", ""])
    func longName(text: String) {
        for type in ["L", "K"] as [Character] {
            let reading = read(long(type, text) + Header("c", type: "2", link: "d", dialect: .gnu).sealed + end)
            #expect([.badExtendedHeader, .ambiguous].contains(reading.error?.reason), "\(reading)")
        }
    }

    @Test("A header that describes the next entry needs one")
    func lonely() {
        for header in [pax(["path": "a"]), long("L", "a"), long("K", "a")] {
            for ending in [zeros(0), zeros(512), end] {
                let reading = read(file("a") + header + ending)
                #expect(reading.error != nil && reading.names == ["a"], "\(reading)")
            }
        }
    }

    @Test("An archive that is cut anywhere but between entries, or in the padding behind one, is truncated")
    func cut() {
        let archive =
            file("first", "content") + pax(["path": "second"]) + file("x", Self.name300) + long("L", "third")
            + file("x")
        let whole = [0, 1024, 1024 + 2048]
        for length in 0..<archive.count {
            let reading = read(Array(archive[..<length]), chunks: [500])
            if whole.contains(length) || (512 + 7..<1024).contains(length) || Self.secondPadding.contains(length) {
                #expect(reading.error == nil, "\(length) bytes")
            } else {
                #expect(reading.error?.reason == .truncated, "\(length) bytes: \(reading)")
            }
        }
    }

    /// Where the content of the second file is whole, and its padding is not.
    private static let secondPadding = 1024 + 1024 + 512 + 300..<1024 + 2048

    @Test("What stands behind the end is nothing to anybody", arguments: [0, 1, 100, 511, 512, 513, 5000])
    func garbage(zerosBefore: Int) {
        for garbage in [[1], Array("x".utf8) + zeros(511), file("late"), zeros(600) + [1]] {
            let reading = read(file("a") + end + zeros(zerosBefore) + garbage)
            #expect(reading.error == nil && reading.names == ["a"], "\(reading)")
        }
    }

    @Test("No entry may follow a single block of zeros, where some readers stop and others fail")
    func zeroBlock() {
        let reading = read(file("a") + zeros(512) + file("b") + end)
        #expect([.ambiguous, .badHeader].contains(reading.error?.reason) && reading.names == ["a"])
    }

    @Test("The largest sizes there are neither trap nor wrap", arguments: [0, 1, 510, 511, 512, 513])
    func hugeSizes(less: Int) {
        let size = Int.max - less
        let archives = [
            Header("a").with(124, base256(Int64(size), 12)).sealed, pax(["size": "\(size)"]) + Header("a").sealed,
            Header("a", type: "x").with(124, base256(Int64(size), 12)).sealed,
            Header("a", type: "L").with(124, base256(Int64(size), 12)).sealed,
            Header("a", type: "S", dialect: .gnu).with(124, base256(Int64(size), 12)).with(
                483, base256(Int64(size), 12)
            ).sealed,
        ]
        for archive in archives {
            #expect(read(archive + file("b")).error != nil)
            #expect(read(archive + file("b"), limits: TarLimits(contentBytes: 100)).error != nil)
        }
    }
}
