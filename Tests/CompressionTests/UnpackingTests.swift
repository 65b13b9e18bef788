import Compression
import Testing

@Suite struct UnpackingTests {
    @Test(arguments: Packer.all)
    func whatTheToolsPackComesBack(packer: Packer) throws {
        for (name, bytes) in Samples.all {
            let packed = try packer.pack(bytes)
            for chunks in [[1], [7, 1, 4093], [1 << 20]] where chunks != [1] || packed.count < 20_000 {
                #expect(try unpack(packed, packer.format, chunks: chunks) == .data(bytes), "\(name) by \(chunks)")
            }
        }
    }

    @Test(arguments: [[1], [1000, 3], [1 << 20]])
    func dataThatIsNotPackedGoesThroughAsItIs(chunks: [Int]) throws {
        #expect(try unpack(Samples.mixture, .none, chunks: chunks) == .data(Samples.mixture))
        #expect(try unpack([], .none, chunks: chunks) == .data([]))
    }

    @Test(arguments: Packer.usual, [[1], [5, 77], [1 << 20]])
    func streamsThatFollowEachOtherAreOne(packer: Packer, chunks: [Int]) throws {
        let parts = [Samples.text(3_000), [], Samples.text(300_000), [9]]
        let packed = try parts.flatMap { try packer.pack($0) }
        #expect(try unpack(packed, packer.format, chunks: chunks) == .data(Array(parts.joined())))
    }

    @Test func manyStreamsFollowEachOther() throws {
        for packer in Packer.usual {
            let packed = try packer.pack([1, 2, 3])
            let many = Array(repeatElement(packed, count: 500).joined())
            #expect(
                try unpack(many, packer.format, chunks: [97])
                    == .data(Array(repeatElement([1, 2, 3], count: 500).joined())))
        }
    }

    @Test(arguments: CompressionFormat.allCases)
    func emptyChunksChangeNothing(format: CompressionFormat) throws {
        let bytes = Samples.text(5_000)
        let packed = try Packer.usual.first { $0.format == format }?.pack(bytes) ?? bytes
        #expect(try unpack(packed, format, chunks: [0, 11, 0, 0, 200]) == .data(bytes))
    }

    @Test(arguments: CompressionFormat.allCases.filter { $0 != .none })
    func emptyInputIsTooShort(format: CompressionFormat) throws {
        #expect(try unpack([], format) == .refused(.truncated))
        #expect(try unpack([0], format, chunks: [0, 1]).reason != nil)
    }

    /// RFC 8878 §3.1.2: what stands in a skippable frame is not data.
    @Test func skippableFramesAreSkipped() throws {
        let bytes = Samples.text(2_000)
        let skippable: [UInt8] = [0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]
        let packed = try Packer(.zstd, "zstd -q").pack(bytes)
        for chunks in [[1], [6], [1 << 20]] {
            #expect(try unpack(skippable + packed + skippable + packed, .zstd, chunks: chunks) == .data(bytes + bytes))
        }
        #expect(try unpack(packed + skippable.dropLast(), .zstd) == .refused(.truncated))
    }

    /// libzstd may be built to unpack what its versions before 1.0 packed; the format has no such frames.
    @Test(arguments: 0x22...0x27 as ClosedRange<UInt8>, [[1], [2], [1 << 20]])
    func framesOfOldVersionsAreRefused(first: UInt8, chunks: [Int]) throws {
        let frame = [first, 0xb5, 0x2f, 0xfd] + Samples.noise(50)
        #expect(try unpack(frame, .zstd, chunks: chunks) == .refused(.corrupt))
    }

    @Test func bytesAreCounted() throws {
        for packer in Packer.usual {
            let packed = try packer.pack(Samples.mixture)
            let decompressor = try Decompressor(packer.format)
            _ = try unpack(packed, decompressor, chunks: [1000])
            #expect(decompressor.bytesIn == UInt64(packed.count))
            #expect(decompressor.bytesOut == UInt64(Samples.mixture.count))
            #expect(decompressor.format == packer.format)
        }
    }

    @Test func piecesHandedOutAreLarge() throws {
        for packer in Packer.usual {
            var pieces: [Int] = []
            let decompressor = try Decompressor(packer.format)
            let packed = try packer.pack(Samples.mixture)
            for byte in packed { try decompressor.decode([byte]) { pieces.append($0.byteCount) } }
            try decompressor.finish { pieces.append($0.byteCount) }
            #expect(pieces == [256 << 10, Samples.mixture.count - (256 << 10)])
        }
    }

    @Test func whatTheReceiverThrowsComesThrough() throws {
        struct Full: Error {}
        for format in CompressionFormat.allCases {
            let packed = try Packer.usual.first { $0.format == format }?.pack(Samples.mixture) ?? Samples.mixture
            let decompressor = try Decompressor(format)
            #expect(throws: Full.self) {
                try decompressor.decode(packed) { _ in throw Full() }
                try decompressor.finish { _ in throw Full() }
            }
        }
    }
}
