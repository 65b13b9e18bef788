/// The checksum of bzip2: CRC-32 with the polynomial 0x04C11DB7, the highest bit of a byte first.
@safe struct BZip2Checksum {
    private var state: UInt32 = .max

    var value: UInt32 { ~state }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var state = state
        var place = 0
        unsafe Self.tables.withUnsafeBufferPointer { table in
            // Eight bytes at a time, each by the table of how far it is from the end of the eight.
            while place &+ 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).bigEndian
                let high = UInt32(truncatingIfNeeded: word >> 32) ^ state
                let low = UInt32(truncatingIfNeeded: word)
                let first = unsafe table[Int(high >> 24) &+ 1792] ^ table[Int(high >> 16 & 255) &+ 1536]
                let second = unsafe table[Int(high >> 8 & 255) &+ 1280] ^ table[Int(high & 255) &+ 1024]
                let third = unsafe table[Int(low >> 24) &+ 768] ^ table[Int(low >> 16 & 255) &+ 512]
                let fourth = unsafe table[Int(low >> 8 & 255) &+ 256] ^ table[Int(low & 255)]
                state = first ^ second ^ third ^ fourth
                place &+= 8
            }
            while place < bytes.count {
                state = unsafe state << 8 ^ table[Int(state >> 24) ^ Int(bytes[place])]
                place &+= 1
            }
        }
        self.state = state
    }

    /// The first 256: of one byte; then of a byte with one, two, … zero bytes behind it.
    private static let tables: [UInt32] = {
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt32(byte) << 24) { state, _ in state << 1 ^ (state >> 31 == 1 ? 0x04c1_1db7 : 0) }
        }
        for place in 256..<2048 {
            let before = tables[place - 256]
            tables.append(before << 8 ^ tables[Int(before >> 24)])
        }
        return tables
    }()
}
