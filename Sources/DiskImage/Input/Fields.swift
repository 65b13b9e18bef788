extension [UInt8] {
    /// A number in the first byte of which is the most significant part.
    func big<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int, as: Number.Type = Number.self) -> Number {
        self[offset..<(offset + MemoryLayout<Number>.size)].reduce(0) { $0 << 8 | Number($1) }
    }

    func little<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int, as: Number.Type = Number.self) -> Number {
        self[offset..<(offset + MemoryLayout<Number>.size)].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}

extension RawSpan {
    var isZero: Bool {
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
