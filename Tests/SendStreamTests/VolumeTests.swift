import Testing

@testable import SendStream

/// The content of volumes.
@Suite struct VolumeTests {
    static func volume(
        isLittleEndian: Bool = true, origin: UInt64 = 0, features: UInt64 = 0, kind: UInt32 = 3, size: UInt64? = 65536,
        _ fill: (inout StreamBuilder) -> Void
    ) -> [UInt8] {
        var stream = StreamBuilder(isLittleEndian: isLittleEndian)
        stream.begin(Begin(version: 1 | features << 2, kind: kind, origin: origin))
        stream.freeObjects(0, 1)
        stream.object(1, type: 23, blockSize: 8192)
        stream.object(2, type: 24, blockSize: 512)
        fill(&stream)
        if let size { stream.volumeSize(size) }
        stream.end()
        return stream.bytes
    }

    @Test("Blocks come in ascending order, with the size last, in both byte orders", arguments: [true, false])
    func content(isLittleEndian: Bool) {
        let reading = readVolume(
            Self.volume(isLittleEndian: isLittleEndian) {
                // Senders tell the free end first.
                $0.free(1, at: 65536, length: .max)
                $0.write(1, type: 23, at: 8192, noise(8192))
                $0.free(1, at: 16384, length: 8192)
                $0.write(1, type: 23, at: 57344, noise(8192, seed: 2))
            })
        #expect(reading.error == nil)
        #expect(
            reading.events == [
                .begin(blockSize: 8192), .data(noise(8192), at: 8192), .data(noise(8192, seed: 2), at: 57344),
                .end(size: 65536),
            ])
        #expect(reading.header?.kind == .volume)
    }

    @Test("Of an increment, what is zero now is told, and the end that is gone")
    func increment() {
        let reading = readVolume(
            Self.volume(origin: 9, size: 32768) {
                $0.free(1, at: 24576, length: .max)
                $0.free(1, at: 0, length: 8192)
                $0.write(1, type: 23, at: 8192, noise(8192))
                // zfs-fuse tells once more, to the end of the pointers' block.
                $0.free(1, at: 24576, length: 1 << 20)
            })
        #expect(
            reading.events == [
                .begin(blockSize: 8192), .hole(at: 0, 8192), .data(noise(8192), at: 8192), .hole(at: 24576, 8192),
                .end(size: 32768),
            ])
        let unsized = readVolume(Self.volume(origin: 9, size: nil) { $0.free(1, at: 24576, length: .max) })
        #expect(unsized.events.last == .end(size: nil) && unsized.events.contains(.hole(at: 24576, .max - 24576)))
    }

    @Test("An increment that touches nothing has no blocks")
    func untouched() {
        var stream = StreamBuilder()
        stream.begin(Begin(kind: 3, origin: 4))
        stream.end()
        #expect(readVolume(stream.bytes).events == [.begin(blockSize: nil), .end(size: nil)])
    }

    @Test("Embedded and packed blocks are unpacked; what follows in an embedded one is zero")
    func packed() {
        // 64 bytes of zeros and 4 of content, in ZLE; LZ4: a byte, and 4095 times the same.
        let zle: [UInt8] = [127, 3, 1, 2, 3, 4]
        let lz4: [UInt8] = [0, 0, 0, 22, 0x1f, 9, 1, 0] + [UInt8](repeating: 255, count: 15) + [246, 0x10, 9]
        let content = [UInt8](repeating: 9, count: 1 + 19 + 15 * 255 + 246 + 1)
        let reading = readVolume(
            Self.volume {
                $0.embedded(1, at: 0, zle, length: 8192, unpacked: 68, packing: 14)
                $0.write(1, type: 23, at: 8192, lz4 + [0, 0], length: UInt64(content.count), packing: 15)
            })
        #expect(
            reading.events == [
                .begin(blockSize: 8192), .data(zeros(64) + [1, 2, 3, 4] + zeros(8124), at: 0),
                .data(content, at: 8192), .end(size: 65536),
            ], "\(reading.error as Any)")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reason: StreamError.Reason
        let stream: [UInt8]

        init(_ name: String, _ reason: StreamError.Reason, _ stream: [UInt8]) {
            testDescription = name
            self.reason = reason
            self.stream = stream
        }
    }

    static func bare(_ fill: (inout StreamBuilder) -> Void) -> [UInt8] {
        var stream = StreamBuilder()
        stream.begin(Begin(kind: 3))
        fill(&stream)
        stream.end()
        return stream.bytes
    }

    static let refusals: [Case] = [
        Case("a file system", .unsupported, volume(kind: 2) { _ in }),
        Case("an encrypted volume", .unsupported, volume(features: 1 << 24) { _ in }),
        Case("a stream with dedup", .unsupported, volume(features: 1) { _ in }),
        Case("a redacted stream", .unsupported, volume(features: 1 << 21) { _ in }),
        Case("a resumed stream", .unsupported, volume(features: 1 << 20) { _ in }),
        Case("a reference", .unsupported, volume { $0.add(6) { $0.add(UInt64(1), 0, 512) } }),
        Case("something left out", .unsupported, volume { $0.add(10) { $0.add(UInt64(1), 0, 512) } }),
        Case("an encrypted range", .unsupported, volume { $0.add(9) { $0.add(UInt64(0), 32) } }),
        Case(
            "a block packed in another way", .unsupported,
            volume { $0.write(1, at: 0, zeros(8), length: 16, packing: 99) }),
        Case(
            "a block that does not unpack", .badBlock, volume { $0.write(1, at: 0, zeros(8), length: 16, packing: 15) }),
        Case(
            "a block twice", .order,
            volume {
                $0.write(1, at: 0, zeros(8192))
                $0.write(1, at: 0, zeros(8192))
            }),
        Case(
            "blocks that descend", .order,
            volume {
                $0.write(1, at: 8192, zeros(8192))
                $0.write(1, at: 0, zeros(8192))
            }),
        Case(
            "blocks that overlap", .order,
            volume {
                $0.write(1, at: 0, zeros(8192))
                $0.write(1, at: 8191, zeros(8192))
            }),
        Case(
            "a block behind what is free to the end", .order,
            volume {
                $0.free(1, at: 8192, length: .max)
                $0.write(1, at: 8192, zeros(8192))
            }),
        Case(
            "free what was written", .order,
            volume {
                $0.write(1, at: 0, zeros(8192))
                $0.free(1, at: 0, length: 8192)
            }),
        Case(
            "free to the end what was written", .order,
            volume {
                $0.write(1, at: 0, zeros(8192))
                $0.free(1, at: 8191, length: .max)
            }),
        Case("a block larger than the volume's", .badRecord, volume { $0.write(1, at: 0, zeros(16384)) }),
        Case(
            "a block in a pointer larger than the volume's", .badRecord,
            volume { $0.embedded(1, at: 0, [127, 3, 1, 2, 3, 4], length: 16384, unpacked: 68, packing: 14) }),
        Case("a content object twice", .order, volume { $0.object(1, type: 23) }),
        Case("a content object of another type", .badRecord, bare { $0.object(1, type: 19) }),
        Case("properties of another type", .badRecord, bare { $0.object(2, type: 20) }),
        Case("a block before its object", .order, bare { $0.write(1, at: 0, zeros(512)) }),
        Case("free before its object", .order, bare { $0.free(1, at: 0, length: 512) }),
        Case("no content object", .badRecord, bare { $0.volumeSize(65536) }),
        Case("no size", .badRecord, volume(size: nil) { _ in }),
        Case("two sizes", .badRecord, volume { $0.volumeSize(65536) }),
        Case("a size over 63 bits", .badRecord, volume(size: 1 << 63) { _ in }),
        Case("content behind the size", .badRecord, volume(size: 8192) { $0.write(1, at: 8192, zeros(8192)) }),
        Case("properties that are none", .badRecord, volume(size: nil) { $0.write(2, at: 0, zeros(512)) }),
        Case(
            "properties without a size", .badRecord,
            volume(size: nil) {
                $0.write(2, at: 0, MicroZAP.block([HashedName(hash: 0, name: Array("sizes".utf8), value: 1)], salt: 0))
            }),
        Case(
            "properties at another place", .badRecord,
            volume(size: nil) {
                $0.write(2, at: 512, MicroZAP.block([HashedName(hash: 0, name: Array("size".utf8), value: 1)], salt: 0))
            }),
        Case(
            "properties of 8 bytes", .badRecord, volume(size: nil) { $0.write(2, at: 0, [3, 0, 0, 0, 0, 0, 0, 128]) }),
        Case("the content is freed", .badRecord, volume { $0.freeObjects(0, 2) }),
        Case("all objects are freed", .badRecord, volume { $0.freeObjects(0, .max) }),
        Case("the properties are freed", .badRecord, volume { $0.freeObjects(2, 1) }),
    ]

    @Test("What is no volume that can be read is refused", arguments: refusals)
    func refused(test: Case) {
        let reading = readVolume(test.stream)
        #expect(reading.error?.reason == test.reason, "\(reading.error as Any)")
        #expect(reading.content() == nil)
    }

    @Test("A frame around one snapshot is looked through, more than one are refused")
    func frames() {
        for count in 1...2 as ClosedRange<UInt64> {
            var stream = StreamBuilder()
            stream.begin(Begin(version: 2, kind: 0))
            stream.bareEnd(checksum: true)
            for guid in 1...count {
                stream.begin(Begin(kind: 3, guid: guid))
                stream.object(1, type: 23, blockSize: 8192)
                stream.write(1, at: 0, noise(8192))
                stream.volumeSize(8192)
                stream.end()
            }
            stream.bareEnd(checksum: false)
            let reading = readVolume(stream.bytes)
            #expect(reading.error?.reason == (count == 1 ? nil : .unsupported))
            if count == 1 { #expect(reading.content() == noise(8192)) }
        }
    }

    @Test("Sizes and offsets near 2^64 neither trap nor wrap")
    func huge() {
        for offset in [.max, .max - 511, .max - 512, 1 << 63, 1 << 63 - 512] as [UInt64] {
            for origin in [0, 3] as [UInt64] {
                let streams = [
                    Self.volume(origin: origin) { $0.write(1, at: offset, zeros(512)) },
                    Self.volume(origin: origin) { $0.free(1, at: offset, length: .max) },
                    Self.volume(origin: origin) { $0.free(1, at: offset, length: 511) },
                    Self.volume(origin: origin) { $0.free(1, at: 0, length: offset) },
                    Self.volume(origin: origin, size: offset) { _ in },
                ]
                for stream in streams { _ = readVolume(stream, chunks: []) }
            }
        }
    }
}
