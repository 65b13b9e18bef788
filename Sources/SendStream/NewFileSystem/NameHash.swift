/// The hash by which a ZAP finds a name (OpenZFS, zap_micro.c, `zap_hash`): a CRC-64 (ECMA-182, reflected) that begins with the
/// ZAP's salt, and of which the upper 28 bits count.
enum NameHash {
    /// Bits that count, from the highest on: so that a place in a directory has room for what tells equal hashes apart.
    static let bits = 28

    private static let table: [UInt64] = (0..<256).map { index in
        (0..<8).reduce(UInt64(index)) { rest, _ in rest >> 1 ^ (rest & 1 == 1 ? 0xc96c_5795_d787_0f42 : 0) }
    }

    /// - Parameter salt: not zero.
    static func of(_ name: some Sequence<UInt8>, salt: UInt64) -> UInt64 {
        let hash = name.reduce(salt) { hash, byte in hash >> 8 ^ table[Int(UInt8(truncatingIfNeeded: hash) ^ byte)] }
        return hash & ~(1 << (64 - UInt64(bits)) - 1)
    }
}
