/// Looks for the magic number of blocks, which begin at any bit.
///
/// Where it stands, a block may begin; or it is by chance, or by intent, a part of another.
struct BZip2Search {
    /// The last eight bytes.
    private var window: UInt64 = 0
    /// How many bytes were looked at.
    private(set) var position = 0

    /// Goes on behind what was looked at before.
    ///
    /// - Parameter found: takes the position of a magic number's first bit, counted from the first byte of all.
    mutating func look(at bytes: UnsafeRawBufferPointer, found: (Int) -> Void) {
        var window = window
        let magic = UInt64(BZip2BlockHeader.magic)
        unsafe Self.isInside.withUnsafeBufferPointer { isInside in
            for place in bytes.indices {
                let byte = unsafe bytes[place]
                // The byte before is of the magic number as a whole, wherever that begins.
                let before = Int(truncatingIfNeeded: window & 0xff)
                window = window << 8 | UInt64(byte)
                guard unsafe isInside[before] else { continue }
                for shift in 0..<UInt64(8) where window >> shift & (1 << 48 - 1) == magic {
                    let end = (position + place + 1) * 8 - Int(shift)
                    if end >= BZip2BlockHeader.magicBits { found(end - BZip2BlockHeader.magicBits) }
                }
            }
        }
        self.window = window
        position += bytes.count
    }

    /// The values that the last byte but one can have if the magic number ends in the last.
    private static let isInside: [Bool] = {
        var isInside = [Bool](repeating: false, count: 256)
        for shift in 0..<8 { isInside[BZip2BlockHeader.magic >> (8 - shift) & 0xff] = true }
        return isInside
    }()
}
