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

    /// Members, frames and names in headers of which nothing comes.
    static let idle: [(format: CompressionFormat, head: [UInt8], piece: [UInt8], count: Int)] = [
        (.gzip, [], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], 100_000),
        (.gzip, [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3], [0x6e], 2_000_000),
        (.zstd, [], [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], 200_000),
        (.zstd, [0x5f, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff], [0], 2_000_000),
    ]

    @Test(arguments: idle)
    func whatUnpacksToNothingEnds(format: CompressionFormat, head: [UInt8], piece: [UInt8], count: Int) throws {
        let stream = head + [[UInt8]](repeating: piece, count: count).flatMap(\.self)
        let outcome = try unpack(stream, format, chunks: [65_536], limits: DecompressionLimits(idleInput: 1 << 20))
        #expect(outcome == .refused(.outputLimit))
    }

    @Test func someEmptyMembersAreNothingToMind() throws {
        let empty = try Packer(.gzip, "gzip -n").pack([])
        let member = try Packer(.gzip, "gzip -n").pack(Samples.text(1000))
        let packed = Array(repeating: empty, count: 30).flatMap { $0 } + member + empty + member
        let outcome = try unpack(packed, .gzip, limits: DecompressionLimits(idleInput: 1000))
        #expect(outcome == .data(Samples.text(1000) + Samples.text(1000)))
    }

    /// A gigabyte of zeros in a few bytes stops soon after the limit, and hands out no more than that.
    @Test func aBombStopsAtTheLimit() throws {
        for packer in Packer.usual {
            let bomb = try Packer(packer.format, "head -c 40000000 /dev/zero | \(packer.command)").pack([])
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
