import SendStream
import Testing

/// The rule for guids.
@Suite struct GUIDTests {
    @Test("The digest is of the content, not of how it came")
    func digest() throws {
        let disk = Disk(size: 200_000, blockSize: 8192, seed: 3)
        let digest = try self.digest([(0, disk.bytes)])
        #expect(digest.count == 32)
        for piece in [100, 4096, 5000, 65536] { #expect(try self.digest(disk.pieces(of: piece)) == digest) }
        #expect(try self.digest(disk.withoutZeros(pieces: 512)) == digest)
        #expect(try self.digest([(0, disk.bytes + zeros(50_000))]) == digest)
        var other = disk.bytes
        other[150_000] ^= 1
        #expect(try self.digest([(0, other)]) != digest)
        // The same grains elsewhere are another content.
        #expect(try self.digest([(4096, disk.bytes)]) != digest)
        #expect(throws: StreamError.self) { try self.digest([(10, [1]), (0, [1])]) }
    }

    /// Both by `python3 -c` with hashlib, after the words of the rule.
    @Test("The rule gives what its words say")
    func known() throws {
        let empty = try digest([])
        #expect(hex(empty) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex(try digest([(8195, [1, 2, 3])])) == "8fcd874cc6cfb28eafc92999ea1d4104db5d3dc0edfe4b066733d1981e302f6c")
        let guid = SnapshotGUID.derive(content: empty, blockSize: 8192, volumeSize: 65536, originGUID: nil)
        #expect(guid == 0xf3d74a61d06a7148)
        let increment = SnapshotGUID.derive(content: empty, blockSize: 8192, volumeSize: 65536, originGUID: guid)
        #expect(increment == 0x158a1ae3fb76bb0b)
    }

    @Test("Content, block size, size and origin each make another guid")
    func parts() throws {
        let guids = [
            SnapshotGUID.derive(content: zeros(32), blockSize: 8192, volumeSize: 65536, originGUID: nil),
            SnapshotGUID.derive(content: noise(32), blockSize: 8192, volumeSize: 65536, originGUID: nil),
            SnapshotGUID.derive(content: zeros(32), blockSize: 4096, volumeSize: 65536, originGUID: nil),
            SnapshotGUID.derive(content: zeros(32), blockSize: 8192, volumeSize: 131_072, originGUID: nil),
            SnapshotGUID.derive(content: zeros(32), blockSize: 8192, volumeSize: 65536, originGUID: 1),
        ]
        #expect(Set(guids).count == guids.count && !guids.contains(0))
    }

    private func digest(_ pieces: [(UInt64, [UInt8])]) throws -> [UInt8] {
        var digest = SparseDigest()
        for (offset, bytes) in pieces { try unsafe digest.add(bytes.span.bytes, at: offset) }
        return digest.finalize()
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
