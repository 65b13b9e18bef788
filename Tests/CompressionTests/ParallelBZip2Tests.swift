import Testing

@testable import Compression

/// Blocks that are decoded side by side: nothing may be other than with libbz2, which reads one after the other.
@Suite struct ParallelBZip2Tests {
    private static func both(
        _ bytes: [UInt8], chunks: [Int] = [1 << 20], threads: Int = 2
    ) throws -> (parallel: Outcome, plain: Outcome) {
        let limits = DecompressionLimits()
        return (
            try unpack(
                bytes, Decompressor(.bzip2, engine: ParallelBZip2Engine(threads: threads), limits: limits),
                chunks: chunks),
            try unpack(bytes, Decompressor(.bzip2, engine: BZip2Engine(), limits: limits), chunks: chunks)
        )
    }

    /// Four blocks of 100,000 bytes.
    private static let manyBlocks: [UInt8] = Samples.mixture

    @Test(arguments: ["bzip2 -1", "bzip2 -9"], [1, 2, 5])
    func theSameData(command: String, threads: Int) throws {
        for (name, bytes) in Samples.all {
            let packed = try Packer(.bzip2, command).pack(bytes)
            for chunks in [[1], [3, 1000], [1 << 20]] where chunks != [1] || packed.count < 10_000 {
                let (parallel, plain) = try Self.both(packed, chunks: chunks, threads: threads)
                #expect(parallel == plain && parallel == .data(bytes), "\(name) by \(chunks)")
            }
        }
    }

    @Test func streamsThatFollowEachOther() throws {
        let parts = [Samples.text(3000), [], Samples.noise(150_000), Samples.text(1), [], []]
        let packed = try parts.flatMap { try Packer(.bzip2, "bzip2 -1").pack($0) }
        #expect(try Self.both(packed, chunks: [777]).parallel == .data(parts.flatMap(\.self)))
    }

    /// A block may unpack to much more than is kept of it.
    @Test func aBlockOfManyMegabytes() throws {
        let bytes = Samples.text(5) + [UInt8](repeating: 0, count: 20_000_000) + Samples.text(5)
        let packed = try Packer(.bzip2, "bzip2").pack(bytes)
        #expect(packed.count < 1000)
        #expect(try Self.both(packed, chunks: [64]).parallel == .data(bytes))
        var damaged = packed
        damaged[10] ^= 1  // the block's checksum
        #expect(try Self.both(damaged).parallel == .refused(.corrupt))
    }

    /// With little room, and no threads, the same comes of it: of what is longer than is kept, too.
    @Test(arguments: [[1 << 20], [1], [3, 1000]], [500, 40_000])
    func littleRoom(chunks: [Int], expandedBytes: Int) throws {
        for bytes in [Samples.text(30_000), Samples.noise(30_000), [UInt8](repeating: 7, count: 50_000)] {
            let packed = try Packer(.bzip2, "bzip2 -1").pack(bytes)
            let decoder = BZip2Decoder(blockBytes: 40_000, expandedBytes: expandedBytes)
            for rest in [[], packed] {
                let engine = ParallelBZip2Engine(threads: 1, unpacksAside: false) { decoder }
                let decompressor = try Decompressor(.bzip2, engine: engine, limits: DecompressionLimits())
                #expect(
                    try unpack(packed + rest, decompressor, chunks: chunks)
                        == .data(rest.isEmpty ? bytes : bytes + bytes))
            }
        }
        let long = try Packer(.bzip2, "bzip2 -1").pack(Samples.noise(50_000))
        let engine = ParallelBZip2Engine(threads: 1, unpacksAside: false) { BZip2Decoder(blockBytes: 40_000) }
        let decompressor = try Decompressor(.bzip2, engine: engine, limits: DecompressionLimits())
        #expect(try unpack(long, decompressor, chunks: chunks) == .refused(.corrupt))
    }

    /// Lengths of which no code can be made have the meaning that libbz2 gives to them.
    @Test func oneLookFindsWhatManyDo() {
        var random = SplitMix(state: 9)
        for round in 0..<200 {
            let lengths = (0..<(3 + round)).map { _ in UInt8(1 + random.next() % UInt64(1 + round % 20)) }
            var code = BZip2Code()
            code.make(lengths)
            for bits in code.quick.indices {
                let found = code.find(bits, of: BZip2Code.quickBits)
                #expect(code.quick[bits] == found.map { $0.symbol << 5 | UInt16($0.length) } ?? 0)
            }
        }
    }

    /// Text that is one piece again and again has a sorted table of several cycles.
    @Test(arguments: [1, 2, 3, 4096, 5000, 8192, 30_000])
    func aTextThatRepeatsItself(period: Int) throws {
        let piece = Samples.noise(period)
        let bytes = (0..<(90_000 / period)).flatMap { _ in piece }
        #expect(try Self.both(Packer(.bzip2, "bzip2").pack(bytes)).parallel == .data(bytes))
    }

    // MARK: Damage

    @Test func theSameRefusals() throws {
        let packed = try Packer(.bzip2, "bzip2 -1").pack(Self.manyBlocks)
        var random = SplitMix(state: 5)
        for _ in 0..<20 {
            var damaged = packed
            damaged[Int(random.next() % UInt64(packed.count))] ^= 1 << (random.next() & 7)
            let (parallel, plain) = try Self.both(damaged)
            #expect(parallel == plain)
        }
        for _ in 0..<8 {
            let length = Int(random.next() % UInt64(packed.count))
            #expect(try Self.both(Array(packed[..<length])).parallel == .refused(.truncated), "\(length) bytes")
        }
    }

    @Test func aBlockLongerThanItsLevelIsRefused() throws {
        var packed = try Packer(.bzip2, "bzip2 -2").pack(Samples.noise(150_000))
        packed[3] = UInt8(ascii: "1")
        let (parallel, plain) = try Self.both(packed)
        #expect(parallel == plain && parallel == .refused(.corrupt))
    }

    @Test func blocksInAnotherOrderAreRefused() throws {
        let packed = try Packer(.bzip2, "bzip2 -1").pack(Samples.text(50_000))
        // The stream's checksum is that of other blocks.
        let other = try Packer(.bzip2, "bzip2 -1").pack(Samples.text(40_000))
        let mixed = packed.dropLast(5) + other.suffix(5)
        #expect(try Self.both(Array(mixed)).parallel == .refused(.corrupt))
    }

    // MARK: What looks like a block

    /// A block's list of selectors may be longer than it needs, and then has any bits.
    @Test(arguments: [1, 2, 300], [[1 << 20], [100]])
    func aMagicNumberWithinABlockMeansNothing(times: Int, chunks: [Int]) throws {
        let text = Samples.text(2000)
        let block = try Bits(Packer(.bzip2, "bzip2").pack(text))
        let magic = Bits.number(BZip2BlockHeader.magic, 48) + [false]
        let extra = (0..<times).flatMap { _ in magic }
        let strange = block.withMoreSelectors(extra).bytes
        let (parallel, plain) = try Self.both(strange, chunks: chunks)
        #expect(parallel == .data(text) && parallel == plain)
        let many = (0..<5).flatMap { _ in strange }
        #expect(try Self.both(many, chunks: chunks).parallel == .data((0..<5).flatMap { _ in text }))
    }

    @Test func magicNumbersBehindTheEndAreGarbage() throws {
        let packed = try Packer(.bzip2, "bzip2").pack(Samples.text(2000))
        let magic = Bits.number(BZip2BlockHeader.magic, 48)
        let garbage = Bits(bits: (0..<500).flatMap { _ in magic }).bytes
        #expect(try Self.both(packed + garbage).parallel == .refused(.trailingGarbage))
        let plain = try Packer(.bzip2, "bzip2 -1").pack(Self.manyBlocks)
        let middle = plain.count / 2
        let (parallel, single) = try Self.both(plain[..<middle] + garbage + plain[middle...])
        #expect(parallel == single && parallel == .refused(.corrupt))
    }

    /// As bzip2 before 0.9.5 made them of repetitive data. The checksums are made to be those of what libbz2 reads.
    @Test func aRandomisedBlock() throws {
        var block = try Bits(Packer(.bzip2, "bzip2").pack(Samples.text(2000)))
        let checksum = 32 + 48
        block.bits[checksum + 32] = true
        let text = try Self.read(block.bytes)
        var made = BZip2Checksum()
        unsafe text.withUnsafeBytes { unsafe made.add($0) }
        let end = block.bits.count - 80
        for start in [checksum, end + 48] {
            block.bits.replaceSubrange(start..<(start + 32), with: Bits.number(Int(made.value), 32))
        }
        let (parallel, plain) = try Self.both(block.bytes, chunks: [100])
        #expect(parallel == .data(text) && plain == parallel)
        #expect(try Self.both((0..<3).flatMap { _ in block.bytes }).parallel == .data((0..<3).flatMap { _ in text }))
    }

    /// What libbz2 reads until it comes to a checksum that is wrong.
    private static func read(_ bytes: [UInt8]) throws -> [UInt8] {
        let engine = try BZip2Engine()
        var text: [UInt8] = []
        var taken = 0
        var byte: UInt8 = 0
        while true {
            let rest = Array(bytes[taken...])
            let step = unsafe rest.withUnsafeBytes { rest in
                unsafe withUnsafeMutableBytes(of: &byte) { unsafe try? engine.step(rest, $0, isLast: true) }
            }
            // With the last byte libbz2 looks at the checksum.
            guard let step else { return text + [byte] }
            taken += step.consumed
            if step.produced > 0 { text.append(byte) }
        }
    }

    @Test func whoStopsInTheMiddleNeedNotWait() throws {
        let packed = try Packer(.bzip2, "bzip2 -1").pack(Self.manyBlocks)
        for length in [10, 1000, packed.count / 2, packed.count] {
            let decompressor = try Decompressor(
                .bzip2, engine: ParallelBZip2Engine(threads: 3), limits: DecompressionLimits())
            try decompressor.decode(packed[..<length]) { _ in }
        }
    }
}

/// The bits of a file of one stream and one block.
private struct Bits {
    var bits: [Bool]

    init(bits: [Bool]) { self.bits = bits }

    /// Without the bits that fill the last byte.
    init(_ bytes: [UInt8]) throws {
        let all = bytes.flatMap { Bits.number(Int($0), 8) }
        let magic = Bits.number(BZip2BlockHeader.endMagic, 48)
        let filling = try #require((0..<8).first { Array(all.dropLast($0).suffix(80).prefix(48)) == magic })
        bits = all.dropLast(filling)
    }

    static func number(_ value: Int, _ count: Int) -> [Bool] { (0..<count).reversed().map { value >> $0 & 1 == 1 } }

    var bytes: [UInt8] {
        stride(from: 0, to: bits.count, by: 8).map { start in
            (0..<8).reduce(0) { $0 << 1 | (start + $1 < bits.count && bits[start + $1] ? 1 : 0) }
        }
    }

    private func number(at place: Int, _ count: Int) -> Int {
        bits[place..<(place + count)].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
    }

    /// - Parameter extra: zeros end one selector each.
    func withMoreSelectors(_ extra: [Bool]) -> Bits {
        var place = 32 + 48 + 32 + 1 + 24  // the stream's header, magic number, checksum, randomised, row
        place += 16 + 16 * bits[place..<(place + 16)].count { $0 } + 3
        let count = number(at: place, 15)
        var end = place + 15
        for _ in 0..<count { end = bits[end...].firstIndex(of: false).map { $0 + 1 } ?? end }
        let more = Bits.number(count + extra.count { !$0 }, 15)
        return Bits(bits: bits[..<place] + more + bits[(place + 15)..<end] + extra + bits[end...])
    }
}
