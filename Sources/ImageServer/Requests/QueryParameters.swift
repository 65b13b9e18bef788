/// The parameters of a request's query, by the rules of the original (imgapi.md, section 1): `+` is a space,
/// a dot is a character like any other.
///
/// A name that comes twice, or `name[…]`, makes an array or object there. No parameter of ours takes one, so
/// asking for such a parameter is an error of the client; one that nobody asks for does no harm.
struct QueryParameters: Sendable {
    let all: [(name: String, value: String)]

    init(query: Substring?) {
        all = (query ?? "").split(separator: "&").prefix(Self.limit).map { part in
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(halves[0]), halves.count > 1 ? Self.decode(halves[1]) : "")
        }
    }

    /// As many parameters as are looked at, as in the original.
    private static let limit = 1000

    /// The value of a parameter; nil if it is not there.
    /// - Throws: `InvalidParameter` if it is there more than once.
    subscript(name: String) -> String? {
        get throws(RequestError) {
            var found: String?
            for parameter in all {
                let isBracketed = parameter.name.hasPrefix(name) && parameter.name.dropFirst(name.count).hasPrefix("[")
                guard parameter.name == name || isBracketed else { continue }
                guard found == nil, !isBracketed else {
                    throw .invalidParameter(name, "\"\(name)\" may be given only once, as a plain value")
                }
                found = parameter.value
            }
            return found
        }
    }

    /// `true` or `false`, nothing else.
    func flag(_ name: String) throws(RequestError) -> Bool? {
        switch try self[name] {
        case nil: nil
        case "true": true
        case "false": false
        case let value?: throw .invalidParameter(name, "\"\(name)\" must be \"true\" or \"false\", not \"\(value)\"")
        }
    }

    /// Resolves `+` and `%XX`. A percent sign without two hexadecimal digits stands for itself.
    private static func decode(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
