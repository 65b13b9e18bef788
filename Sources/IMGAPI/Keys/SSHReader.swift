/// Bytes that are not of the form in which SSH has keys and signatures.
public struct SSHFormatError: Error, CustomStringConvertible {
    public let description: String

    init(_ why: String) { description = why }
}

/// Reads the data types of SSH (RFC 4251 §5) from bytes that anybody may have written: what is not wholly there, or not in the one
/// form that it may have, is an error.
struct SSHReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }
    var remaining: ArraySlice<UInt8> { rest }

    mutating func bytes(_ count: Int) throws(SSHFormatError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw SSHFormatError("it is not whole") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func byte() throws(SSHFormatError) -> UInt8 {
        guard let first = try bytes(1).first else { throw SSHFormatError("it is not whole") }
        return first
    }

    mutating func number() throws(SSHFormatError) -> UInt32 {
        try bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func string() throws(SSHFormatError) -> ArraySlice<UInt8> { try bytes(Int(try number())) }

    mutating func text() throws(SSHFormatError) -> String { String(decoding: try string(), as: UTF8.self) }

    /// A positive number (`mpint`) of so many bytes at most, without the zero that keeps it positive.
    mutating func magnitude(most: Int) throws(SSHFormatError) -> [UInt8] {
        var number = try string()
        if number.first == 0 {
            number = number.dropFirst()
            guard let first = number.first, first & 0x80 != 0 else {
                throw SSHFormatError("a number in it is zero, or longer than it need be")
            }
        } else {
            guard let first = number.first, first & 0x80 == 0 else {
                throw SSHFormatError("a number in it is zero or negative")
            }
        }
        guard number.count <= most else { throw SSHFormatError("a number in it has \(number.count) bytes") }
        return Array(number)
    }

    /// The same, with zeros in front so that it has just so many bytes.
    mutating func magnitude(filling count: Int) throws(SSHFormatError) -> [UInt8] {
        let number = try magnitude(most: count)
        return [UInt8](repeating: 0, count: count - number.count) + number
    }
}

/// Writes the data types of SSH.
enum SSHWriter {
    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// - Parameter bytes: fewer than 2^32, as all that is written here has.
    static func string(_ bytes: some Collection<UInt8>) -> [UInt8] {
        number(UInt32(clamping: bytes.count)) + Array(bytes)
    }

    static func magnitude(_ bytes: [UInt8]) -> [UInt8] {
        let number = bytes.drop { $0 == 0 }
        return string((number.first ?? 0) & 0x80 == 0 ? Array(number) : [0] + number)
    }
}
