/// Names of one length whose hashes begin with the same bits, made by the way that CRCs are linear: what differs between two
/// names, and makes no difference to the hash, makes none between others.
enum EqualHashes {
    /// - Parameters:
    ///   - count: a power of two, up to 2^16.
    ///   - bits: in which the hashes agree.
    static func names(_ count: Int, length: Int, bits: UInt64) -> [[UInt8]] {
        var basis: [(hash: UInt64, difference: [UInt8])] = []
        var kernel: [[UInt8]] = []
        // Bytes differ in the low bits of letters alone: so they are names in any case.
        for place in 0..<length {
            for bit in 0..<4 {
                var difference = [UInt8](repeating: 0, count: length)
                difference[place] = 1 << bit
                var hash = crc(difference) >> (64 - bits)
                for one in basis where hash ^ one.hash < hash {
                    hash ^= one.hash
                    for index in difference.indices { difference[index] ^= one.difference[index] }
                }
                if hash == 0 {
                    kernel.append(difference)
                } else {
                    basis.append((hash, difference))
                    basis.sort { $0.hash > $1.hash }
                }
            }
        }
        return (0..<count).map { number in
            var name = [UInt8](repeating: 0x60, count: length)
            for (index, difference) in kernel.enumerated() where index < 16 && number >> index & 1 == 1 {
                for place in name.indices { name[place] ^= difference[place] }
            }
            return name
        }
    }

    private static func crc(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0) { rest, byte in
            (0..<8).reduce(rest ^ UInt64(byte)) { rest, _ in
                rest & 1 == 1 ? rest >> 1 ^ 0xc96c_5795_d787_0f42 : rest >> 1
            }
        }
    }
}
