import Compression
import Testing

/// What is known of a file by its beginning alone.
@Suite struct UnpackedBeginningTests {
    /// Blocks that are larger than the first bytes that are looked at.
    static let largeBlocks = [
        Packer(.xz, "xz -T2"), Packer(.xz, "xz -T0 -9"), Packer(.xz, "xz -T2 --block-size=700KiB"),
        Packer(.bzip2, "bzip2 -9"), Packer(.zstd, "zstd -q -T2 --ultra -20"),
    ]
    static let packers = Packer.all + largeBlocks
    static let content = Samples.text(500_000) + Samples.noise(300_000)
    static let noise = Samples.noise(1_400_000)

    @Test(arguments: packers)
    func aFileThatIsPackedIsKnownByALittleOfIt(packer: Packer) throws {
        try isKnown(Self.content, by: packer)
    }

    @Test(arguments: Packer.usual + largeBlocks)
    func soIsAFileThatPackingMakesNoSmaller(packer: Packer) throws { try isKnown(Self.noise, by: packer) }

    private func isKnown(_ bytes: [UInt8], by packer: Packer) throws {
        let packed = try packer.pack(bytes)
        let length = UnpackedBeginning.lengths.first {
            UnpackedBeginning.isEnough(Array(packed.prefix($0)), isWhole: $0 >= packed.count)
        }
        let enough = try #require(length)
        // A block of bzip2 has up to 900,000 bytes.
        #expect(enough <= (packer.format == .bzip2 ? 1 << 20 : 256 << 10))
        let beginning = try UnpackedBeginning(of: Array(packed.prefix(enough)), isWhole: enough >= packed.count)
        #expect(beginning.bytes.count >= UnpackedBeginning.enough && beginning.format == packer.format)
        #expect(Outcome.data(Array(bytes.prefix(beginning.bytes.count))) == .data(beginning.bytes))
    }

    @Test(arguments: packers)
    func ofAWholeFileAllIsThere(packer: Packer) throws {
        for (name, bytes) in Samples.all {
            let beginning = try UnpackedBeginning(of: try packer.pack(bytes), isWhole: true)
            #expect(Outcome.data(beginning.bytes) == .data(bytes), "\(name)")
            #expect(beginning.isWhole && beginning.isEnough, "\(name)")
        }
    }

    /// A few bytes that become gigabytes cost no more than others.
    @Test func ofALotOnlyTheBeginningIsUnpacked() throws {
        let packed = try Packer(.gzip, "head -c 100M /dev/zero | gzip").pack([])
        let beginning = try UnpackedBeginning(of: packed, isWhole: true)
        #expect(!beginning.isWhole && beginning.isEnough)
        #expect((8 << 20...9 << 20).contains(beginning.bytes.count))
    }

    @Test func whatUnpacksToNothingIsNotEnough() throws {
        let length = UInt32(5 << 20)
        let skipped: [UInt8] = [0x53, 0x2a, 0x4d, 0x18] + (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
        let packed = skipped + [UInt8](repeating: 1, count: Int(length)) + (try Packer(.zstd, "zstd -q").pack([1, 2]))
        let beginning = Array(packed.prefix(UnpackedBeginning.longest))
        #expect(!UnpackedBeginning.isEnough(beginning, isWhole: false))
        #expect(try UnpackedBeginning(of: beginning, isWhole: false).bytes.isEmpty)
        #expect(try UnpackedBeginning(of: packed, isWhole: true).bytes == [1, 2])
    }

    @Test func whatIsDamagedIsNotBetterWithMoreOfIt() throws {
        var packed = try Packer(.xz, "xz -T2").pack(Self.noise)
        packed[30] ^= 0xff
        for place in 2000..<2100 { packed[place] ^= 0xff }
        packed[7] = 0xff
        let damaged = Array(packed.prefix(256 << 10))
        #expect(UnpackedBeginning.isEnough(damaged, isWhole: false))
        #expect(throws: CompressionError.self) { try UnpackedBeginning(of: damaged, isWhole: false) }
        #expect(throws: CompressionError.self) {
            try UnpackedBeginning(of: Array(try Packer(.gzip, "gzip").pack([1, 2, 3]).dropLast()), isWhole: true)
        }
    }
}
