/// What stands before the symbols of a block: which bytes occur, and the codes.
struct BZip2BlockHeader {
    static let magic = 0x3141_5926_5359
    static let endMagic = 0x1772_4538_5090
    /// Bits of either.
    static let magicBits = 48

    let checksum: UInt32
    /// Of bzip2 before 0.9.5.
    let isRandomised: Bool
    /// Which row of the sorted rotations is the text.
    let row: Int
    /// The bytes that occur.
    let bytes: [UInt8]
    /// Which code the symbols of each group of fifty are in.
    let selectors: [UInt8]
    let codes: Int

    /// More selectors than a block has symbols for are passed over, as libbz2 does: some compressors wrote them.
    private static let mostSelectors = 18_002
    private static let bitsOfLengths = 5

    /// Reads on behind the magic number.
    ///
    /// - Parameter make: takes the lengths of the symbols' codes, one code after the other.
    /// - Returns: nil if something is as it cannot be.
    init?(_ bits: inout BZip2Bits, make: (_ code: Int, _ lengths: ArraySlice<UInt8>) -> Void) {
        checksum = UInt32(truncatingIfNeeded: bits.read(32))
        isRandomised = bits.read(1) == 1
        row = bits.read(24)
        guard row <= 10 + BZip2Decoder.mostBytes else { return nil }

        let ranges = bits.read(16)
        var bytes: [UInt8] = []
        for range in 0..<16 where ranges >> (15 - range) & 1 == 1 {
            let used = bits.read(16)
            for byte in 0..<16 where used >> (15 - byte) & 1 == 1 { bytes.append(UInt8(range * 16 + byte)) }
        }
        guard !bytes.isEmpty else { return nil }
        self.bytes = bytes

        codes = bits.read(3)
        guard (2...6).contains(codes) else { return nil }
        let count = bits.read(15)
        guard count > 0, let selectors = Self.selectors(&bits, count: count, codes: codes) else { return nil }
        self.selectors = selectors
        for code in 0..<codes {
            guard let lengths = Self.lengths(&bits, count: bytes.count + 2) else { return nil }
            make(code, lengths[...])
        }
    }

    /// Each as how far it has been moved back by others, in ones behind which is a zero.
    private static func selectors(_ bits: inout BZip2Bits, count: Int, codes: Int) -> [UInt8]? {
        var selectors: [UInt8] = []
        selectors.reserveCapacity(min(count, mostSelectors))
        var order: [UInt8] = [0, 1, 2, 3, 4, 5]
        for _ in 0..<count {
            var place = 0
            while bits.read(1) == 1 {
                place += 1
                if place >= codes { return nil }
            }
            // Zeros without end would be selectors, too.
            guard !bits.isBeyondEnd else { return nil }
            if place > 0 { order.insert(order.remove(at: place), at: 0) }
            if selectors.count < mostSelectors { selectors.append(order[0]) }
        }
        return selectors
    }

    /// The first as it is; each other by steps up and down from the one before.
    private static func lengths(_ bits: inout BZip2Bits, count: Int) -> [UInt8]? {
        var lengths: [UInt8] = []
        var length = bits.read(bitsOfLengths)
        for _ in 0..<count {
            while true {
                guard (1...BZip2Code.longest).contains(length) else { return nil }
                // Steps without end would be no code of any compressor; behind the end of the data there are zeros.
                if bits.read(1) == 0 { break }
                length += bits.read(1) == 0 ? 1 : -1
            }
            lengths.append(UInt8(length))
        }
        return lengths
    }
}
