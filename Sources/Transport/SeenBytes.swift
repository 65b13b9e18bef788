/// The bytes of a text as whoever reads it takes them: without what is not seen, without the difference of upper and lower case,
/// and with what stands for a byte as that byte: in a URL (`%41`, RFC 3986 §2.1), in HTML (`&#65;`, `&#x41;`), in JSON (`\/`).
struct SeenBytes {
    private(set) var bytes: [UInt8] = []
    /// Where each of them begins and ends in the text.
    private(set) var starts: [Int] = []
    private(set) var ends: [Int] = []

    init(_ text: [UInt8]) {
        let plain = SeenBytes(decoding: text)
        // Of each character all bytes, or none.
        var place = 0
        while place < plain.bytes.count {
            let (scalar, length) = SeenBytes.scalar(plain.bytes[place...])
            if let scalar, !SeenBytes.isUnseen(scalar) {
                for place in place..<place + length {
                    append(SeenBytes.lower(plain.bytes[place]), plain.starts[place]..<plain.ends[place])
                }
            }
            place += length
        }
    }

    /// What stands for bytes is taken for these, also where that makes another of it.
    private init(decoding text: [UInt8]) {
        for (place, byte) in text.enumerated() {
            append(byte, place..<place + 1)
            while let (length, value) = spelledByte() {
                let start = starts[starts.count - length]
                bytes.removeLast(length)
                starts.removeLast(length)
                ends.removeLast(length)
                append(value, start..<place + 1)
            }
        }
    }

    /// What the bytes end with stands for one: how long it is, and for which.
    private func spelledByte() -> (length: Int, value: UInt8)? {
        if bytes.count >= 3, bytes[bytes.count - 3] == UInt8(ascii: "%"),
            let high = SeenBytes.digit(bytes[bytes.count - 2]), let low = SeenBytes.digit(bytes[bytes.count - 1])
        {
            return (3, high << 4 | low)
        }
        switch bytes.last {
        case UInt8(ascii: "/") where bytes.count >= 2 && bytes[bytes.count - 2] == UInt8(ascii: "\\"):
            return (2, UInt8(ascii: "/"))
        case UInt8(ascii: ";"): return entity()
        default: return nil
        }
    }

    /// A character of one byte as HTML has it by its number, with zeros before that or not.
    private func entity() -> (length: Int, value: UInt8)? {
        let tail = bytes.suffix(SeenBytes.longestEntity)
        guard let start = tail.lastIndex(of: UInt8(ascii: "&")) else { return nil }
        var digits = tail[tail.index(after: start)...].dropLast()
        guard digits.popFirst() == UInt8(ascii: "#") else { return nil }
        let isHexadecimal = digits.first.map { SeenBytes.lower($0) == UInt8(ascii: "x") } ?? false
        if isHexadecimal { digits.removeFirst() }
        let text = String(decoding: digits, as: UTF8.self)
        // A sign is none of its digits.
        guard digits.first.flatMap(SeenBytes.digit) != nil, let value = UInt8(text, radix: isHexadecimal ? 16 : 10),
            value < 0x80
        else { return nil }
        return (bytes.count - start, value)
    }

    private static let longestEntity = 12

    private mutating func append(_ byte: UInt8, _ range: Range<Int>) {
        bytes.append(byte)
        starts.append(range.lowerBound)
        ends.append(range.upperBound)
    }

    /// The character that bytes begin with, and how many they are; nil for what is none.
    private static func scalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar?, length: Int) {
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar): return (scalar, UTF8.width(scalar))
        // A byte that is none; those behind it are looked at anew.
        case .error, .emptyInput: return (nil, 1)
        }
    }

    /// It would stand in a word without parting it, or is left out or made a blank where words become text.
    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .nonspacingMark, .enclosingMark, .spaceSeparator, .lineSeparator, .paragraphSeparator,
            .unassigned, .privateUse:
            true
        default: scalar == "\u{FFFD}" || scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch lower(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): lower(byte) - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
