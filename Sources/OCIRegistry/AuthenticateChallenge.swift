/// A challenge of `WWW-Authenticate` (RFC 9110 §11.6.1).
struct AuthenticateChallenge: Equatable {
    /// In lower case.
    let scheme: String
    /// Names in lower case.
    let parameters: [String: String]

    /// Reads a field value with one challenge or several; what cannot be read ends it.
    static func read(_ field: String) -> [AuthenticateChallenge] {
        var reader = Reader(rest: Array(field.utf8.prefix(16 << 10))[...])
        var challenges: [AuthenticateChallenge] = []
        while let challenge = reader.challenge() { challenges.append(challenge) }
        return challenges
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func challenge() -> AuthenticateChallenge? {
            skip(", \t")
            guard let scheme = token() else { return nil }
            var parameters: [String: String] = [:]
            while true {
                let before = rest
                skip(", \t")
                guard let name = token() else { break }
                skip(" \t")
                guard rest.first == UInt8(ascii: "=") else {
                    // A token without a value begins the next challenge.
                    rest = before
                    break
                }
                rest = rest.dropFirst()
                skip(" \t")
                guard let value = rest.first == UInt8(ascii: "\"") ? quoted() : token() else { break }
                // Of two values, the first counts.
                if parameters[name.lowercased()] == nil { parameters[name.lowercased()] = value }
            }
            return AuthenticateChallenge(scheme: scheme.lowercased(), parameters: parameters)
        }

        private mutating func skip(_ characters: String) {
            rest = rest.drop { characters.utf8.contains($0) }
        }

        /// RFC 9110 §5.6.2.
        private mutating func token() -> String? {
            let bytes = rest.prefix { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
            guard !bytes.isEmpty else { return nil }
            rest = rest[bytes.endIndex...]
            return String(decoding: bytes, as: UTF8.self)
        }

        /// RFC 9110 §5.6.4.
        private mutating func quoted() -> String? {
            rest = rest.dropFirst()
            var bytes: [UInt8] = []
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = rest.popFirst() else { return nil }
                    bytes.append(escaped)
                default: bytes.append(byte)
                }
            }
            return nil
        }
    }
}
