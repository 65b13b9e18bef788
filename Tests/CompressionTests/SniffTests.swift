import Compression
import Testing

@Suite struct SniffTests {
    @Test(arguments: Packer.all)
    func filesOfTheToolsAreKnown(packer: Packer) throws {
        let head = try Array(packer.pack(Samples.text(100)).prefix(CompressionFormat.sniffLength))
        #expect(CompressionFormat.sniff(head) == packer.format)
        for bytes in [[], [1]] as [[UInt8]] {
            #expect(try CompressionFormat.sniff(packer.pack(bytes)) == packer.format)
        }
    }

    @Test(
        arguments: [
            ([], .none), ([0x1f], .none), ([0x1f, 0x8b], .gzip), ([0x1f, 0x8c, 8], .none),
            (Array("BZh".utf8), .none), (Array("BZh0".utf8), .none), (Array("BZh1".utf8), .bzip2),
            (Array("BZh9".utf8), .bzip2),
            (Array("BZhA".utf8), .none), (Array("BZ0".utf8), .none),
            ([0xfd, 0x37, 0x7a, 0x58, 0x5a], .none), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], .xz),
            ([0x28, 0xb5, 0x2f], .none), ([0x28, 0xb5, 0x2f, 0xfd], .zstd),
            ([0x50, 0x2a, 0x4d, 0x18], .zstd), ([0x5f, 0x2a, 0x4d, 0x18], .zstd), ([0x60, 0x2a, 0x4d, 0x18], .none),
            ([0x50, 0x2a, 0x4d], .none),
            ([0, 0, 0, 0, 0, 0, 0, 0], .none), (Array("ustar\0".utf8), .none),
        ] as [([UInt8], CompressionFormat)])
    func theFirstBytesTell(bytes: [UInt8], format: CompressionFormat) {
        #expect(CompressionFormat.sniff(bytes) == format)
    }

    @Test func formatsHaveTheirSuffix() {
        #expect(CompressionFormat.allCases.map(\.fileSuffix) == ["", ".gz", ".bz2", ".xz", ".zst"])
        #expect(CompressionFormat.allCases.map(\.rawValue) == ["none", "gzip", "bzip2", "xz", "zstd"])
    }
}
