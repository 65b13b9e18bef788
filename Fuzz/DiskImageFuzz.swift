@testable import Compression
@testable import DiskImage

/// What must hold of any bytes: they are a disk or are refused; content ascends and stays within the disk; what is handed out
/// is bounded by what is there; and as a stream, however it is cut, they are the same disk.
///
/// The first byte says how the stream is cut, and in one of 32 that it is read in pieces as large as the module's own: those are
/// small otherwise, since fresh memory takes longer than all else. Checksums that are all ones are given the right value: no mutation would come
/// upon it. Where a table or a header has a fixed place far into the file, the rest of the input is put there.
///
/// Memory: 192 MiB: a disk as large as its tables say is never kept: 1 MiB waits for its turn (the limits below), and the input is spread over 1 MiB.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDiskImage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let isUsual = bytes[0] % 32 == 31
    // They have threads, and a target of their own.
    if !isUsual, [.xz, .bzip2].contains(CompressionFormat.sniff(Array(bytes[1...]))) { return -1 }
    let image = spread(Array(bytes[1...]))
    let limits = limits(isUsual: isUsual)
    let asFile = read { try DiskReader(Image(image), scratch: Room(limits), limits: limits) }
    // Megabytes of zeros lie between the parts of a VHDX: what is no disk as a file is looked at as a stream only now and then.
    if case .refused = asFile, image.count >= 1 << 20, bytes[0] % 8 != 0 { return 0 }
    let asStream = read {
        try DiskReader(stream: Image(image, cut: bytes[0]), scratch: Room(limits), limits: limits)
    }
    switch (asFile, asStream) {
    case (.disk(let size, let digest), .disk(let streamSize, let streamDigest)):
        precondition(size == streamSize && digest == streamDigest, "another disk as a stream")
    case (.refused, .refused): break
    // What is used twice, or has no order, only a file allows; a footer or a directory at the end only a stream cannot see
    // in time.
    case (.disk, .refused(let reason)), (.refused(let reason), .disk):
        precondition(
            reason == nil || [.unsupported, .badMap, .badHeader, .truncated].contains(reason), "\(reason as Any)")
    }
    return 0
}

private func limits(isUsual: Bool) -> DiskLimits {
    var limits = DiskLimits(size: 1 << 50, reorderBytes: 1 << 20, unpackedBytes: 16 << 20)
    if !isUsual {
        limits.reorderBytes = 16 << 10
        limits.unpackedBytes = 128 << 10
        limits.pieceBytes = 8 << 10
        limits.chunkBytes = 4 << 10
        limits.unpacksAside = false
    }
    return limits
}

private enum Outcome {
    case disk(UInt64, UInt64)
    case refused(DiskError.Reason?)
}

private func read(_ open: () throws -> DiskReader) -> Outcome {
    var visitor = Visitor()
    do {
        let reader = try open()
        precondition(reader.description.size ?? 1 > 0)
        let size = try reader.read(to: &visitor)
        precondition(size >= visitor.reached, "content beyond the end")
        return .disk(size, visitor.digest)
    } catch {
        precondition(!"\(error)".isEmpty)
        return .refused((error as? DiskError)?.reason)
    }
}

private struct Visitor: DiskVisitor {
    var reached: UInt64 = 0
    private var sum: UInt64 = 0
    /// Eight bytes of the disk, of which the last piece had only the first.
    private var last: (place: UInt64, word: UInt64) = (0, 0)

    var digest: UInt64 { mixed(sum, last.place, last.word) }

    mutating func data(_ bytes: RawSpan, at offset: UInt64) {
        precondition(offset >= reached && bytes.byteCount > 0)
        reached = offset + UInt64(bytes.byteCount)
        var done = 0
        while done < bytes.byteCount {
            let place = offset + UInt64(done)
            let within = Int(place % 8)
            let length = min(8 - within, bytes.byteCount - done)
            var word: UInt64 = 0
            if length == 8 {
                word = bytes.unsafeLoadUnaligned(fromByteOffset: done, as: UInt64.self)
            } else {
                for byte in 0..<length {
                    word |= UInt64(bytes.unsafeLoad(fromByteOffset: done + byte, as: UInt8.self)) << UInt64((within + byte) * 8)
                }
            }
            add(word, of: place - UInt64(within))
            done += length
        }
    }

    /// Zeros at the ends depend on how the pieces were cut, and count for nothing.
    private mutating func add(_ word: UInt64, of place: UInt64) {
        if word == 0 { return }
        if last.place == place {
            last.word |= word
        } else {
            sum = mixed(sum, last.place, last.word)
            last = (place, word)
        }
    }

    private func mixed(_ sum: UInt64, _ place: UInt64, _ word: UInt64) -> UInt64 {
        word == 0 ? sum : ((sum ^ place) &* 0x9e37_79b9_7f4a_7c15 ^ word) &* 0xd6e8_feb8_6659_fd93
    }
}

private struct Image: DiskFile, ByteSource {
    let bytes: [UInt8]
    var place = 0
    var state: UInt64

    init(_ bytes: [UInt8], cut: UInt8 = 0) {
        self.bytes = bytes
        state = UInt64(cut) | 1
    }

    var byteCount: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < byteCount else { return 0 }
        let count = min(buffer.count, bytes.count - Int(offset))
        buffer.copyBytes(from: bytes[Int(offset)..<(Int(offset) + count)])
        return count
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // The parts of a VHDX lie far from each other.
        let count = min(buffer.count, bytes.count - place, Int(state >> 33) % (bytes.count < 1 << 20 ? 3000 : 200_000) + 1)
        buffer.copyBytes(from: bytes[place..<(place + count)])
        place += count
        return count
    }
}

private final class Room: ScratchStore {
    private var pieces: [UInt64: [UInt8]] = [:]
    private let chunkBytes: UInt64

    init(_ limits: DiskLimits) { chunkBytes = UInt64(limits.chunkBytes) }

    func write(_ bytes: RawSpan, at offset: UInt64) { pieces[offset] = bytes.withUnsafeBytes { Array($0) } }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
        let start = offset / chunkBytes * chunkBytes
        guard let bytes = pieces[start] else { preconditionFailure("nothing was written at \(offset)") }
        let within = Int(offset - start)
        buffer.copyBytes(from: bytes[within..<(within + buffer.count)])
    }
}

/// VHDX has its parts at 64 KiB and its multiples, of which only the first bytes matter: the input has those of each, one after the
/// other.
private func spread(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.starts(with: VHDXHeader.magic) else { return seal(bytes) }
    var image = [UInt8](repeating: 0, count: 1 << 20 + 4096)
    let parts: [(place: Int, count: Int)] = [
        (0, 16), (64 << 10, 96), (128 << 10, 96), (192 << 10, 96), (256 << 10, 96), (320 << 10, 224), (384 << 10, 64),
        (448 << 10, 64), (1 << 20, 4096),
    ]
    var rest = bytes[...]
    for part in parts {
        let piece = rest.prefix(part.count)
        image.replaceSubrange(part.place..<(part.place + piece.count), with: piece)
        rest = rest.dropFirst(part.count)
    }
    for (place, count) in [(64 << 10, 4096), (128 << 10, 4096), (192 << 10, 65536), (256 << 10, 65536)]
    where image[(place + 4)..<(place + 8)].allSatisfy({ $0 == 0xff }) {
        let sum = CRC32C.of(Array(image[place..<(place + count)]))
        for byte in 0..<4 { image[place + 4 + byte] = UInt8(truncatingIfNeeded: sum >> (byte * 8)) }
    }
    return image
}

/// The checksums of a VHD, in front, behind and of its dynamic header.
private func seal(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    func mend(_ start: Int, _ count: Int, _ place: Int) {
        guard start >= 0, start + count <= bytes.count,
            bytes[(start + place)..<(start + place + 4)].allSatisfy({ $0 == 0xff })
        else { return }
        let sum = VHDFooter.checksum(Array(bytes[start..<(start + count)]), at: place)
        for byte in 0..<4 { bytes[start + place + byte] = UInt8(truncatingIfNeeded: sum >> (24 - byte * 8)) }
    }
    if bytes.starts(with: VHDFooter.magic) {
        mend(0, 512, 64)
        mend(512, 1024, 36)
    } else {
        mend(bytes.count - 512, 512, 64)
    }
    return bytes
}
