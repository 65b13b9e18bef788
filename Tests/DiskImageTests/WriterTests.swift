import DiskImage
import Glibc
import TestHost
import Testing

@Suite struct WriterTests {
    /// A disk with content here and there.
    private static func disk(_ seed: Int) -> (size: UInt64, pieces: [(bytes: [UInt8], offset: UInt64)]) {
        var numbers = Numbers(seed)
        let size = UInt64(numbers.one(of: [512, 4096, 65536, 65536 + 512, 9_000_448, 1 << 30, 1 << 42]))
        var pieces: [(bytes: [UInt8], offset: UInt64)] = []
        var place: UInt64 = 0
        for _ in 0..<numbers.next(9) {
            place += UInt64(numbers.next(1 << 30)) % size / 4096 * 4096
            let count = UInt64(numbers.one(of: [512, 4096, 12288, 65536, 300_032]))
            guard place < size else { break }
            let length = Int(min(count, size - place))
            pieces.append(((0..<length).map { _ in UInt8(numbers.next(256)) }, place))
            place += UInt64(length)
        }
        return (size, pieces)
    }

    private static func write(_ size: UInt64, _ pieces: [(bytes: [UInt8], offset: UInt64)]) throws -> Collector {
        var map = ClusterMap()
        for (bytes, offset) in pieces { try unsafe map.add(bytes.span.bytes, at: offset) }
        var writer = try QCOW2Writer(size: size, map: map)
        var sink = Collector()
        try writer.begin(to: &sink)
        for (bytes, offset) in pieces { try unsafe writer.write(bytes.span.bytes, at: offset, to: &sink) }
        try writer.finish(to: &sink)
        #expect(UInt64(sink.bytes.count) == writer.byteCount)
        return sink
    }

    @Test("A qcow2 that is written is sound to qemu-img, and holds what was given", arguments: 0..<24)
    func qcow2(_ seed: Int) async throws {
        let (size, pieces) = Self.disk(seed)
        let folder = Folder()
        defer { folder.remove() }
        let bytes = try Self.write(size, pieces).bytes
        try folder.write(bytes, to: "disk.qcow2")
        try await Tool.shell("qemu-img check -q \(folder.path)/disk.qcow2")
        var content = Content()
        #expect(try DiskReader(Bytes(bytes)).read(to: &content) == size)
        guard size <= 1 << 30 else { return }
        try await Tool.shell("truncate -s \(size) \(folder.path)/disk.raw")
        for (bytes, offset) in pieces { try folder.write(bytes, to: "disk.raw", at: offset) }
        try await Tool.shell(
            "cd \(folder.path) && qemu-img compare -q -f raw -F qcow2 disk.raw disk.qcow2 && qemu-img convert -O raw disk.qcow2 back.raw"
        )
        var comparison = try Comparison(with: "\(folder.path)/back.raw")
        try comparison.finish(try DiskReader(try OpenFile("\(folder.path)/disk.raw")).read(to: &comparison))
    }

    @Test("Content that is another one in the second pass is noticed")
    func changed() throws {
        let cluster = 65536
        let piece = [UInt8](repeating: 1, count: 4096)
        var map = ClusterMap()
        try unsafe map.add(piece.span.bytes, at: UInt64(3 * cluster))
        func attempt(_ offsets: [Int]) throws {
            var writer = try QCOW2Writer(size: 1 << 20, map: map)
            var sink = Collector()
            try writer.begin(to: &sink)
            for offset in offsets { try unsafe writer.write(piece.span.bytes, at: UInt64(offset), to: &sink) }
            try writer.finish(to: &sink)
        }
        try attempt([3 * cluster])
        try attempt([3 * cluster + 8192, 3 * cluster + 16384])
        for offsets in [
            [], [2 * cluster], [4 * cluster], [3 * cluster, 5 * cluster], [3 * cluster, 3 * cluster], [1 << 20],
        ] {
            #expect(throws: DiskError.self) { try attempt(offsets) }
        }
        #expect(throws: DiskError.self) { try unsafe map.add(piece.span.bytes, at: 0) }
        #expect(throws: DiskError.self) { _ = try QCOW2Writer(size: 1 << 52, map: ClusterMap()) }
        #expect(throws: DiskError.self) { _ = try QCOW2Writer(size: 0, map: ClusterMap()) }
    }

    @Test("A disk written as it is has its zeros")
    func raw() throws {
        var writer = RawWriter(size: 700_000)
        var sink = Collector()
        let piece: [UInt8] = [1, 2, 3]
        try unsafe writer.write(piece.span.bytes, at: 5, to: &sink)
        try unsafe writer.write(piece.span.bytes, at: 600_000, to: &sink)
        #expect(throws: DiskError.self) { try unsafe writer.write(piece.span.bytes, at: 5, to: &sink) }
        #expect(throws: DiskError.self) { try unsafe writer.write(piece.span.bytes, at: 699_999, to: &sink) }
        try writer.finish(to: &sink)
        var expected = [UInt8](repeating: 0, count: 700_000)
        for place in [5, 600_000] { expected.replaceSubrange(place..<(place + 3), with: piece) }
        #expect(sink.bytes == expected)
    }
}

extension Folder {
    func write(_ bytes: [UInt8], to name: String, at offset: UInt64 = 0) throws {
        let file = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DiskTestError("\(name): errno \(errno)") }
        defer { close(file) }
        guard unsafe pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw DiskTestError("\(name): errno \(errno)")
        }
    }
}
