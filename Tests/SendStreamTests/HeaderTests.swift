import SendStream
import Testing

/// The first record of a stream.
@Suite struct HeaderTests {
    @Test("What a header says is read in both byte orders", arguments: [true, false])
    func fields(isLittleEndian: Bool) throws {
        let bytes = Begin(
            version: 1 | 1 << 18 | 1 << 24, created: 1_700_000_000, kind: 3, flags: 5, guid: 0xfedc_ba98_7654_3210,
            origin: 17, name: Array("pool/vol@final".utf8), payloadLength: 24
        ).bytes(isLittleEndian: isLittleEndian)
        let header = try #require(try start(bytes).header)
        #expect(header.kind == .volume && !header.isCompound)
        #expect(header.features == [.embeddedData, .compressed])
        #expect(header.flags == [.clone, .freeRecords])
        #expect(header.created == 1_700_000_000)
        #expect(header.guid == 0xfedc_ba98_7654_3210)
        #expect(header.originGUID == 17)
        #expect(header.name == Array("pool/vol@final".utf8))
        #expect(header.payloadLength == 24)
        #expect(header.isLittleEndian == isLittleEndian)
    }

    static let kindNumbers: [(UInt32, StreamHeader.Kind)] = [
        (2, .fileSystem), (3, .volume), (0, .other(0)), (9, .other(9)),
    ]

    @Test("Kinds, and no origin", arguments: kindNumbers)
    func kinds(kind: UInt32, expected: StreamHeader.Kind) throws {
        let header = try #require(try start(Begin(kind: kind).bytes()).header)
        #expect(header.kind == expected && header.originGUID == nil)
    }

    @Test("A header of several streams is told from one of one")
    func compound() throws {
        #expect(try start(Begin(version: 2).bytes()).header?.isCompound == true)
    }

    @Test("A prefix of a header needs the rest, whatever follows it is not looked at", arguments: [true, false])
    func prefixes(isLittleEndian: Bool) throws {
        let bytes = Begin().bytes(isLittleEndian: isLittleEndian)
        for count in 0..<bytes.count {
            #expect(try start(Array(bytes.prefix(count))) == .needsMore(bytes.count - count))
        }
        #expect(try start(bytes) == start(bytes + [1, 2, 3]))
        #expect(try start(bytes).header != nil)
    }

    @Test("A header that is cut is told as that as soon as its magic number is there", arguments: [true, false])
    func cutHeaders(isLittleEndian: Bool) throws {
        let bytes = Begin().bytes(isLittleEndian: isLittleEndian)
        func whole(_ count: Int) throws -> StreamHeader? {
            try unsafe StreamHeader.read(whole: Array(bytes.prefix(count)).span.bytes)
        }
        for count in 0..<16 { #expect(try whole(count) == nil) }
        for count in 16..<bytes.count {
            #expect { try whole(count) } throws: { ($0 as? StreamError)?.reason == .truncated }
        }
        #expect(try whole(bytes.count) != nil)
        var other = Array(bytes.prefix(200))
        other[8] ^= 0x40
        #expect(try unsafe StreamHeader.read(whole: other.span.bytes) == nil)
    }

    @Test("What is no stream is told so by its first byte that differs")
    func foreign() throws {
        let bytes = Begin().bytes()
        for place in Array(0..<4) + Array(8..<16) {
            var other = bytes
            other[place] ^= 0x40
            #expect(try start(other) == .notAStream)
            #expect(try start(Array(other.prefix(place + 1))) == .notAStream)
            #expect(try start(Array(other.prefix(place))) != .notAStream)
        }
        #expect(try start(Array("QFI\u{fb}".utf8)) == .notAStream)
        #expect(try start([UInt8](repeating: 0, count: 4096)) == .notAStream)
    }

    @Test(
        "A malformed header is refused",
        arguments: [
            Begin(version: 0), Begin(version: 3), Begin(name: [UInt8](repeating: 0x61, count: 256)),
        ])
    func malformed(begin: Begin) {
        #expect { try start(begin.bytes()) } throws: { ($0 as? StreamError)?.reason == .badRecord }
    }

    @Test("The longest name is read, and bytes that are no text")
    func names() throws {
        for name in [[UInt8](repeating: 0x61, count: 255), [0xff, 0x1b, 0x0a], []] {
            #expect(try start(Begin(name: name).bytes()).header?.name == name)
        }
    }

    @Test("Every feature has a word, an unknown one its bit")
    func features() {
        #expect(StreamFeatures(rawValue: 1 << 24 | 1).names == ["dedup", "raw"])
        #expect(StreamFeatures(rawValue: 1 << 18 | 1 << 55).names == ["bit 18", "bit 55"])
        #expect(StreamFeatures(rawValue: 1 << 18 | 1 << 19).unknown.rawValue == 1 << 18)
        let known = (0..<64).filter { StreamFeatures(rawValue: 1 << $0).unknown.isEmpty }
        #expect(known == [0, 1, 2, 16, 17] + Array(19...29))
        #expect(Set(StreamFeatures(rawValue: .max).names).count == 64)
    }

    @Test("No bytes make it trap")
    func noise() {
        var state: UInt64 = 1
        for _ in 0..<2000 {
            var bytes = Begin().bytes(isLittleEndian: state & 1 == 0)
            for _ in 0..<8 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 40)
            }
            // Refused or read: either is well.
            _ = try? start(bytes)
        }
    }
}

private func start(_ bytes: [UInt8]) throws -> StreamHeader.Start { try unsafe StreamHeader.read(bytes.span.bytes) }

extension StreamHeader.Start {
    fileprivate var header: StreamHeader? {
        guard case .header(let header) = self else { return nil }
        return header
    }
}
