import RawBytes

/// Lets a stream be read as if it were a file: what has come and was not used yet is kept, in memory up to a limit, then in
/// the scratch store.
///
/// Each byte is used once, and forgotten then. An image whose tables and content come about in the order of the disk costs
/// next to nothing; one in any other order costs room, but never time: what is read on for the sake of something far ahead is
/// kept. Of a piece of which a little is never used, such as the counts of references in a qcow2, only that little goes to the scratch
/// store.
final class StreamWindow {
    private var source: any ByteSource
    private var scratch: (any ScratchStore)?
    private let limit: Int
    /// Of the chunks that have come, those that were not used up.
    private var chunks: [Int: Chunk] = [:]
    /// How many have come.
    private var chunkCount = 0
    /// The first of the chunks in memory, in the order in which they came.
    private var oldest = 0
    /// Of the chunks of which a part was used: which.
    private var usedParts: [Int: UsedRanges] = [:]
    /// Of the chunks that are no more in memory, and were used in part: what is kept of them.
    private var keptParts: [Int: [Range<Int>]] = [:]
    private var bytesInMemory = 0
    /// Chunks that something is remembered of.
    var knownChunks: Int { chunks.count }
    private(set) var byteCount: UInt64 = 0
    private(set) var isAtEnd = false

    private struct Chunk {
        var state = State.memory
        var bytes: [UInt8] = []
        var count = 0
        var used = 0
    }

    private enum State { case memory, scratch, zero }

    /// What is kept is kept in pieces of this, as file systems do. What is packed may be read up to the end of its last sector, where
    /// something else begins that was used already.
    private static let grain = 4096

    private let chunkBytes: Int

    init(_ source: any ByteSource, scratch: (any ScratchStore)?, _ limits: DiskLimits) {
        self.source = source
        self.scratch = scratch
        chunkBytes = limits.chunkBytes
        limit = max(limits.reorderBytes, 4 * limits.chunkBytes)
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(buffer.count))
        try readOn(to: overflow ? .max : end)
        guard offset < byteCount else { return 0 }
        let count = Int(min(UInt64(buffer.count), byteCount - offset))
        var done = 0
        while done < count {
            let place = offset + UInt64(done)
            let index = Int(place / UInt64(chunkBytes))
            let within = Int(place % UInt64(chunkBytes))
            let length = min(chunkBytes - within, count - done)
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + length)])
            guard let chunk = chunks[index] else { throw Self.usedTwice(place) }
            switch chunk.state {
            case .memory:
                unsafe chunk.bytes.withUnsafeBytes { bytes in
                    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[within..<(within + length)]))
                }
            case .zero:
                try checkKept(index, within..<(within + length))
                unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
            case .scratch:
                try checkKept(index, within..<(within + length))
                try unsafe scratch?.read(at: place, into: target)
            }
            done += length
        }
        return count
    }

    private func checkKept(_ index: Int, _ range: Range<Int>) throws {
        guard let kept = keptParts[index] else { return }
        guard kept.contains(where: { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }) else {
            throw Self.usedTwice(UInt64(index) * UInt64(chunkBytes) + UInt64(range.lowerBound))
        }
    }

    private static func usedTwice(_ place: UInt64) -> DiskError {
        DiskError(.badMap, at: place, "what is there is used twice, which only a file allows, not a stream")
    }

    /// These bytes will not be read again.
    func release(_ range: Range<UInt64>) {
        var place = range.lowerBound
        while place < min(range.upperBound, byteCount) {
            let index = Int(place / UInt64(chunkBytes))
            let end = min(range.upperBound, (UInt64(index) + 1) * UInt64(chunkBytes))
            let start = UInt64(index) * UInt64(chunkBytes)
            defer { place = end }
            chunks[index]?.used += Int(end - place)
            guard let chunk = chunks[index] else { continue }
            if chunk.state == .memory, chunk.used < chunkBytes {
                _ = usedParts[index, default: UsedRanges()].insert((place - start)..<(end - start))
            }
            // Also of the last one, which nothing is added to once it is full.
            if chunk.used >= chunk.count, chunk.count == chunkBytes || isAtEnd { drop(index, nil) }
        }
    }

    /// Reads the rest, and keeps nothing of it.
    func drain() throws {
        for (index, chunk) in chunks where chunk.state == .memory { drop(index, nil) }
        oldest = chunkCount
        var buffer = [UInt8](repeating: 0, count: chunkBytes)
        while !isAtEnd {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
            isAtEnd = count == 0
            byteCount += UInt64(count)
        }
    }

    private func readOn(to end: UInt64) throws {
        while byteCount < end, !isAtEnd {
            // One that is used up was full.
            if chunks[chunkCount - 1].map({ $0.count == chunkBytes }) ?? true {
                try makeRoom()
                chunks[chunkCount] = Chunk(bytes: [UInt8](repeating: 0, count: chunkBytes))
                chunkCount += 1
                bytesInMemory += chunkBytes
            }
            let last = chunkCount - 1
            let from = chunks[last]?.count ?? 0
            let count =
                try unsafe chunks[last]?.bytes.withUnsafeMutableBytes {
                    try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[from...]))
                } ?? 0
            isAtEnd = count == 0
            chunks[last]?.count += count
            byteCount += UInt64(count)
        }
    }

    /// Takes out of memory what came first.
    private func makeRoom() throws {
        while bytesInMemory >= limit, oldest < chunkCount {
            let index = oldest
            oldest += 1
            guard let chunk = chunks[index], chunk.state == .memory else { continue }
            let bytes = chunk.bytes
            let kept = usedParts[index]?.unused(of: chunk.count, by: Self.grain)
            let parts = kept ?? [0..<bytes.count]
            if parts.allSatisfy({ unsafe bytes.span.bytes.extracting($0).isZero }) {
                drop(index, .zero)
                keptParts[index] = kept
                continue
            }
            guard scratch != nil else {
                throw DiskError(
                    .limit, at: byteCount,
                    "more than \(limit) bytes come before their turn, and there is no room for them")
            }
            for part in parts {
                try unsafe scratch?.write(
                    bytes.span.bytes.extracting(part),
                    at: UInt64(index) * UInt64(chunkBytes) + UInt64(part.lowerBound))
            }
            drop(index, .scratch)
            keptParts[index] = kept
        }
    }

    /// - Parameter state: where it is now; nil: it is used up.
    private func drop(_ index: Int, _ state: State?) {
        guard var chunk = chunks.removeValue(forKey: index) else { return }
        if chunk.state == .memory { bytesInMemory -= chunkBytes }
        usedParts[index] = nil
        keptParts[index] = nil
        guard let state else { return }
        chunk.bytes = []
        chunk.state = state
        chunks[index] = chunk
    }
}
