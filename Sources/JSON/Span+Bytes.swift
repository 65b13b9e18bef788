/// Steps over runs of bytes, a machine word at a time where that is possible.
extension Span<UInt8> {
    /// Whether it begins with U+FEFF in UTF-8.
    var startsWithByteOrderMark: Bool { count >= 3 && self[0] == 0xef && self[1] == 0xbb && self[2] == 0xbf }

    /// The offset of the first byte that is no white space (RFC 8259 section 2), or the count.
    func endOfSpace(from start: Int) -> Int {
        var position = start
        while position < count {
            switch self[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
            default: return position
            }
        }
        return position
    }

    /// The offset of the first byte that needs a look in a string - a quote, a backslash, a control
    /// character, or one beyond ASCII - or the count.
    @inline(__always)
    func endOfPlainText(from start: Int) -> Int {
        var position = start
        while position &+ 8 <= count {
            let word = word(at: position)
            // In each byte of these, the top bit is set if the byte is special. A borrow can spill
            // only upwards from a special byte, so the lowest bit set is always a true one.
            let special =
                (word &- 0x2020_2020_2020_2020) | word.marks(of: UInt8(ascii: "\""))
                | word.marks(of: UInt8(ascii: "\\")) | word
            let marks = special & 0x8080_8080_8080_8080
            if marks != 0 { return position &+ marks.trailingZeroBitCount >> 3 }
            position &+= 8
        }
        while position < count {
            switch self[position] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20, 0x80...: return position
            default: position &+= 1
            }
        }
        return position
    }

    /// The offset of the first quote or backslash, or the count: enough where the text was checked.
    @inline(__always)
    func endOfCheckedText(from start: Int) -> Int {
        var position = start
        while position &+ 8 <= count {
            let word = word(at: position)
            // Bytes beyond ASCII have their top bit set as well; they are masked out, and what a borrow
            // can spill into lies above a true mark.
            let marks =
                (word.marks(of: UInt8(ascii: "\"")) | word.marks(of: UInt8(ascii: "\\"))) & ~word
                & 0x8080_8080_8080_8080
            if marks != 0 { return position &+ marks.trailingZeroBitCount >> 3 }
            position &+= 8
        }
        while position < count, self[position] != UInt8(ascii: "\""), self[position] != UInt8(ascii: "\\") {
            position &+= 1
        }
        return position
    }

    /// Eight bytes, the first one lowest. The caller has made sure that they are there.
    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// How many bytes the UTF-8 character that begins here takes; nil if it is none (Unicode table 3-7:
    /// no overlong forms, no surrogates, nothing beyond U+10FFFF).
    func lengthOfScalar(at offset: Int) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch self[offset] {
        case 0..<0x80: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return nil
        }
        guard offset + length <= count, second.contains(self[offset + 1]) else { return nil }
        for later in offset + 2..<max(offset + 2, offset + length) where self[later] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// A part as a string. It must be UTF-8; what is not becomes U+FFFD.
    func string(_ range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension UInt64 {
    /// The top bit of each byte that equals `byte` is set, up to the first such byte without fail.
    @inline(__always)
    fileprivate func marks(of byte: UInt8) -> UInt64 {
        (self ^ (0x0101_0101_0101_0101 &* UInt64(byte))) &- 0x0101_0101_0101_0101
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit, of either case.
    var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension [UInt8] {
    /// Appends a copy of the bytes.
    @inline(__always)
    mutating func append(_ part: Span<UInt8>) {
        unsafe part.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
