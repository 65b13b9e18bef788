import Transport

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
            return (
                URLEncoding.decoded(halves[0], plusIsBlank: true),
                halves.count > 1 ? URLEncoding.decoded(halves[1], plusIsBlank: true) : ""
            )
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
}
