extension RawSpan {
    /// All of it is zeros.
    public var isZero: Bool {
        unsafe withUnsafeBytes { bytes in
            var place = 0
            while place + 64 <= bytes.count {
                let words = unsafe bytes.loadUnaligned(fromByteOffset: place, as: SIMD8<UInt64>.self)
                if words != SIMD8() { return false }
                place += 64
            }
            return unsafe bytes[place...].allSatisfy { $0 == 0 }
        }
    }
}
