import SendStream
import Testing

/// Streams that are written here.
@Suite struct WriterTests {
    static let sizes = [4096, 8192, 16384, 32768, 65536, 131_072]

    @Test("What is written is read back, whatever pieces it came in", arguments: sizes)
    func roundTrip(blockSize: Int) throws {
        for size in [1, 4095, 4096, blockSize, blockSize + 1, 5 * blockSize - 7, 16 * blockSize] {
            let disk = Disk(size: size, blockSize: blockSize, seed: UInt64(size))
            let snapshot = VolumeSnapshot(
                name: "pool/disk@final", guid: 77, created: 1_700_000_000, size: UInt64(size), blockSize: blockSize)
            let stream = try write(snapshot, [(0, disk.bytes)])
            for piece in [1000, 4096, blockSize, 3 * blockSize + 11] {
                #expect(try write(snapshot, disk.pieces(of: piece)) == stream, "pieces of \(piece)")
            }
            #expect(try write(snapshot, disk.withoutZeros(pieces: 512)) == stream)
            let reading = readVolume(stream, chunks: [997])
            let volumeSize = (size + blockSize - 1) / blockSize * blockSize
            #expect(reading.error == nil)
            #expect(reading.content() == disk.bytes + zeros(volumeSize - size))
            #expect(reading.events.first == .begin(blockSize: blockSize))
            #expect(reading.header?.guid == 77 && reading.header?.originGUID == nil)
            #expect(reading.header?.flags == [] && reading.header?.created == 1_700_000_000)
            #expect(reading.header?.name == Array("pool/disk@final".utf8))
            // Blocks of zeros are left out.
            let blocks = reading.events.filter { if case .data = $0 { true } else { false } }
            #expect(blocks.count == disk.blocks(blockSize).count { $0.contains { $0 != 0 } })
        }
    }

    @Test("A disk of zeros, and a huge one with a block at its end, are small")
    func sparse() throws {
        let empty = VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 1 << 41, blockSize: 8192)
        let stream = try write(empty, [])
        #expect(stream.count == 312 * 7 + 512)
        #expect(readVolume(stream).events == [.begin(blockSize: 8192), .end(size: 1 << 41)])
        let last = try write(empty, [(1 << 41 - 1, [9])])
        let content = zeros(8191) + [9]
        #expect(
            readVolume(last).events == [
                .begin(blockSize: 8192), .data(content, at: 1 << 41 - 8192), .end(size: 1 << 41),
            ])
    }

    @Test("An increment has what changed, what is zero now, and what is gone", arguments: sizes)
    func increment(blockSize: Int) throws {
        let old = Disk(size: 24 * blockSize, blockSize: blockSize, seed: 1)
        for blocks in [24, 20, 30] {
            var new = Disk(size: blocks * blockSize - 5, blockSize: blockSize, seed: 1)
            for block in [0, 3, 4, 11] {
                new.replace(block, blockSize, with: noise(blockSize, seed: UInt64(block + 5)))
            }
            for block in [1, 2, 7, 19] { new.replace(block, blockSize, with: zeros(blockSize)) }
            let snapshot = VolumeSnapshot(
                name: "pool/disk@two", guid: 78, created: 0, size: UInt64(new.bytes.count), blockSize: blockSize,
                origin: .init(guid: 77, size: UInt64(old.bytes.count)))
            let changes = zip(new.blocks(blockSize), old.blocks(blockSize) + Array(repeating: [], count: 10))
                .enumerated().filter { $1.0 != $1.1 }.map { (UInt64($0 * blockSize), $1.0) }
            let stream = try write(snapshot, changes)
            let reading = readVolume(stream, chunks: [997])
            #expect(reading.error == nil)
            #expect(reading.header?.originGUID == 77 && reading.header?.flags == .clone)
            let whole = blocks * blockSize
            #expect(reading.content(on: old.bytes) == new.bytes + zeros(whole - new.bytes.count))
            #expect(stream.count < whole)
            // Freed by the caller, it is the same.
            let freed = try write(snapshot, changes, freeing: true)
            #expect(freed == stream)
        }
    }

    @Test("Each record's checksum is right, and the sequence is that of the specification")
    func sequence() throws {
        let snapshot = VolumeSnapshot(name: "a@b", guid: 5, created: 0, size: 16384, blockSize: 8192)
        let reading = read(try write(snapshot, [(0, noise(16384))]))
        #expect(reading.error == nil && reading.uncheckedCount == 0 && reading.recordCount == 9)
        let kinds = reading.records.map { "\($0)".prefix { $0 != "(" } }
        #expect(kinds == ["freeObjects", "object", "object", "freeObjects", "write", "write", "write"])
    }

    @Test("Without its end, it is no whole stream")
    func withheld() throws {
        var sink = Bytes()
        var writer = try VolumeWriter(VolumeSnapshot(name: "a@b", guid: 5, created: 0, size: 8192))
        try writer.begin(to: &sink)
        try unsafe writer.write(noise(8192).span.bytes, at: 0, to: &sink)
        try writer.finish(to: &sink)
        #expect(writer.byteCount == UInt64(sink.bytes.count))
        #expect(readVolume(sink.bytes).error?.reason == .truncated)
        try writer.end(to: &sink)
        #expect(readVolume(sink.bytes).error == nil && writer.byteCount == UInt64(sink.bytes.count))
    }

    @Test("A size that is known at the end makes the same stream")
    func sizedLate() throws {
        let content = noise(20_000)
        let known = VolumeSnapshot(name: "a@b", guid: 5, created: 0, size: 20_000)
        var unknown = known
        unknown.size = 1 << 40
        func late(_ size: UInt64) throws -> [UInt8] {
            var sink = Bytes()
            var writer = try VolumeWriter(unknown)
            try writer.begin(to: &sink)
            try unsafe writer.write(content.span.bytes, at: 0, to: &sink)
            try writer.finish(size: size, to: &sink)
            try writer.end(to: &sink)
            return sink.bytes
        }
        #expect(try late(20_000) == write(known, [(0, content)]))
        #expect(throws: StreamError.self) { try late(19_999) }
        #expect(throws: StreamError.self) { try late(1 << 41) }
    }

    @Test("The next snapshot has the same content and another guid, and is no clone")
    func next() throws {
        var sink = Bytes()
        let snapshot = VolumeSnapshot(name: "a@b", guid: 7, created: 0, size: 20_000)
        try NextSnapshot.write(snapshot, after: 5, to: &sink)
        let content = noise(20_000)
        let reading = readVolume(sink.bytes)
        #expect(reading.error == nil)
        #expect(reading.header?.guid == 7 && reading.header?.originGUID == 5 && reading.header?.flags == [])
        #expect(reading.content(on: content) == content)
    }

    static let impossible: [VolumeSnapshot] = [
        VolumeSnapshot(name: "a@b", guid: 0, created: 0, size: 8192),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 0),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: .max),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 1 << 63 - 1),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192, blockSize: 2048),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192, blockSize: 12288),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192, blockSize: 1 << 18),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192, blockSize: 0),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192, blockSize: .min),
        VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192, origin: .init(guid: 0, size: 8192)),
        VolumeSnapshot(name: "ab", guid: 1, created: 0, size: 8192),
        VolumeSnapshot(name: "a@\0", guid: 1, created: 0, size: 8192),
        VolumeSnapshot(name: String(repeating: "a", count: 255) + "@", guid: 1, created: 0, size: 8192),
    ]

    @Test("A snapshot that cannot be is refused", arguments: impossible.indices)
    func refused(index: Int) { #expect(throws: StreamError.self) { try VolumeWriter(Self.impossible[index]) } }

    @Test("Content out of order, over the size, or in parts of an increment's blocks is refused")
    func wrongContent() throws {
        let snapshot = VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 65536, blockSize: 8192)
        func reason(_ pieces: [(UInt64, [UInt8])], origin: Bool = false) -> StreamError.Reason? {
            var snapshot = snapshot
            if origin { snapshot.origin = .init(guid: 3, size: 65536) }
            do {
                _ = try write(snapshot, pieces)
                return nil
            } catch { return (error as? StreamError)?.reason }
        }
        #expect(reason([(8192, [1]), (0, [1])]) == .order)
        #expect(reason([(0, noise(10)), (9, [1])]) == .order)
        #expect(reason([(65536, [1])]) == .limit)
        #expect(reason([(65530, noise(7))]) == .limit)
        #expect(reason([(.max, [1])]) == .limit)
        #expect(reason([(.max - 1, noise(10))]) == .limit)
        #expect(reason([(0, noise(8191))]) == nil)
        #expect(reason([(0, noise(8191))], origin: true) == .order)
        #expect(reason([(1, noise(8191)), (8192, noise(8192))], origin: true) == .order)
        #expect(reason([(0, noise(8000)), (8000, noise(192))], origin: true) == nil)
    }

    @Test("Steps out of order are refused")
    func steps() throws {
        var sink = Bytes()
        let snapshot = VolumeSnapshot(name: "a@b", guid: 1, created: 0, size: 8192)
        var writer = try VolumeWriter(snapshot)
        #expect(throws: StreamError.self) { try writer.finish(to: &sink) }
        #expect(throws: StreamError.self) { try writer.end(to: &sink) }
        #expect(throws: StreamError.self) { try unsafe writer.write([1].span.bytes, at: 0, to: &sink) }
        try writer.begin(to: &sink)
        #expect(throws: StreamError.self) { try writer.begin(to: &sink) }
        #expect(throws: StreamError.self) { try writer.end(to: &sink) }
        try writer.finish(to: &sink)
        #expect(throws: StreamError.self) { try writer.free(at: 0, count: 8192, to: &sink) }
        try writer.end(to: &sink)
        #expect(throws: StreamError.self) { try writer.end(to: &sink) }
    }
}

struct Bytes: StreamSink {
    var bytes: [UInt8] = []
    mutating func write(_ more: RawSpan) { bytes += copy(more) }
}

/// - Parameter freeing: pieces of zeros are freed instead of written.
func write(_ snapshot: VolumeSnapshot, _ pieces: [(UInt64, [UInt8])], freeing: Bool = false) throws -> [UInt8] {
    var sink = Bytes()
    var writer = try VolumeWriter(snapshot)
    try writer.begin(to: &sink)
    for (offset, bytes) in pieces {
        if freeing, bytes.allSatisfy({ $0 == 0 }) {
            try writer.free(at: offset, count: UInt64(bytes.count), to: &sink)
        } else {
            try unsafe writer.write(bytes.span.bytes, at: offset, to: &sink)
        }
    }
    try writer.finish(to: &sink)
    try writer.end(to: &sink)
    return sink.bytes
}

/// A disk of blocks with and without content.
struct Disk {
    private(set) var bytes: [UInt8]

    init(size: Int, blockSize: Int, seed: UInt64) {
        bytes = []
        var number: UInt64 = 0
        while bytes.count < size {
            number += 1
            bytes += [2, 5, 6].contains(number % 8) ? zeros(blockSize) : noise(blockSize, seed: seed &+ number)
        }
        bytes.removeLast(bytes.count - size)
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func replace(_ block: Int, _ blockSize: Int, with content: [UInt8]) {
        let end = min(bytes.count, (block + 1) * blockSize)
        guard block * blockSize < end else { return }
        bytes.replaceSubrange(block * blockSize..<end, with: content.prefix(end - block * blockSize))
    }

    func blocks(_ size: Int) -> [[UInt8]] { pieces(of: size).map(\.1) }

    func pieces(of size: Int) -> [(UInt64, [UInt8])] {
        stride(from: 0, to: bytes.count, by: size).map {
            (UInt64($0), Array(bytes[$0..<min(bytes.count, $0 + size)]))
        }
    }

    func withoutZeros(pieces size: Int) -> [(UInt64, [UInt8])] {
        pieces(of: size).filter { $0.1.contains { $0 != 0 } }
    }
}
