import Compression
import Testing

/// Damaged data is refused: it is neither taken for whole nor the end of the process.
@Suite struct DamageTests {
    /// Small enough to be damaged in every place.
    private static let plain = Samples.text(300) + Samples.noise(40)
    private static let packers =
        Packer.usual + [
            Packer(.gzip, "pigz -i -b 128"), Packer(.xz, "xz -T4 --block-size=100"), Packer(.xz, "xz -C crc32"),
        ]

    @Test(arguments: packers, [[1], [1 << 20]])
    func aFileCutAnywhereIsRefused(packer: Packer, chunks: [Int]) throws {
        let packed = try packer.pack(Self.plain)
        for length in packed.indices {
            let reason = try unpack(Array(packed[..<length]), packer.format, chunks: chunks).reason
            #expect(reason == .truncated, "\(length) of \(packed.count) bytes")
        }
    }

    @Test(arguments: Packer.usual)
    func aSecondStreamCutAnywhereIsRefused(packer: Packer) throws {
        let packed = try packer.pack(Self.plain)
        for length in 1..<packed.count {
            let outcome = try unpack(packed + packed[..<length], packer.format, chunks: [50])
            #expect(outcome == .refused(.truncated), "\(length) bytes of the second stream")
        }
    }

    @Test func aLargeFileCutSomewhereIsRefused() throws {
        var random = SplitMix(state: 3)
        for packer in Packer.usual {
            let packed = try packer.pack(Samples.mixture)
            for _ in 0..<8 {
                let length = Int(random.next() % UInt64(packed.count))
                #expect(try unpack(Array(packed[..<length]), packer.format, chunks: [65_536]) == .refused(.truncated))
            }
        }
    }

    /// Each bit of the file turned over: it is refused, or means the same as before. Some bits protect nothing: in gzip's
    /// header flags, time and system (RFC 1952 §2.3), in bzip2's the block size, and the bits that fill a last byte.
    @Test(arguments: packers, [[1], [1 << 20]])
    func aBitThatFlipsNeverGivesOtherData(packer: Packer, chunks: [Int]) throws {
        let packed = try packer.pack(Self.plain)
        for index in packed.indices {
            // Byte by byte is slow, and tells nothing new of the other bits.
            for bit in chunks == [1] ? index % 8..<index % 8 + 1 : 0..<8 {
                var damaged = packed
                damaged[index] ^= 1 << bit
                let outcome = try unpack(damaged, packer.format, chunks: chunks)
                #expect(outcome.reason != nil || outcome == .data(Self.plain), "byte \(index), bit \(bit)")
            }
        }
    }

    @Test(arguments: packers)
    func noiseInPlaceOfTheMiddleIsRefused(packer: Packer) throws {
        var packed = try packer.pack(Samples.mixture)
        let middle = packed.count / 2
        packed.replaceSubrange(middle..<(middle + 64), with: Samples.noise(64))
        #expect(try unpack(packed, packer.format).reason == .corrupt)
    }

    @Test(arguments: Packer.usual, [[1], [1 << 20]])
    func anotherThingAfterTheEndIsRefused(packer: Packer, chunks: [Int]) throws {
        let packed = try packer.pack(Self.plain)
        for garbage in [
            Array("x".utf8), Array("garbage".utf8), [0xff, 0, 0, 0], packer.format == .gzip ? [0, 1] : [0],
        ] {
            let outcome = try unpack(packed + garbage, packer.format, chunks: chunks)
            // liblzma reads on by itself and cannot tell garbage from a damaged stream.
            let expected: [CompressionError.Reason] =
                packer.format == .xz ? [.trailingGarbage, .corrupt, .truncated] : [.trailingGarbage]
            #expect(outcome.reason.map(expected.contains) == true, "\(garbage): \(outcome)")
        }
    }

    @Test(arguments: Packer.usual)
    func otherDataIsRefused(packer: Packer) throws {
        #expect(try unpack(Samples.text(1000), packer.format) == .refused(.corrupt))
        #expect(try unpack(Samples.noise(1000), packer.format).reason != nil)
        #expect(try unpack([UInt8](repeating: 0, count: 1000), packer.format).reason != nil)
        for other in Packer.usual where other.format != packer.format {
            #expect(try unpack(other.pack(Self.plain), packer.format) == .refused(.corrupt), "\(other.format)")
        }
    }

    @Test func anErrorSaysWhat() throws {
        let decompressor = try Decompressor(.xz)
        let error = #expect(throws: CompressionError.self) {
            try decompressor.decode("not compressed".utf8) { _ in }
        }
        #expect(error?.description == "the xz data is corrupt (no xz header)")
        #expect(error?.format == .xz)
    }
}
