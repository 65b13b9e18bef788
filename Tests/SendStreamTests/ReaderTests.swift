import Testing

@testable import SendStream

/// The sequence of records, and their checksums.
@Suite struct ReaderTests {
    /// A stream with a record of each type.
    static func everything(
        isLittleEndian: Bool = true, hasChecksums: Bool = true, guid: UInt64 = 5
    ) -> StreamBuilder {
        var stream = StreamBuilder(isLittleEndian: isLittleEndian, hasChecksums: hasChecksums)
        stream.begin(Begin(version: 1 | 0x7 << 2, guid: guid), payload: emptyList)
        stream.freeObjects(0, 1)
        stream.object(1, type: 19, bonusType: 44, bonus: noise(13), flags: 4)
        stream.write(1, at: 0, noise(4096))
        stream.write(1, at: 4096, noise(1024, seed: 2), length: 4096, packing: 15)
        stream.embedded(1, at: 8192, noise(50), length: 4096, unpacked: 512, packing: 15)
        stream.free(1, at: 12288, length: .max)
        stream.spill(1, noise(512))
        stream.spill(1, noise(256), length: 1024, packing: 16)
        stream.add(6) { $0.add(UInt64(1), 4096, 512, 1, 77, 78, 0) }
        stream.add(9) { $0.add(UInt64(0), 32, 1) }
        stream.add(10) { $0.add(UInt64(1), 4096, 512, 1) }
        stream.end()
        return stream
    }

    static let emptyList: [UInt8] = [1, 1, 0, 0] + zeros(4) + [0, 0, 0, 1] + zeros(8)

    static let expected: [StreamRecord] = [
        .freeObjects(first: 0, count: 1),
        .object(ObjectRecord(object: 1, type: 19, bonusType: 44, blockSize: 4096, bonusLength: 13, hasSpill: true)),
        .write(WriteRecord(object: 1, type: 19, offset: 0, length: 4096, packing: BlockPacking.none)),
        .write(WriteRecord(object: 1, type: 19, offset: 4096, length: 4096, packing: .lz4)),
        .embedded(
            EmbeddedRecord(
                object: 1, offset: 8192, length: 4096, unpackedLength: 512, packedLength: 50, packing: .lz4)),
        .free(object: 1, offset: 12288, length: nil),
        .spill(SpillRecord(object: 1, length: 512, packing: BlockPacking.none, isUnmodified: false)),
        .spill(SpillRecord(object: 1, length: 1024, packing: .zstd, isUnmodified: false)),
        .reference(object: 1, offset: 4096, length: 512, sourceGUID: 77, sourceObject: 78),
        .objectRange(first: 0, count: 32),
        .redact(object: 1, offset: 4096, length: 512),
    ]

    @Test("Every type of record is read in both byte orders, however it arrives", arguments: [true, false])
    func types(isLittleEndian: Bool) {
        let reading = read(Self.everything(isLittleEndian: isLittleEndian).bytes)
        #expect(reading.error == nil)
        #expect(reading.records == Self.expected)
        #expect(reading.payloads.map(\.count) == [0, 16, 4096, 1024, 56, 0, 512, 256, 0, 0, 0])
        #expect(reading.payloads[2] == noise(4096))
        #expect(reading.recordCount == 13 && reading.uncheckedCount == 0)
        #expect(reading.events.last == .end)
        guard case .begin(let header, let list?)? = reading.events.first else {
            Issue.record("no begin")
            return
        }
        #expect(header.guid == 5 && list.pairs.isEmpty)
    }

    @Test("Old streams, whose records have no checksums, are read; the last one's counts", arguments: [true, false])
    func unchecked(isLittleEndian: Bool) {
        let stream = Self.everything(isLittleEndian: isLittleEndian, hasChecksums: false)
        let reading = read(stream.bytes)
        #expect(reading.error == nil && reading.records == Self.expected && reading.uncheckedCount == 12)
        var damaged = stream.bytes
        damaged[stream.starts[3] + 400] ^= 1
        #expect(read(damaged, chunks: []).error?.reason == .badChecksum)
    }

    @Test("Truncated anywhere, it is no whole stream", arguments: [true, false])
    func truncated(isLittleEndian: Bool) {
        let bytes = Self.everything(isLittleEndian: isLittleEndian).bytes
        for count in 0..<bytes.count {
            let error = read(Array(bytes.prefix(count)), chunks: []).error
            #expect(error?.reason == .truncated, "\(count) bytes: \(error as Any)")
        }
    }

    @Test("A flipped bit anywhere is found, at the latest by the next checksum", arguments: [true, false])
    func flipped(isLittleEndian: Bool) {
        let stream = Self.everything(isLittleEndian: isLittleEndian)
        for place in stream.bytes.indices {
            var damaged = stream.bytes
            damaged[place] ^= UInt8(1 << (place % 8))
            let reading = read(damaged, chunks: [])
            // What follows the last checksum is not looked at by any reader: the end's own padding and guid are before it.
            #expect(reading.error != nil, "byte \(place)")
            #expect(reading.events.last != .end, "byte \(place)")
        }
    }

    @Test("Checksums hold over payloads of any size", arguments: [true, false])
    func sizes(isLittleEndian: Bool) {
        var stream = StreamBuilder(isLittleEndian: isLittleEndian)
        stream.begin(Begin())
        let sizes = Array(stride(from: 4, through: 200, by: 4)) + [4096, 131_072, 262_140, 262_144, 262_148, 600_004]
        for (number, size) in sizes.enumerated() {
            // All bits set sums up fastest.
            let payload = number % 2 == 0 ? noise(size) : [UInt8](repeating: 255, count: size)
            stream.write(1, at: 0, payload)
        }
        stream.end()
        let reading = read(stream.bytes, chunks: [100_003])
        #expect(reading.error == nil && reading.payloads.map(\.count) == sizes)
    }

    @Test("The end's own checksum is verified, even where it is zero")
    func wrongEnd() {
        var stream = StreamBuilder()
        stream.begin(Begin())
        stream.end(wrong: true)
        #expect(read(stream.bytes).error?.reason == .badChecksum)
        var zero = StreamBuilder()
        zero.begin(Begin())
        zero.add(5) { $0.bytes += zeros(32) }
        #expect(read(zero.bytes).error?.reason == .badChecksum)
    }

    @Test("Several streams in a frame, each with its own checksum", arguments: [true, false])
    func frame(isLittleEndian: Bool) {
        var stream = StreamBuilder(isLittleEndian: isLittleEndian)
        stream.begin(Begin(version: 2, kind: 0), payload: Self.emptyList)
        stream.bareEnd(checksum: true)
        for guid in 1...3 as ClosedRange<UInt64> {
            stream.begin(Begin(guid: guid, origin: guid - 1))
            stream.write(1, at: 0, noise(512))
            stream.end()
        }
        stream.bareEnd(checksum: false)
        let reading = read(stream.bytes)
        #expect(reading.error == nil && reading.recordCount == 12 && reading.uncheckedCount == 1)
        #expect(reading.headers.map(\.guid) == [1, 1, 2, 3])
        #expect(reading.headers.map(\.isCompound) == [true, false, false, false])
        #expect(reading.events.count { $0 == .end } == 4)
        for count in 0..<stream.bytes.count {
            #expect(read(Array(stream.bytes.prefix(count)), chunks: []).error?.reason == .truncated)
        }
    }

    @Test("Frames that are put together wrongly are refused")
    func badFrames() {
        func error(_ build: (inout StreamBuilder) -> Void) -> StreamError.Reason? {
            var stream = StreamBuilder()
            stream.begin(Begin(version: 2, kind: 0))
            build(&stream)
            return read(stream.bytes, chunks: [1]).error?.reason
        }
        #expect(error { $0.freeObjects(0, 1) } == .badRecord)
        #expect(error { $0.bareEnd(checksum: false) } == .badChecksum)
        #expect(
            error {
                $0.bareEnd(checksum: true)
                $0.freeObjects(0, 1)
            } == .badRecord)
        #expect(
            error {
                $0.bareEnd(checksum: true)
                $0.begin(Begin(version: 2))
            } == .badRecord)
        #expect(
            error {
                $0.bareEnd(checksum: true)
                $0.bareEnd(checksum: true)
            } == .badRecord)
        #expect(error { $0.begin(Begin()) } != nil)
    }

    @Test("Nothing may follow the end", arguments: [[0], [1], noise(400), Begin().bytes()])
    func garbage(more: [UInt8]) {
        let bytes = Self.everything().bytes
        let error = read(bytes + more).error
        #expect(error?.reason == .trailingGarbage && error?.offset == UInt64(bytes.count))
    }

    @Test("What is no stream is told from one that ends early")
    func foreign() {
        #expect(read([]).error?.reason == .truncated)
        #expect(read(Array("QFI\u{fb}".utf8)).error?.reason == .notAStream)
        #expect(read(noise(1000)).error?.reason == .notAStream)
        #expect(read(zeros(1000)).error?.reason == .notAStream)
    }

    @Test("Features that are unknown are refused by their bits, known ones are not")
    func features() {
        for bit in 0..<56 {
            var stream = StreamBuilder()
            stream.begin(Begin(version: 1 | 1 << (bit + 2)))
            stream.end()
            let error = read(stream.bytes, chunks: []).error
            if StreamFeatures(rawValue: 1 << bit).unknown.isEmpty {
                #expect(error == nil, "\(bit)")
            } else {
                #expect(error?.reason == .unsupported && error?.detail.contains("bit \(bit)") == true, "\(bit)")
            }
        }
    }
}
