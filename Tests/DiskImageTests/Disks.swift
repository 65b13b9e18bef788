import DiskImage
import Glibc

/// A file that is read anywhere.
final class OpenFile: DiskFile {
    private let descriptor: CInt
    let byteCount: UInt64

    init(_ path: String) throws {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskTestError("open \(path): errno \(errno)") }
        byteCount = UInt64(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset < byteCount else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = unsafe pread(
                descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset) + off_t(done))
            guard count >= 0 else { throw DiskTestError("pread: errno \(errno)") }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func nextData(from offset: UInt64) throws -> Range<UInt64>? {
        // SEEK_DATA and SEEK_HOLE, which Glibc does not import.
        let start = lseek(descriptor, off_t(offset), 3)
        guard start >= 0 else { return nil }
        return UInt64(start)..<UInt64(lseek(descriptor, start, 4))
    }
}

/// Bytes of memory, as a file or in pieces of odd lengths as a stream.
struct Bytes: DiskFile, ByteSource {
    let bytes: [UInt8]
    var place = 0
    var state: UInt64 = 1
    /// The longest piece.
    var piece = Int.max

    init(_ bytes: [UInt8], piece: Int = .max) {
        self.bytes = bytes
        self.piece = piece
    }

    var byteCount: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < UInt64(bytes.count) else { return 0 }
        let count = min(buffer.count, bytes.count - Int(offset))
        unsafe buffer.copyBytes(from: bytes[Int(offset)..<(Int(offset) + count)])
        return count
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let count = min(buffer.count, bytes.count - place, piece == .max ? .max : Int(state >> 33) % piece + 1)
        unsafe buffer.copyBytes(from: bytes[place..<(place + count)])
        place += count
        return count
    }
}

/// A file as a stream of pieces of odd lengths.
struct FileStream: ByteSource {
    var file: OpenFile
    var place: UInt64 = 0
    var state: UInt64

    init(_ path: String, seed: UInt64) throws {
        file = try OpenFile(path)
        state = seed
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let most = min(buffer.count, Int(state >> 33) % 300_000 + 1)
        let count = try unsafe file.read(at: place, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<most]))
        place += UInt64(count)
        return count
    }
}

/// Room in memory, which says how much of it was used.
final class Room: ScratchStore {
    private var pieces: [UInt64: [UInt8]] = [:]
    private(set) var byteCount = 0

    func write(_ bytes: RawSpan, at offset: UInt64) {
        byteCount += bytes.byteCount
        pieces[offset] = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard let (start, bytes) = pieces.first(where: { $0.key <= offset && offset < $0.key + UInt64($0.value.count) })
        else { throw DiskTestError("nothing was written at \(offset)") }
        let within = Int(offset - start)
        unsafe buffer.copyBytes(from: bytes[within..<(within + buffer.count)])
    }
}

/// Why a test of disks cannot go on.
struct DiskTestError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The content of a small disk, in memory.
struct Content: DiskVisitor {
    var pieces: [(bytes: [UInt8], offset: UInt64)] = []
    var reached: UInt64 = 0

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        guard offset >= reached, bytes.byteCount > 0 else {
            throw DiskTestError("a piece at \(offset) after \(reached)")
        }
        reached = offset + UInt64(bytes.byteCount)
        pieces.append((unsafe bytes.withUnsafeBytes { unsafe Array($0) }, offset))
    }

    func disk(_ size: UInt64) -> [UInt8] {
        var disk = [UInt8](repeating: 0, count: Int(size))
        for (bytes, offset) in pieces { disk.replaceSubrange(Int(offset)..<(Int(offset) + bytes.count), with: bytes) }
        return disk
    }
}

/// At once: a debug build compares collections element by element.
private func isEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    guard let start = one.baseAddress, let otherStart = other.baseAddress else { return true }
    return unsafe memcmp(start, otherStart, one.count) == 0
}

/// Compares a disk, as it comes, with a file that holds it as it is.
struct Comparison: DiskVisitor {
    private let expected: OpenFile
    private var reached: UInt64 = 0

    init(with path: String) throws { expected = try OpenFile(path) }

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        guard offset >= reached else { throw DiskTestError("a piece at \(offset) after \(reached)") }
        try checkZero(reached..<offset)
        reached = offset + UInt64(bytes.byteCount)
        var there = [UInt8](repeating: 0, count: bytes.byteCount)
        let count = try unsafe there.withUnsafeMutableBytes { try unsafe expected.read(at: offset, into: $0) }
        let isSame = unsafe bytes.withUnsafeBytes { bytes in
            unsafe there.withUnsafeBytes { unsafe isEqual($0, bytes) }
        }
        guard count == there.count, isSame else { throw DiskTestError("other content at \(offset)") }
    }

    mutating func finish(_ size: UInt64) throws {
        guard size == expected.byteCount else { throw DiskTestError("\(size) bytes, and not \(expected.byteCount)") }
        try checkZero(reached..<size)
    }

    private func checkZero(_ range: Range<UInt64>) throws {
        var place = range.lowerBound
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while place < range.upperBound, let data = try expected.nextData(from: place),
            data.lowerBound < range.upperBound
        {
            place = max(place, data.lowerBound)
            let end = min(data.upperBound, range.upperBound, place + UInt64(buffer.count))
            let count = Int(end - place)
            _ = try unsafe buffer.withUnsafeMutableBytes {
                try unsafe expected.read(at: place, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
            }
            // The first byte is zero, and each is what the one before it is.
            let isZero = unsafe buffer.withUnsafeBytes { buffer in
                unsafe buffer[0] == 0
                    && isEqual(
                        UnsafeRawBufferPointer(rebasing: buffer[..<(count - 1)]),
                        UnsafeRawBufferPointer(rebasing: buffer[1..<count]))
            }
            guard isZero else {
                throw DiskTestError("content is missing in \(place)..<\(end)")
            }
            place = end
        }
    }
}

/// Collects what is written.
struct Collector: ByteSink {
    var bytes: [UInt8] = []
    mutating func write(_ span: RawSpan) { unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
}

struct Numbers {
    private var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func one<Value>(of values: [Value]) -> Value { values[next(values.count)] }
}
