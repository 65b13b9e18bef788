/// Makes whole blocks of pieces that come in ascending order.
struct BlockGatherer {
    let blockSize: Int
    private var block: [UInt8] = []
    private var blockStart: UInt64 = 0
    /// Bytes of the block at hand that came.
    private var covered = 0
    private var reached: UInt64 = 0

    init(blockSize: Int) { self.blockSize = blockSize }

    /// - Parameter consume: gets a block, its offset, and how many of its bytes came; the others are zero.
    mutating func add(
        _ bytes: RawSpan, at offset: UInt64,
        _ consume: (RawSpan, UInt64, Int) throws -> Void
    ) throws {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
        guard offset >= reached, !overflow else {
            throw UnplacedStreamError(.order, "content at \(offset) comes after what reaches to \(reached)")
        }
        var taken = 0
        while taken < bytes.byteCount {
            let place = offset + UInt64(taken)
            let within = Int(place % UInt64(blockSize))
            let count = min(blockSize - within, bytes.byteCount - taken)
            let piece = bytes.extracting(taken..<(taken + count))
            taken += count
            if covered > 0, blockStart != place - UInt64(within) { try flush(consume) }
            if count == blockSize {
                try consume(piece, place, count)
                continue
            }
            gather(piece, within, place - UInt64(within))
            if within + count == blockSize { try flush(consume) }
        }
        reached = end
    }

    /// Hands on the block at hand, if there is one.
    mutating func flush<Failure>(_ consume: (RawSpan, UInt64, Int) throws(Failure) -> Void) throws(Failure) {
        guard covered > 0 else { return }
        let count = covered
        covered = 0
        try unsafe consume(block.span.bytes, blockStart, count)
    }

    private mutating func gather(_ piece: RawSpan, _ within: Int, _ start: UInt64) {
        if covered == 0 {
            block = [UInt8](repeating: 0, count: blockSize)
            blockStart = start
        }
        covered += piece.byteCount
        unsafe block.withUnsafeMutableBytes { block in
            unsafe piece.withUnsafeBytes { piece in
                unsafe UnsafeMutableRawBufferPointer(rebasing: block[within...]).copyMemory(from: piece)
            }
        }
    }
}
