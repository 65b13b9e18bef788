extension [UInt8] {
    /// A number in the first byte of which is the most significant part.
    func big<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int, as: Number.Type = Number.self) -> Number {
        self[offset..<(offset + MemoryLayout<Number>.size)].reduce(0) { $0 << 8 | Number($1) }
    }

    func little<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int, as: Number.Type = Number.self) -> Number {
        self[offset..<(offset + MemoryLayout<Number>.size)].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}
