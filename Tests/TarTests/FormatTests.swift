import Tar
import TestArchives
import Testing

/// What the formats say, each by a header of its own making.
@Suite struct FormatTests {
    @Test("Zeros fill up what is behind the end mark; of anything else there, it is told")
    func ending() throws {
        struct Nothing: TarVisitor {
            func begin(_ entry: TarEntry) {}
            func content(_ bytes: RawSpan, at offset: UInt64) {}
            func end() {}
        }
        let archive = file("a", "content")
        let cases: [([UInt8], TarReader.Ending)] = [
            (archive, .unmarked), (archive + zeros(512), .marked), (archive + end, .marked),
            (archive + end + zeros(10_240), .marked), (archive + end + archive + end, .followed),
            (archive + end + zeros(5000) + [1], .followed), (archive + end + [1] + zeros(5000), .followed),
        ]
        for (bytes, ending) in cases {
            for chunk in [1, 511, 4096, bytes.count] {
                var reader = TarReader()
                var visitor = Nothing()
                for start in stride(from: 0, to: bytes.count, by: chunk) {
                    let piece = Array(bytes[start..<min(start + chunk, bytes.count)])
                    try unsafe reader.feed(piece.span.bytes, to: &visitor)
                }
                try reader.finish(to: &visitor)
                #expect(reader.ending == ending, "\(bytes.count) bytes in pieces of \(chunk)")
            }
        }
    }

    @Test("An archive without entries has no entries", arguments: [zeros(0), zeros(512), end, zeros(10_240)])
    func nothing(bytes: [UInt8]) {
        #expect(read(bytes) == Reading())
    }

    @Test("All fields of a header arrive", arguments: Header.Dialect.allCases)
    func fields(dialect: Header.Dialect) {
        let header = Header(
            "folder/a file", size: 5, mode: 0o4755, uid: 1234, gid: 0o7777777, modified: 1_700_000_000, dialect: dialect
        )
        let reading = read(entry(header, Array("hello".utf8)) + end)
        #expect(reading.error == nil && reading.entries.count == 1)
        guard let seen = reading.entries.first else { return }
        #expect(seen.name == "folder/a file" && seen.kind == .file && seen.text == "hello" && !seen.isSparse)
        #expect(seen.mode == 0o4755 && seen.uid == 1234 && seen.gid == 0o7777777)
        #expect(seen.modified == TarTime(seconds: 1_700_000_000) && seen.device == [0, 0] && seen.attributes.isEmpty)
    }

    static let kinds: [(type: Character, kind: TarEntry.Kind)] = [
        ("0", .file), ("\0", .file), ("7", .file), ("1", .hardLink), ("2", .symbolicLink), ("3", .characterDevice),
        ("4", .blockDevice), ("5", .directory), ("6", .fifo),
    ]

    @Test("Each type is the kind of entry it stands for", arguments: kinds)
    func types(type: Character, kind: TarEntry.Kind) {
        let isLink = kind == .hardLink || kind == .symbolicLink
        let header = Header("name", type: type, link: isLink ? "target" : "")
        let reading = read(header.sealed + end)
        #expect(reading.error == nil && reading.entries.map(\.kind) == [kind])
        #expect(reading.entries.first?.target == (isLink ? "target" : ""))
    }

    @Test("An entry without a type whose name ends in a slash is a folder")
    func slash() {
        let reading = read(Header("folder/", type: "\0", dialect: .v7).sealed + end)
        #expect(reading.entries.map(\.kind) == [.directory] && reading.names == ["folder/"])
    }

    @Test("A file whose name ends in a slash is a folder to some readers only", arguments: ["0", "7"] as [Character])
    func fileSlash(type: Character) {
        #expect(read(Header("folder/", type: type).sealed + end).error?.reason == .ambiguous)
    }

    @Test("Devices have their numbers")
    func devices() {
        let plain = Header("null", type: "3").with(329, octal(1, 7)).with(337, octal(3, 7))
        let large = Header("large", type: "4", dialect: .gnu).with(329, base256(259, 8)).with(
            337, base256(1 << 20 - 1, 8))
        let reading = read(plain.sealed + large.sealed + end)
        #expect(reading.entries.map(\.device) == [[1, 3], [259, 1 << 20 - 1]])
    }

    @Test("Prefix and name are one path")
    func prefix() {
        let long = String(repeating: "p", count: 155)
        let name = String(repeating: "n", count: 100)
        #expect(read(Header(name, prefix: long).sealed + end).names == [long + "/" + name])
    }

    static let times17 = "14523456701\0"

    static let gnuPrefixes: [(String, String, String)] = [
        ("Go's prefix", "a/long/prefix", "a/long/prefix/f"), ("a time", times17, "f"),
        ("two times", times17 + times17, "f"),
        ("a prefix of digits", "17", "f"), ("no ASCII", "d\u{e4}", "f"),
        ("times and more", times17 + times17 + "xyz", "f"),
        ("something behind a NUL", "\0junk", "f"), ("half a time", times17 + "junk", "14523456701/f"),
    ]

    @Test("A GNU header has two times where Go once wrote a prefix", arguments: gnuPrefixes)
    func gnuPrefix(name: String, field: String, path: String) {
        let reading = read(Header("f", dialect: .gnu).with(345, field).sealed + file("next") + end)
        #expect(reading.error == nil && reading.names == [path, "next"])
    }

    @Test("The oldest headers have neither prefix nor devices")
    func v7() {
        let header = Header("n", type: "3", dialect: .v7).with(345, "p").with(329, "0000007\0")
        let reading = read(header.sealed + end)
        #expect(reading.names == ["n"] && reading.entries.map(\.device) == [[0, 0]])
    }

    @Test("A size of what is no file means nothing", arguments: ["1", "2", "3", "4", "5", "6"] as [Character])
    func sizeOfNothing(type: Character) {
        for dialect in Header.Dialect.allCases {
            let isLink = type == "1" || type == "2"
            let header = Header("x", type: type, size: 700, link: isLink ? "a" : "", dialect: dialect)
            let reading = read(file("a", "1") + header.sealed + file("next", "2") + end)
            #expect(reading.error == nil && reading.names == ["a", "x", "next"])
            #expect(reading.entries.map(\.size) == [1, 0, 1])
        }
    }

    @Test("A path is kept as it stands", arguments: ["./a", "../a", "/a", "a//b", "a/./b", ".", "/", "\u{1}\n"])
    func paths(path: String) {
        #expect(read(Header(path, type: "5").sealed + end).names == [path])
    }

    @Test("A path may have any bytes but NUL")
    func bytes() {
        let path = (1...99).map { UInt8($0 + 128) }
        #expect(read(Header("").with(0, path).sealed + end).entries.map(\.path) == [path])
    }

    static let numbers: [(String, [UInt8], UInt32)] = [
        ("zeros before", Array("0000017\0".utf8), 15), ("blanks before", Array("     17\0".utf8), 15),
        ("ended by a blank", Array("000017 \0".utf8), 15), ("ended by nothing", Array("00000017".utf8), 15),
        ("nothing behind", Array("17\0\0\0\0\0\0".utf8), 15), ("blanks behind", Array("17      ".utf8), 15),
        ("empty", zeros(8), 0), ("blank", Array("       \0".utf8), 0),
        ("anything behind a NUL", Array("17\0xyz78".utf8), 15), ("digits behind a NUL", Array("0017\0 17".utf8), 15),
        ("nobody", base256(Int64(UInt32.max), 8), .max), ("nobody, in another way", base256(-1, 8), .max),
        ("base 256", base256(15, 8), 15), ("base 256, large", base256(Int64(UInt32.max) - 1, 8), .max - 1),
    ]

    @Test("Numbers are read however writers fill their field", arguments: numbers)
    func number(name: String, field: [UInt8], value: UInt32) {
        let reading = read(Header("file").with(108, field).with(116, field).sealed + end)
        #expect(reading.error == nil && reading.entries.map(\.uid) == [value] && reading.entries.map(\.gid) == [value])
    }

    static let times: [(String, [UInt8], Int64)] = [
        ("octal", Array(octal(0o77777777777, 11).utf8), 0o77777777777),
        ("12 digits", Array("100000000000".utf8), 1 << 33), ("base 256", base256(1 << 40, 12), 1 << 40),
        ("over 64 bits", [0x80, 0, 0, 1] + zeros(8), .max), ("under 64 bits", [0xff, 0xff, 0xff, 0] + zeros(8), .min),
        ("before 1970", base256(-1, 12), -1), ("long before 1970", base256(-(1 << 40), 12), -(1 << 40)),
    ]

    @Test("Times before 1970 and far off are read", arguments: times)
    func time(name: String, field: [UInt8], seconds: Int64) {
        let reading = read(Header("file").with(136, field).sealed + end)
        #expect(reading.entries.map(\.modified) == [TarTime(seconds: seconds)])
    }

    @Test("The bits of the file's type are no part of its mode")
    func mode() {
        #expect(read(Header("file", mode: 0o100755).sealed + end).entries.map(\.mode) == [0o755])
    }

    @Test("A checksum may be the sum of signed bytes, as old writers made it")
    func signedChecksum() {
        let header = Header("\u{e4}\u{f6}\u{fc}")
        #expect(header.checksum(signed: true) != header.checksum(signed: false))
        let sum = octal(header.checksum(signed: true), 6) + "\u{0} "
        #expect(read(header.with(148, sum).sealed + end).names == ["äöü"])
    }

    @Test("An archive may end without zeros, with one block of them, or with many", arguments: [0, 512, 1024, 20_480])
    func ends(count: Int) {
        #expect(read(file("a", "1") + zeros(count)).names == ["a"])
    }

    @Test(
        "Files of all sizes around a block are followed by the next entry",
        arguments: [0, 1, 511, 512, 513, 1024, 5000])
    func sizes(size: Int) {
        let content = String(repeating: "x", count: size)
        let reading = read(file("a", content) + file("b", "after") + end)
        #expect(reading.error == nil && reading.entries.map(\.text) == [content, "after"])
    }
}
