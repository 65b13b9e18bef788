/// Reads values out of a text that ``JSONChecker`` has let pass. It relies on that: it does not
/// look for errors, and a text that was not checked gives nonsense (but is never read out of bounds).
struct JSONReader {
    /// At the first byte of a value, or of what comes after one.
    var position: Int
    /// The index of the next array or object that begins at or after the position.
    var container: Int

    /// Steps over a value, arrays and objects at once.
    @inline(__always)
    mutating func skipValue(_ text: Span<UInt8>, _ containers: Span<JSONContainer>) {
        switch text[position] {
        case UInt8(ascii: "\""): _ = skipString(text)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            position = Int(containers[container].end)
            container = Int(containers[container].next)
        default: skipScalar(text)
        }
    }

    /// Steps over a string, and says whether it has escapes in it.
    @inline(__always)
    mutating func skipString(_ text: Span<UInt8>) -> Bool {
        position = text.endOfCheckedText(from: position &+ 1)
        if text[position] == UInt8(ascii: "\"") {
            position &+= 1
            return false
        }
        while text[position] != UInt8(ascii: "\"") {
            position = text.endOfCheckedText(from: position &+ 2)
        }
        position &+= 1
        return true
    }

    /// Steps over a number or one of the three words.
    private mutating func skipScalar(_ text: Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0...0x20: return
            default: position &+= 1
            }
        }
    }

    /// Steps into an array or object. False if it is empty; it has then been stepped over.
    mutating func enter(_ text: Span<UInt8>) -> Bool {
        container &+= 1
        position = text.endOfSpace(from: position &+ 1)
        guard text[position] == UInt8(ascii: "]") || text[position] == UInt8(ascii: "}") else { return true }
        position &+= 1
        return false
    }

    /// After an element or member: steps to the next one. False if there is none; the array or object
    /// has then been stepped over.
    @inline(__always)
    mutating func advance(_ text: Span<UInt8>) -> Bool {
        position = text.endOfSpace(from: position)
        let hasMore = text[position] == UInt8(ascii: ",")
        position &+= 1
        if hasMore { position = text.endOfSpace(from: position) }
        return hasMore
    }

    /// After a key: steps over the colon to the value.
    @inline(__always)
    mutating func skipColon(_ text: Span<UInt8>) {
        position = text.endOfSpace(from: position)
        position = text.endOfSpace(from: position &+ 1)
    }
}

// MARK: - Values

extension JSONReader {
    /// The value here as a tree. As deep a recursion as the value nests, which the checker has limited.
    mutating func value(_ text: Span<UInt8>, _ containers: Span<JSONContainer>) -> JSONValue {
        switch text[position] {
        case UInt8(ascii: "\""): return .string(string(text))
        case UInt8(ascii: "{"): return .object(object(text, containers))
        case UInt8(ascii: "["): return .array(array(text, containers))
        default:
            let start = position
            skipScalar(text)
            switch text[start] {
            case UInt8(ascii: "t"): return .bool(true)
            case UInt8(ascii: "f"): return .bool(false)
            case UInt8(ascii: "n"): return .null
            default: return .number(JSONNumber(checked: text.string(start..<position)))
            }
        }
    }

    private mutating func array(_ text: Span<UInt8>, _ containers: Span<JSONContainer>) -> [JSONValue] {
        var elements: [JSONValue] = []
        var hasMore = enter(text)
        while hasMore {
            elements.append(value(text, containers))
            hasMore = advance(text)
        }
        return elements
    }

    private mutating func object(_ text: Span<UInt8>, _ containers: Span<JSONContainer>) -> JSONObject {
        var object = JSONObject()
        var hasMore = enter(text)
        while hasMore {
            let key = string(text)
            skipColon(text)
            object[key] = value(text, containers)
            hasMore = advance(text)
        }
        return object
    }

    /// The string here, its escapes resolved.
    mutating func string(_ text: Span<UInt8>) -> String {
        let start = position + 1
        let hasEscapes = skipString(text)
        let range = start..<position - 1
        return hasEscapes ? Self.unescaped(text, range) : text.string(range)
    }

    /// Resolves the escapes of a string's inner text. An unpaired surrogate becomes U+FFFD, as Unicode asks
    /// of what cannot be encoded.
    private static func unescaped(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        var scalars = String.UnicodeScalarView()
        var position = range.lowerBound
        while position < range.upperBound {
            let stop = min(text.endOfCheckedText(from: position), range.upperBound)
            scalars.append(contentsOf: text.string(position..<stop).unicodeScalars)
            position = stop
            guard position + 1 < range.upperBound else { break }
            scalars.append(unescape(text, &position))
        }
        return String(scalars)
    }

    /// The character that the escape here stands for; steps over the escape.
    private static func unescape(_ text: Span<UInt8>, _ position: inout Int) -> Unicode.Scalar {
        let letter = text[position + 1]
        guard letter == UInt8(ascii: "u") else {
            position += 2
            return switch letter {
            case UInt8(ascii: "b"): "\u{08}"
            case UInt8(ascii: "f"): "\u{0C}"
            case UInt8(ascii: "n"): "\n"
            case UInt8(ascii: "r"): "\r"
            case UInt8(ascii: "t"): "\t"
            default: Unicode.Scalar(letter)  // itself: a quote, a backslash, a slash
            }
        }
        let unit = codeUnit(text, position + 2)
        position += 6
        guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
        guard position + 6 <= text.count, text[position] == UInt8(ascii: "\\"), text[position + 1] == UInt8(ascii: "u")
        else {
            return "\u{FFFD}"
        }
        let low = codeUnit(text, position + 2)
        guard low & 0xFC00 == 0xDC00 else { return "\u{FFFD}" }
        position += 6
        return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF) ?? "\u{FFFD}"
    }

    /// Four hexadecimal digits.
    private static func codeUnit(_ text: Span<UInt8>, _ start: Int) -> UInt32 {
        (start..<start + 4).reduce(0) { $0 << 4 | UInt32(text[$1].hexDigit ?? 0) }
    }
}
