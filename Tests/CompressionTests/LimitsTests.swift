import Compression
import Testing

@Suite struct LimitsTests {
    /// The dictionary of `xz -9` is 64 MiB.
    @Test func aDictionaryLargerThanTheLimitIsRefused() throws {
        let packed = try Packer(.xz, "xz -9").pack(Samples.mixture)
        #expect(try unpack(packed, .xz, limits: DecompressionLimits(memory: 16 << 20)) == .refused(.memoryLimit))
        #expect(try unpack(packed, .xz, limits: DecompressionLimits(memory: 80 << 20)) == .data(Samples.mixture))
    }

    /// Several blocks and little memory: one thread does.
    @Test func xzWithManyBlocksStaysBelowTheLimit() throws {
        let packed = try Packer(.xz, "xz -1 -T4 --block-size=100000").pack(Samples.mixture)
        #expect(try unpack(packed, .xz, limits: DecompressionLimits(memory: 4 << 20)) == .data(Samples.mixture))
    }

    @Test func aWindowLargerThanTheLimitIsRefused() throws {
        // The size is not known in advance when it comes from a pipe, and the window stands in the header.
        let packed = try Packer(.zstd, "cat | zstd -q --long=31 --zstd=wlog=31").pack(Samples.text(1000))
        #expect(try unpack(packed, .zstd) == .refused(.memoryLimit))
        let smaller = try Packer(.zstd, "cat | zstd -q --long=27").pack(Samples.text(1000))
        #expect(try unpack(smaller, .zstd) == .data(Samples.text(1000)))
        #expect(
            try unpack(smaller, .zstd, limits: DecompressionLimits(memory: (128 << 20) - 1)) == .refused(.memoryLimit))
    }

    @Test(arguments: [-1, 0, 1, 1023, .max, .min])
    func anyMemoryLimitIsTaken(memory: Int) throws {
        for packer in Packer.usual {
            let packed = try packer.pack(Samples.text(100))
            let outcome = try unpack(packed, packer.format, limits: DecompressionLimits(memory: memory))
            #expect(outcome == .data(Samples.text(100)) || outcome == .refused(.memoryLimit))
        }
    }

    @Test(arguments: CompressionFormat.allCases)
    func outputUpToTheLimitIsHandedOut(format: CompressionFormat) throws {
        let packed = try Packer.usual.first { $0.format == format }?.pack(Samples.mixture) ?? Samples.mixture
        let count = UInt64(Samples.mixture.count)
        #expect(try unpack(packed, format, limits: DecompressionLimits(output: count)) == .data(Samples.mixture))
        for limit in [0, 1, count - 1] {
            let outcome = try unpack(packed, format, chunks: [4096], limits: DecompressionLimits(output: limit))
            #expect(outcome == .refused(.outputLimit))
        }
    }

    /// A gigabyte of zeros in a few bytes stops soon after the limit, and hands out no more than that.
    @Test func aBombStopsAtTheLimit() throws {
        for packer in Packer.usual {
            let bomb = try Packer(packer.format, "head -c 200000000 /dev/zero | \(packer.command)").pack([])
            #expect(bomb.count < 300_000)
            let decompressor = try Decompressor(packer.format, limits: DecompressionLimits(output: 1 << 20))
            var handedOut = 0
            let error = #expect(throws: CompressionError.self) {
                try decompressor.decode(bomb) { handedOut += $0.byteCount }
                try decompressor.finish { handedOut += $0.byteCount }
            }
            #expect(error?.reason == .outputLimit)
            #expect(handedOut <= 1 << 20)
        }
    }
}
