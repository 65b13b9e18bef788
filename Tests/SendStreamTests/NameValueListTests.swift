import Testing

@testable import SendStream

/// Lists of names and values, packed in both ways.
@Suite struct NameValueListTests {
    static let everything: [(UInt32, NameValueList.Value)] = [
        (1, .flag), (2, .unsigned(200)), (3, .signed(-3)), (4, .unsigned(65_535)), (5, .signed(-5)),
        (6, .unsigned(4_000_000_000)), (7, .signed(.min)), (8, .unsigned(.max)), (9, .text(Array("text".utf8))),
        (9, .text([])), (10, .bytes([1, 2, 0, 3, 4])), (11, .signeds([-1, 2])), (12, .unsigneds([1, 2, 3])),
        (13, .signeds([-1])), (14, .unsigneds([])), (15, .signeds([.min, .max])), (16, .unsigneds([.max])),
        (17, .texts([[0x61], [], [0x62, 0x63]])), (18, .signed(1)), (21, .boolean(true)), (22, .signed(-1)),
        (23, .unsigned(255)), (24, .booleans([true, false, true])), (25, .signeds([-1, 1])), (26, .unsigneds([255])),
        (27, .double(0x3ff0_0000_0000_0000)),
    ]

    static func list(_ packer: ListPacker) -> ListPacker {
        var packer = packer
        packer.list { packer in
            for (number, (type, value)) in everything.enumerated() { packer.pair("name \(number)", type, value) }
            packer.pair("inner", 19, .list(NameValueList(pairs: [.init(name: [0x61], value: .unsigned(7))])))
            packer.pair("empty", 19, .list(NameValueList()))
            packer.pair(
                "lists", 20,
                .lists([NameValueList(), NameValueList(pairs: [.init(name: [0x62], value: .unsigned(8))])]))
            packer.pair("last", 8, .unsigned(9))
        }
        return packer
    }

    static let packers = [
        ListPacker(.xdr), ListPacker(.native(isLittleEndian: true)), ListPacker(.native(isLittleEndian: false)),
    ]

    @Test("Values of all types are read in all encodings", arguments: packers)
    func values(packer: ListPacker) throws {
        let list = try unpack(Self.list(packer).bytes)
        #expect(list.pairs.count == Self.everything.count + 4)
        for (number, (_, value)) in Self.everything.enumerated() { #expect(list["name \(number)"] == value) }
        #expect(list["inner"] == .list(NameValueList(pairs: [.init(name: [0x61], value: .unsigned(7))])))
        #expect(list["empty"] == .list(NameValueList()))
        guard case .lists(let lists)? = list["lists"] else {
            Issue.record("no lists")
            return
        }
        #expect(lists.map(\.pairs.count) == [0, 1])
        #expect(list["last"] == .unsigned(9) && list["none"] == nil)
    }

    @Test("Truncated anywhere, it is refused", arguments: packers)
    func truncated(packer: ListPacker) {
        let bytes = Self.list(packer).bytes
        for count in 0..<bytes.count {
            // The zeros at the end may be told from those of a shorter end only by their count.
            #expect(throws: UnplacedStreamError.self, "\(count)") { try unpack(Array(bytes.prefix(count))) }
        }
    }

    @Test("No damage makes it trap, or take more memory than it has bytes", arguments: packers)
    func damaged(packer: ListPacker) {
        let bytes = Self.list(packer).bytes
        for place in bytes.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var damaged = bytes
                damaged[place] = value
                // Read or refused: either is well.
                _ = try? unpack(damaged)
            }
        }
    }

    @Test("Malformed lists are refused")
    func malformed() {
        let xdr: [UInt8] = [1, 1, 0, 0]
        let cases: [(String, [UInt8])] = [
            ("an encoding that is unknown", [2, 1, 0, 0] + zeros(20)),
            ("a byte order that is unknown", [0, 2, 0, 0] + zeros(20)),
            ("a version that is unknown", xdr + [0, 0, 0, 1] + zeros(12)),
            ("something behind the end", xdr + zeros(16) + [1]),
            ("a negative size", xdr + zeros(8) + [0xff, 0xff, 0xff, 0xff] + zeros(20)),
            ("no end", xdr + zeros(8)),
            ("a native pair smaller than its size", [0, 1, 0, 0] + zeros(8) + [3, 0, 0, 0] + zeros(40)),
        ]
        for (name, bytes) in cases {
            #expect(throws: UnplacedStreamError.self, "\(name)") { try unpack(bytes) }
        }
    }

    @Test("Lists in lists have a limit", arguments: packers)
    func nested(packer: ListPacker) throws {
        func nested(_ depth: Int) -> [UInt8] {
            var list = NameValueList()
            for _ in 1..<depth { list = NameValueList(pairs: [.init(name: [0x61], value: .list(list))]) }
            var packer = packer
            packer.list { packer in for pair in list.pairs { packer.pair("a", 19, pair.value) } }
            return packer.bytes
        }
        #expect(throws: Never.self) { try unpack(nested(NameValueList.mostNested)) }
        #expect(throws: UnplacedStreamError.self) { try unpack(nested(NameValueList.mostNested + 1)) }
        #expect(throws: UnplacedStreamError.self) { try unpack(nested(2000)) }
    }
}

private func unpack(_ bytes: [UInt8]) throws -> NameValueList { try unsafe NameValueList(packed: bytes.span.bytes) }
