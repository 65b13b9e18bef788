/// The bytes of a text as whoever reads it takes them: without what is not seen, without the difference of upper and lower case,
/// and with what stands for a byte of a URL (`%41`, RFC 3986 §2.1) as that byte.
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
            while bytes.count >= 3, bytes[bytes.count - 3] == UInt8(ascii: "%"),
                let high = SeenBytes.digit(bytes[bytes.count - 2]), let low = SeenBytes.digit(bytes[bytes.count - 1])
            {
                let start = starts[starts.count - 3]
                bytes.removeLast(3)
                starts.removeLast(3)
                ends.removeLast(3)
                append(high << 4 | low, start..<place + 1)
            }
        }
    }

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
