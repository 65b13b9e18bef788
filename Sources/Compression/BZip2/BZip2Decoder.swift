/// Decodes blocks of bzip2, one after the other, each from nothing but its own bits.
///
/// A block is text of 900,000 bytes at most, sorted by what follows each byte (Burrows and Wheeler), as places in a list of
/// which the front is what came last, in prefix codes. Of the sorted text the original is walked from its end: each byte's
/// place in it tells that of the byte before, so that one table in its order is enough.
///
/// For one thread at a time.
@safe final class BZip2Decoder: @unchecked Sendable {
    /// What a block holds at the highest level.
    static let mostBytes = 900_000
    /// No block takes so much packed: its symbols are 900,100 at most, of 20 bits each.
    static let mostPacked = 4 << 20
    private static let groupLength = 50

    enum Outcome {
        case block(BZip2Block)
        /// A block of bzip2 before 0.9.5, which mixed its text with numbers that only libbz2 has.
        case randomised(end: Int)
        case corrupt
        /// The bits end before the block does.
        case incomplete
    }

    /// The sorted text.
    private let sorted: UnsafeMutablePointer<UInt8>
    /// For each byte of it, the place of the byte before, times 256, and the byte.
    private let before: UnsafeMutablePointer<UInt32>
    private let text: UnsafeMutablePointer<UInt8>
    /// For the walk.
    private let room: UnsafeMutablePointer<UInt8>
    /// Of each code, what ``BZip2Code/quick`` has.
    private let quick: UnsafeMutablePointer<UInt16>
    private var codes = [BZip2Code](repeating: BZip2Code(), count: 6)
    private let blockBytes: Int
    private let expandedBytes: Int

    /// Less room is for fuzzing, to which fresh memory is dear.
    ///
    /// - Parameters:
    ///   - blockBytes: what a block may hold.
    ///   - expandedBytes: what of a block is expanded beforehand.
    init(blockBytes: Int = mostBytes, expandedBytes: Int = BZip2Block.mostBytes) {
        self.blockBytes = blockBytes
        self.expandedBytes = expandedBytes
        unsafe sorted = .allocate(capacity: blockBytes)
        unsafe before = .allocate(capacity: blockBytes)
        unsafe text = .allocate(capacity: blockBytes)
        unsafe room = .allocate(capacity: BZip2Walk.roomBytes(blockBytes))
        unsafe quick = .allocate(capacity: 6 << BZip2Code.quickBits)
    }

    deinit {
        unsafe sorted.deallocate()
        unsafe before.deallocate()
        unsafe text.deallocate()
        unsafe room.deallocate()
        unsafe quick.deallocate()
    }

    /// Decodes the block that begins at a bit with its magic number.
    func decode(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Outcome {
        var bits = unsafe BZip2Bits(bytes, at: position + BZip2BlockHeader.magicBits)
        let header = BZip2BlockHeader(&bits) { code, lengths in
            codes[code].make(lengths)
            let place = unsafe UnsafeMutableBufferPointer(
                start: quick + code << BZip2Code.quickBits, count: 1 << BZip2Code.quickBits)
            _ = unsafe place.update(fromContentsOf: codes[code].quick)
        }
        guard let header else { return bits.isBeyondEnd ? .incomplete : .corrupt }
        var counts = [UInt32](repeating: 0, count: 256)
        guard let count = readSymbols(header, &bits, &counts) else {
            return bits.isBeyondEnd ? .incomplete : .corrupt
        }
        if bits.isBeyondEnd { return .incomplete }
        guard header.row < count else { return .corrupt }
        if header.isRandomised { return .randomised(end: bits.position) }
        link(count, counts)
        unsafe BZip2Walk(before, count: count, room: room).run(from: header.row, into: text, head: sorted)
        return .block(
            unsafe BZip2Block(
                UnsafeBufferPointer(start: text, count: count), end: bits.position, checksum: header.checksum,
                most: expandedBytes))
    }

    /// Reads the sorted text.
    ///
    /// - Parameter counts: of each byte.
    /// - Returns: its length; nil if something is as it cannot be.
    private func readSymbols(_ header: BZip2BlockHeader, _ bits: inout BZip2Bits, _ counts: inout [UInt32]) -> Int? {
        let end = header.bytes.count + 1
        let most = blockBytes
        var front = BZip2Front(header.bytes)
        var count = 0
        // Of the byte at the front: digits of 1 and 2, each worth twice as much as the one before.
        var run = 0
        var worth = 1
        for selector in header.selectors {
            let table = unsafe quick + Int(selector) << BZip2Code.quickBits
            for _ in 0..<Self.groupLength {
                bits.refill()
                var symbol = Int(unsafe table[bits.peek(BZip2Code.quickBits)])
                if symbol != 0 {
                    bits.skip(symbol & 31)
                    symbol >>= 5
                } else {
                    guard let found = codes[Int(selector)].find(bits.peek(BZip2Code.longest), of: BZip2Code.longest)
                    else {
                        // So many are read before it is clear that they mean nothing.
                        bits.skip(BZip2Code.longest + 1)
                        return nil
                    }
                    bits.skip(found.length)
                    symbol = Int(found.symbol)
                }
                if symbol < 2 {
                    guard worth < 1 << 21 else { return nil }
                    run &+= worth << symbol
                    worth <<= 1
                    continue
                }
                if run > 0 {
                    guard run <= most - count else { return nil }
                    let byte = front.first
                    unsafe (sorted + count).update(repeating: byte, count: run)
                    counts[Int(byte)] &+= UInt32(truncatingIfNeeded: run)
                    count &+= run
                    run = 0
                    worth = 1
                }
                if symbol == end { return count }
                guard count < most else { return nil }
                let byte = front.move(symbol &- 1)
                unsafe sorted[count] = byte
                counts[Int(byte)] &+= 1
                count &+= 1
            }
        }
        return nil
    }

    private func link(_ count: Int, _ counts: [UInt32]) {
        var next: [UInt32] = []
        next.reserveCapacity(256)
        var sum: UInt32 = 0
        for byte in counts {
            next.append(sum)
            sum += byte
        }
        unsafe next.withUnsafeMutableBufferPointer { next in
            for place in 0..<count {
                let byte = Int(unsafe sorted[place])
                unsafe before[place] = next[byte] << 8 | UInt32(truncatingIfNeeded: byte)
                unsafe next[byte] &+= 1
            }
        }
    }
}

/// Bytes in the order in which they came last.
@safe struct BZip2Front {
    private var bytes: InlineArray<256, UInt8>

    init(_ used: [UInt8]) {
        bytes = InlineArray(repeating: 0)
        for (place, byte) in used.prefix(256).enumerated() { bytes[place] = byte }
    }

    var first: UInt8 { bytes[0] }

    /// Brings a byte to the front.
    @inline(__always)
    mutating func move(_ place: Int) -> UInt8 {
        let byte = bytes[place]
        var place = place
        while place > 0 {
            bytes[place] = bytes[place &- 1]
            place &-= 1
        }
        bytes[0] = byte
        return byte
    }
}
