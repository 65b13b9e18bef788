extension JSONError {
    /// What people do who write JSON by hand, where the text looks like that; nil where it does not.
    static func slip(_ fault: UnplacedJSONError, in text: Span<UInt8>) -> String? {
        let before = before(fault.offset, in: text)
        switch fault.reason {
        case .unexpectedEnd:
            return before == nil
                ? "there is nothing in it"
                : "a quotation mark, a brace or a bracket is not closed, or the end is missing"
        case .unexpectedByte(let byte):
            return slip(byte, after: before)
        case .controlCharacter(UInt8(ascii: "\n")): return "the quotation mark that ends a text is missing on this line"
        case .invalidEscape: return "a backslash in a text is written \\\\"
        case .textAfterValue: return "a brace or bracket before it is one too many, or there are several values"
        case .byteOrderMark: return "it must be UTF-8 without a byte order mark"
        case .controlCharacter, .invalidUTF8, .invalidNumber, .tooDeep, .tooLong: return nil
        }
    }

    private static func slip(_ byte: UInt8, after before: UInt8?) -> String? {
        let (isText, isName) = (byte == UInt8(ascii: "\""), isLetter(byte))
        let endsValue = before.map { "\"]}".utf8.contains($0) || isLetter($0) || isDigit($0) } ?? false
        switch byte {
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            return before == UInt8(ascii: ",") ? "the comma before it is one too many" : nil
        case UInt8(ascii: "/"), UInt8(ascii: "#"): return "JSON has no comments"
        // Those that text processors make begin with 0xe2.
        case UInt8(ascii: "'"), 0xe2: return "texts stand in \"quotation marks\" of this kind"
        case _ where endsValue && (isText || isName || isDigit(byte) || "[{".utf8.contains(byte)):
            return "a comma or a colon is missing before it"
        case _ where isName:
            return "texts and the names of fields stand in \"quotation marks\"; true, false and null do not"
        default: return nil
        }
    }

    /// The last byte before a place that is no blank.
    private static func before(_ offset: Int, in text: Span<UInt8>) -> UInt8? {
        var place = min(offset, text.count)
        while place > 0 {
            place -= 1
            if !" \t\r\n".utf8.contains(text[place]) { return text[place] }
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
