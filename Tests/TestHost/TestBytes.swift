/// Bytes to send and store: no two pieces of them are the same.
public enum TestBytes {
    /// Piece by piece, since a debug build takes a second for some millions one by one.
    public static func make(_ count: Int) -> [UInt8] {
        let piece = (0..<(1 << 14)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + piece.count)
        while bytes.count < count {
            unsafe withUnsafeBytes(of: bytes.count) { unsafe bytes.append(contentsOf: $0) }
            bytes += piece
        }
        return Array(bytes.prefix(count))
    }
}
