import Failure
import ImageModel

/// The numbers of an RSA key in OpenSSH's own form (openssh-portable, PROTOCOL.key), which has to be without a passphrase.
struct OpenSSHKey {
    let n: [UInt8]
    let e: [UInt8]
    let d: [UInt8]
    let p: [UInt8]
    let q: [UInt8]

    /// - Throws: `Usage`.
    init(_ pem: String) throws(Failure) {
        func bad(_ why: String) -> Failure {
            Failure(
                .usage, "the OpenSSH key cannot be used: \(why)", hint: "ssh-keygen -p -m PEM -f KEY turns it into PEM")
        }
        let lines = pem.split(whereSeparator: \.isNewline).drop { !$0.hasPrefix("-----BEGIN OPENSSH") }.dropFirst()
            .prefix { !$0.hasPrefix("-----END") }
        guard let bytes = Base64.bytes(lines.joined()) else { throw bad("it is not in base64") }
        var reader = Reader(rest: bytes[...])
        guard reader.take(15)?.elementsEqual("openssh-key-v1\0".utf8) == true, let cipher = reader.string(),
            reader.string() != nil, reader.string() != nil, reader.number() == 1, reader.string() != nil,
            let section = reader.string()
        else { throw bad("it is not whole") }
        guard cipher.elementsEqual("none".utf8) else { throw bad("it has a passphrase") }
        var inner = Reader(rest: section)
        guard let one = inner.number(), let other = inner.number(), one == other, let type = inner.string() else {
            throw bad("it is not whole")
        }
        guard type.elementsEqual("ssh-rsa".utf8) else {
            throw Failure(
                .usage,
                "the OpenSSH key cannot be used: it is of type \(String(decoding: type.prefix(50), as: UTF8.self))",
                hint: "requests are signed by RSA keys: ssh-keygen -t rsa -b 3072 makes one")
        }
        guard let n = inner.integer(), let e = inner.integer(), let d = inner.integer(), inner.integer() != nil,
            let p = inner.integer(), let q = inner.integer()
        else { throw bad("it is not whole") }
        (self.n, self.e, self.d, self.p, self.q) = (n, e, d, p, q)
    }

    /// Reads the data types of RFC 4251 §5.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func number() -> Int? { take(4)?.reduce(0) { $0 << 8 | Int($1) } }

        mutating func string() -> ArraySlice<UInt8>? { number().flatMap { take($0) } }

        /// A positive number of any size, without the zero that keeps it positive.
        mutating func integer() -> [UInt8]? { string().map { Array($0.drop { $0 == 0 }) } }
    }
}
