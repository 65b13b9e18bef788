/// Where an image file goes that is written, from its first byte to its last.
public protocol ByteSink {
    /// - Parameter bytes: what follows; valid during the call only.
    mutating func write(_ bytes: RawSpan) throws
}

extension ByteSink {
    /// Zeros.
    mutating func fill(_ count: UInt64) throws {
        let zeros = [UInt8](repeating: 0, count: Int(min(count, 256 << 10)))
        var left = count
        while left > 0 {
            let piece = Int(min(left, UInt64(zeros.count)))
            try unsafe write(zeros.span.bytes.extracting(0..<piece))
            left -= UInt64(piece)
        }
    }
}
