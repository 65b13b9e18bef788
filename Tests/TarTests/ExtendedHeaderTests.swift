import Tar
import TestArchives
import Testing

/// pax's extended headers and GNU's long names (POSIX.1 pax, "pax Header Block"; GNU tar manual, "Basic Tar Format").
@Suite struct ExtendedHeaderTests {
    @Test("Records take the place of the header's fields")
    func records() {
        let header = pax([
            "path": "a/long/name", "size": "3", "uid": "4294967294", "gid": "2097152", "mtime": "12.5", "atime": "1",
            "ctime": "2", "uname": "root", "gname": "wheel", "comment": "none", "VENDOR.key": "x",
            "hdrcharset": "BINARY",
        ])
        let reading = read(header + Header("short").sealed + padded(Array("abc".utf8)) + file("next") + end)
        #expect(reading.error == nil && reading.names == ["a/long/name", "next"])
        guard let seen = reading.entries.first else { return }
        #expect(seen.text == "abc" && seen.uid == .max - 1 && seen.gid == 2_097_152)
        #expect(seen.modified == TarTime(seconds: 12, nanoseconds: 500_000_000))
        #expect(reading.entries.last?.uid == 0 && reading.entries.last?.modified == TarTime(seconds: 0))
    }

    @Test(
        "A record gives a link its target",
        arguments: [("1", .hardLink), ("2", .symbolicLink)] as [(Character, TarEntry.Kind)])
    func linkPath(type: Character, kind: TarEntry.Kind) {
        let reading = read(pax(["linkpath": "far/away"]) + Header("link", type: type, link: "near").sealed + end)
        #expect(reading.entries.map(\.target) == ["far/away"] && reading.entries.map(\.kind) == [kind])
    }

    static let times: [(String, Int64, UInt32)] = [
        ("0", 0, 0), ("1.5", 1, 500_000_000), ("1.000000001", 1, 1), ("1.0000000019", 1, 1), ("1.", 1, 0),
        ("-1", -1, 0), ("-1.5", -2, 500_000_000), ("-0.25", -1, 750_000_000), ("-0.000000001", -1, 999_999_999),
        ("253402300800.123456789", 253_402_300_800, 123_456_789), ("0000000012", 12, 0),
        ("000000000000000000000000000000012", 12, 0), ("0000000000000000000000000000000", 0, 0),
        ("9223372036854775807", 1 << 60, 0), ("99999999999999999999999.5", 1 << 60, 500_000_000),
        ("-9223372036854775808", -(1 << 60), 0), ("-99999999999999999999.5", -(1 << 60) - 1, 500_000_000),
        ("1.\(String(repeating: "1", count: 100))", 1, 111_111_111),
    ]

    @Test("Times have fractions and signs", arguments: times)
    func time(text: String, seconds: Int64, nanoseconds: UInt32) {
        let reading = read(pax(["mtime": text]) + file("a") + end)
        #expect(reading.entries.map(\.modified) == [TarTime(seconds: seconds, nanoseconds: nanoseconds)])
    }

    @Test("Extended attributes keep their bytes, of name and value alike")
    func attributes() {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 10, 61, 0, 255]
        let bytes =
            record("SCHILY.xattr.security.capability", capability) + record("SCHILY.xattr.user.a=b", "c=d")
            + record("SCHILY.xattr.user.empty", "") + record("SCHILY.xattr.user.\u{301}", "accent")
        let reading = read(extended(bytes) + file("a") + file("b") + end)
        #expect(reading.error == nil && reading.names == ["a", "b"])
        guard let seen = reading.entries.first else { return }
        #expect(seen.attributes["security.capability"] == capability)
        #expect(seen.attributes["user.\u{301}"] == Array("accent".utf8))
        #expect(reading.entries.last?.attributes == [:])
    }

    @Test("The name of an attribute need not be UTF-8")
    func attributeNames() throws {
        struct Names: TarVisitor {
            var names: [[UInt8]] = []
            mutating func begin(_ entry: TarEntry) { names += entry.extendedAttributes.map(\.name) }
            mutating func content(_ bytes: RawSpan, at offset: UInt64) {}
            mutating func end() {}
        }
        let name = Array("user.".utf8) + [0xff, 0xe4]
        let rest = Array(" SCHILY.xattr.".utf8) + name + Array("=v\n".utf8)
        var reader = TarReader()
        var visitor = Names()
        let archive = extended(Array("\(rest.count + 2)".utf8) + rest) + file("a") + end
        try unsafe reader.feed(archive.span.bytes, to: &visitor)
        try reader.finish(to: &visitor)
        #expect(visitor.names == [name])
    }

    @Test("A global header says nothing of the entries behind it, a local one of the next, where it has a value")
    func globals() {
        let archive =
            file("first") + pax(["uid": "", "comment": "c"], type: "g") + entry(Header("second", uid: 2))
            + pax(["uid": "6"]) + file("third") + pax(["uid": ""]) + entry(Header("fourth", uid: 4)) + file("fifth")
        let reading = read(archive + end)
        #expect(reading.error == nil && reading.entries.map(\.uid) == [0, 2, 6, 4, 0])
    }

    @Test(
        "The size that counts is the record's, whatever the header's is",
        arguments: ["00000000000", "77777777777", "00000000003", "00000000002", "00000001000"])
    func sizes(field: String) {
        let header = Header("a").with(124, field)
        let reading = read(pax(["size": "3"]) + entry(header, Array("abc".utf8)) + file("b") + end)
        #expect(reading.error == nil && reading.entries.map(\.text) == ["abc", ""])
    }

    @Test("Of what is said twice, in one header or in two, the last counts")
    func twice() {
        let one = pax(["path": "x", "path": "to", "linkpath": "y", "linkpath": "at", "uid": "1", "uid": "2"])
        let two =
            long("L", "w") + long("L", "to") + long("K", "v") + long("K", "at") + pax(["uid": "1", "gid": "7"])
            + pax(["uid": "2"])
        for headers in [one, two] {
            let reading = read(headers + Header("n", type: "2", link: "m").sealed + file("next") + end)
            #expect(reading.error == nil && reading.names == ["to", "next"])
            #expect(reading.entries.first.map { [$0.target, "\($0.uid)", "\($0.gid)"] } == ["at", "2", "0"])
        }
    }

    @Test("Of an attribute that is stated twice the last value counts")
    func attributeTwice() {
        let twice = record("SCHILY.xattr.user.a", "1") + record("SCHILY.xattr.user.a", "2")
        #expect(read(extended(twice) + file("a") + end).entries.first?.attributes == ["user.a": Array("2".utf8)])
    }

    @Test("A long name ends at its first NUL")
    func longNameNUL() {
        #expect(read(long("L", "name\0and more") + file("x", dialect: .gnu) + end).names == ["name"])
    }

    @Test("GNU's long names and targets hold for the next entry", arguments: [[0], []] as [[UInt8]])
    func longNames(ending: [UInt8]) {
        let name = String(repeating: "n/", count: 150) + "n"
        let target = String(repeating: "t", count: 255)
        let link = Header("n/", type: "2", link: "t", dialect: .gnu).sealed
        for both in [
            long("L", name, ending: ending) + long("K", target, ending: ending),
            long("K", target, ending: ending) + long("L", name, ending: ending),
        ] {
            let reading = read(both + link + file("next", dialect: .gnu) + end)
            #expect(reading.error == nil && reading.names == [name, "next"])
            #expect(reading.entries.map(\.target) == [target, ""])
        }
    }

    @Test("Names of all lengths arrive", arguments: [1, 99, 100, 101, 255, 256, 511, 512, 513, 4000, 4096])
    func lengths(length: Int) {
        let name = String(repeating: "d/", count: length / 2) + (length % 2 == 1 ? "f" : "")
        #expect(read(long("L", name) + Header("x", type: "5", dialect: .gnu).sealed + end).names == [name])
        #expect(read(pax(["path": name]) + Header("x", type: "5").sealed + end).names == [name])
    }

    @Test("A long name makes a file a folder by its slash")
    func slash() {
        #expect(
            read(long("L", "folder/") + Header("x", type: "\0", dialect: .gnu).sealed + end).entries.map(\.kind) == [
                .directory
            ])
        #expect(
            read(pax(["path": "folder/"]) + Header("x", type: "\0").sealed + end).entries.map(\.kind) == [.directory])
    }
}
