/// Bits of a buffer, the highest of each byte first. Behind the end of the buffer there are zeros without end; who has read of
/// them sees it at the position.
@safe struct BZip2Bits {
    private let bytes: UnsafeRawBufferPointer
    /// The byte to be taken next.
    private var next: Int
    /// Bits that were taken, from the highest down; below those that are held there may be more that are the right ones.
    private var taken: UInt64 = 0
    private var held = 0

    /// - Parameter position: the first bit to be read, counted from the start of the buffer.
    init(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        unsafe self.bytes = bytes
        next = position >> 3
        refill()
        skip(position & 7)
    }

    /// Of the bit that is read next.
    var position: Int { next &* 8 &- held }

    /// More was read than there is.
    var isBeyondEnd: Bool { unsafe position > bytes.count &* 8 }

    /// Sees to it that 56 bits can be looked at.
    @inline(__always)
    mutating func refill() {
        if unsafe next &+ 8 <= bytes.count {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: next, as: UInt64.self).bigEndian
            taken |= word >> UInt64(held)
            let whole = (63 &- held) >> 3
            next &+= whole
            held &+= whole &* 8
        } else {
            refillAtEnd()
        }
    }

    private mutating func refillAtEnd() {
        while held <= 56 {
            if unsafe next < bytes.count { taken |= UInt64(unsafe bytes[next]) << UInt64(56 - held) }
            next += 1
            held += 8
        }
    }

    /// The next bits, 56 at most, after ``refill()``.
    @inline(__always)
    func peek(_ bits: Int) -> Int { Int(truncatingIfNeeded: taken >> UInt64(64 &- bits)) }

    @inline(__always)
    mutating func skip(_ bits: Int) {
        taken <<= UInt64(bits)
        held &-= bits
    }

    /// Up to 48 bits as a number.
    mutating func read(_ bits: Int) -> Int {
        refill()
        let value = peek(bits)
        skip(bits)
        return value
    }
}
