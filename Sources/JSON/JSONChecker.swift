/// An array or object of a checked text, so that a reader can step over it.
struct JSONContainer {
    /// The offset after its closing bracket.
    var end: UInt32
    /// The index of the first array or object that begins after this one has ended.
    var next: UInt32
}

/// The one place that knows the grammar of RFC 8259: walks a text once without recursion,
/// and notes where its arrays and objects end. Everything else reads only what was checked.
///
/// Strict: no byte order mark, no comments, no trailing commas, valid UTF-8 only. An
/// unpaired surrogate escape (`\uD800`) is within the grammar; readers turn it into U+FFFD.
struct JSONChecker {
    private(set) var position = 0
    /// In the order in which they begin.
    private(set) var containers: [JSONContainer] = []
    private var open: [(index: Int, isObject: Bool)] = []
    private let limits: JSONLimits

    init(limits: JSONLimits) { self.limits = limits }

    /// Checks a whole text.
    static func check(_ text: Span<UInt8>, _ limits: JSONLimits) throws(JSONError) -> [JSONContainer] {
        var checker = JSONChecker(limits: limits)
        do {
            try checker.checkText(text)
            return checker.containers
        } catch {
            throw JSONError(error, in: text)
        }
    }

    private mutating func checkText(_ text: Span<UInt8>) throws(UnplacedJSONError) {
        guard text.count <= limits.bytes else {
            throw UnplacedJSONError(reason: .tooLong(limit: limits.bytes), offset: limits.bytes)
        }
        if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { throw fault(.byteOrderMark) }
        while true {
            guard try checkValue(text) else { continue }
            if try !continues(text) { return }
        }
    }

    /// Checks the value that begins here. False after the opening of an array or object that
    /// has something in it: the position is then where its first value begins.
    private mutating func checkValue(_ text: Span<UInt8>) throws(UnplacedJSONError) -> Bool {
        switch try nextByte(text) {
        case UInt8(ascii: "\""):
            try checkString(text)
        case UInt8(ascii: "{"):
            try open(isObject: true)
            guard try nextByte(text) == UInt8(ascii: "}") else {
                try checkKey(text)
                return false
            }
            close()
        case UInt8(ascii: "["):
            try open(isObject: false)
            guard try nextByte(text) == UInt8(ascii: "]") else { return false }
            close()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try checkNumber(text)
        case UInt8(ascii: "t"): try checkWord("true", text)
        case UInt8(ascii: "f"): try checkWord("false", text)
        case UInt8(ascii: "n"): try checkWord("null", text)
        case let byte: throw fault(.unexpectedByte(byte))
        }
        return true
    }

    /// After a value: closes what ends here. True if another value follows, at the position.
    private mutating func continues(_ text: Span<UInt8>) throws(UnplacedJSONError) -> Bool {
        while let container = open.last {
            switch try nextByte(text) {
            case UInt8(ascii: ","):
                position &+= 1
                if container.isObject { try checkKey(text) }
                return true
            case UInt8(ascii: "}") where container.isObject: close()
            case UInt8(ascii: "]") where !container.isObject: close()
            case let byte: throw fault(.unexpectedByte(byte))
            }
        }
        skipSpace(text)
        guard position == text.count else { throw fault(.textAfterValue) }
        return false
    }

    /// Checks a member's key and the colon after it.
    private mutating func checkKey(_ text: Span<UInt8>) throws(UnplacedJSONError) {
        let first = try nextByte(text)
        guard first == UInt8(ascii: "\"") else { throw fault(.unexpectedByte(first)) }
        try checkString(text)
        let colon = try nextByte(text)
        guard colon == UInt8(ascii: ":") else { throw fault(.unexpectedByte(colon)) }
        position &+= 1
    }

    private mutating func open(isObject: Bool) throws(UnplacedJSONError) {
        guard open.count < limits.depth else { throw fault(.tooDeep(limit: limits.depth)) }
        open.append((containers.count, isObject))
        containers.append(JSONContainer(end: 0, next: 0))
        position &+= 1
    }

    private mutating func close() {
        position &+= 1
        guard let container = open.popLast() else { return }
        containers[container.index] = JSONContainer(
            end: UInt32(truncatingIfNeeded: position), next: UInt32(truncatingIfNeeded: containers.count))
    }

    private mutating func checkWord(_ word: StaticString, _ text: Span<UInt8>) throws(UnplacedJSONError) {
        let start = position
        while position < start + word.utf8CodeUnitCount {
            guard position < text.count else { throw fault(.unexpectedEnd) }
            guard unsafe text[position] == word.utf8Start[position - start] else {
                throw fault(.unexpectedByte(text[position]))
            }
            position &+= 1
        }
    }

    /// The next byte that is not white space, which stays unread.
    @inline(__always)
    private mutating func nextByte(_ text: Span<UInt8>) throws(UnplacedJSONError) -> UInt8 {
        if position < text.count, text[position] > 0x20 { return text[position] }
        skipSpace(text)
        guard position < text.count else { throw fault(.unexpectedEnd) }
        return text[position]
    }

    private mutating func skipSpace(_ text: Span<UInt8>) {
        position = text.endOfSpace(from: position)
    }

    private func fault(_ reason: JSONError.Reason) -> UnplacedJSONError {
        UnplacedJSONError(reason: reason, offset: position)
    }
}

// MARK: - Numbers and strings

extension JSONChecker {
    /// Checks a number: an optional minus, whole digits without a leading zero, a fraction, an exponent.
    mutating func checkNumber(_ text: Span<UInt8>) throws(UnplacedJSONError) {
        if position < text.count, text[position] == UInt8(ascii: "-") { position &+= 1 }
        let leadingZero = position < text.count && text[position] == UInt8(ascii: "0")
        let whole = try checkDigits(text)
        guard !leadingZero || whole == 1 else { throw fault(.invalidNumber, at: position - whole) }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position &+= 1
            _ = try checkDigits(text)
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
                position &+= 1
            }
            _ = try checkDigits(text)
        }
    }

    /// At least one digit; says how many.
    private mutating func checkDigits(_ text: Span<UInt8>) throws(UnplacedJSONError) -> Int {
        let start = position
        while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position &+= 1 }
        guard position > start else {
            throw position < text.count ? fault(.invalidNumber) : fault(.unexpectedEnd)
        }
        return position - start
    }

    /// Checks a string from its opening quote to behind its closing one.
    private mutating func checkString(_ text: Span<UInt8>) throws(UnplacedJSONError) {
        position &+= 1
        while true {
            position = text.endOfPlainText(from: position)
            guard position < text.count else { throw fault(.unexpectedEnd) }
            switch text[position] {
            case UInt8(ascii: "\""):
                position &+= 1
                return
            case UInt8(ascii: "\\"): try checkEscape(text)
            case let byte where byte < 0x20: throw fault(.controlCharacter(byte))
            default:
                guard let length = text.lengthOfScalar(at: position) else { throw fault(.invalidUTF8) }
                position &+= length
            }
        }
    }

    private mutating func checkEscape(_ text: Span<UInt8>) throws(UnplacedJSONError) {
        guard position + 1 < text.count else { throw fault(.unexpectedEnd, at: text.count) }
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position &+= 2
        case UInt8(ascii: "u"):
            for digit in position + 2..<position + 6 {
                guard digit < text.count else { throw fault(.unexpectedEnd, at: text.count) }
                guard text[digit].hexDigit != nil else { throw fault(.invalidEscape) }
            }
            position &+= 6
        default: throw fault(.invalidEscape)
        }
    }

    private func fault(_ reason: JSONError.Reason, at offset: Int) -> UnplacedJSONError {
        UnplacedJSONError(reason: reason, offset: offset)
    }
}
