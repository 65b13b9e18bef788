/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Sendable, Hashable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case controlCharacter(UInt8)
        case invalidEscape
        case invalidUTF8
        case invalidNumber
        case byteOrderMark
        case textAfterValue
        case tooDeep(limit: Int)
        case tooLong(limit: Int)
    }

    public let reason: Reason
    /// Where, as bytes from the start of the text.
    public let offset: Int
    /// The line, from 1.
    public let line: Int
    /// The character of that line, from 1.
    public let column: Int
    /// What to mend, where it is a slip that people make who write JSON by hand.
    public let slip: String?

    public var description: String { "\(reason) at line \(line), column \(column)" }

    init(_ fault: UnplacedJSONError, in text: Span<UInt8>) {
        reason = fault.reason
        slip = Self.slip(fault, in: text)
        offset = fault.offset
        var line = 1
        var column = 1
        for index in 0..<min(fault.offset, text.count) {
            switch text[index] {
            case UInt8(ascii: "\n"):
                line += 1
                column = 1
            case 0x80..<0xC0: break  // a later byte of the same character
            default: column += 1
            }
        }
        self.line = line
        self.column = column
    }
}

/// An error before line and column are counted.
struct UnplacedJSONError: Error {
    let reason: JSONError.Reason
    let offset: Int
}

extension JSONError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpectedEnd: "unexpected end of text"
        case .unexpectedByte(let byte): "unexpected \(Self.name(of: byte))"
        case .controlCharacter(let byte): "\(Self.name(of: byte)) in a string must be escaped,"
        case .invalidEscape: "invalid escape in a string"
        case .invalidUTF8: "invalid UTF-8"
        case .invalidNumber: "invalid number"
        case .byteOrderMark: "unexpected byte order mark"
        case .textAfterValue: "unexpected text after the value"
        case .tooDeep(let limit): "more than \(limit) nested arrays and objects"
        case .tooLong(let limit): "text longer than \(limit) bytes"
        }
    }

    private static func name(of byte: UInt8) -> String {
        switch byte {
        case 0x21..<0x7F: "character \"\(Character(Unicode.Scalar(byte)))\""
        default: "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
}
