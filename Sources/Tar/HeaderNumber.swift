/// The numbers in the fields of a header.
enum HeaderNumber {
    /// Octal digits, led by blanks and ended by blanks or a NUL (POSIX.1 pax, "ustar Interchange Format"); or, where the first
    /// bit is set, a two's complement number of the other bits (GNU tar manual, "Extensions"). An empty field is 0.
    static func read(_ field: ArraySlice<UInt8>) throws(UnplacedTarError) -> Int64 {
        guard let first = field.first else { return 0 }
        guard first & 0x80 != 0 else { return try octal(field) }
        guard let number = binary(field, first) else { throw UnplacedTarError(.badHeader, "a number is too large") }
        return number
    }

    /// A time: what is too far off is cut to what 64 bits hold.
    static func readTime(_ field: ArraySlice<UInt8>) throws(UnplacedTarError) -> Int64 {
        guard let first = field.first else { return 0 }
        guard first & 0x80 != 0 else { return try octal(field) }
        return binary(field, first) ?? (first & 0x40 != 0 ? .min : .max)
    }

    private static func octal(_ field: ArraySlice<UInt8>) throws(UnplacedTarError) -> Int64 {
        let digits = field.drop { $0 == UInt8(ascii: " ") }
        let end = digits.firstIndex { $0 == 0 || $0 == UInt8(ascii: " ") } ?? digits.endIndex
        // Behind a NUL nobody looks, but behind a blank some do; and some pass over NULs that come first, others do not.
        let rest = end == digits.startIndex ? digits[end...] : digits[end...].prefix { $0 != 0 }
        guard rest.allSatisfy({ $0 == 0 || $0 == UInt8(ascii: " ") }) else {
            throw UnplacedTarError(.badHeader, "a number has something behind its end")
        }
        var value: Int64 = 0
        for digit in digits[..<end] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else {
                throw UnplacedTarError(.badHeader, "a number has something else than octal digits")
            }
            // 12 digits have 36 bits.
            value = value << 3 | Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Nil for what 64 bits do not hold.
    private static func binary(_ field: ArraySlice<UInt8>, _ first: UInt8) -> Int64? {
        let isNegative = first & 0x40 != 0
        let fill: UInt8 = isNegative ? 0xff : 0
        let bytes = [first & 0x7f | (isNegative ? 0x80 : 0)] + field.dropFirst()
        let high = bytes.dropLast(8)
        guard let top = bytes.suffix(8).first, high.allSatisfy({ $0 == fill }),
            bytes.count < 9 || (top & 0x80 != 0) == isNegative
        else { return nil }
        return bytes.suffix(8).reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
    }
}
