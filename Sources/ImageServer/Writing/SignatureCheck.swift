import Crypto
import CryptoExtras
import HTTPTypes
import Host
import ImageModel
import SystemPackage

/// Checks HTTP signatures (imgapi.md, section 8).
struct SignatureCheck {
    let keys: FilePath

    /// How far the clock of a client may be off, in seconds.
    private static let skew: Int64 = 300

    /// - Returns: the user who signed.
    /// - Throws: `UnauthorizedError`.
    func user(_ request: HTTPRequest, target: String) throws(RequestFault) -> String {
        func refused(_ why: String) -> RequestFault { RequestFault(.unauthorized, "UnauthorizedError", why) }
        guard let field = request.headerFields[.authorization] else { throw refused("authorization is required") }
        guard field.hasPrefix("Signature "), let parameters = SignatureCheck.parameters(field.dropFirst(10)) else {
            throw refused(
                "the Authorization header is not of the form Signature keyId=\"USER\",algorithm=…,signature=…")
        }
        guard let user = parameters["keyId"], let algorithm = parameters["algorithm"],
            let signature = parameters["signature"].flatMap({ Base64.bytes($0) })
        else { throw refused("the signature lacks keyId, algorithm or signature") }
        let isSHA1 = algorithm.lowercased() == "rsa-sha1"
        guard isSHA1 || algorithm.lowercased() == "rsa-sha256" else {
            throw refused("Unauthorized (\"\(algorithm)\" is not a supported http-signature signing algorithm)")
        }
        let (name, date) =
            request.headerFields[.xDate].map { ("x-date", $0) } ?? ("date", request.headerFields[.date] ?? "")
        guard let moment = HTTPDate(date) else { throw refused("the request has no date that could be signed") }
        let skew = abs(Timestamp.now().milliseconds / 1000 - Int64(moment.seconds))
        guard skew <= SignatureCheck.skew else {
            throw refused("clock skew of \(skew).000s was greater than \(SignatureCheck.skew)s")
        }
        let names = parameters["headers"]?.split(separator: " ").map { $0.lowercased() } ?? [name]
        guard names.contains(name) else { throw refused("the signature does not cover \(name)") }
        let lines = names.map { header in
            if header == "request-line" { return "\(request.method.rawValue) \(target) HTTP/1.1" }
            let value = HTTPField.Name(header).flatMap { request.headerFields[$0] } ?? ""
            return "\(header): \(value)"
        }
        let text = Array(lines.joined(separator: "\n").utf8)
        guard keys(of: user).contains(where: { $0.isSignature(signature, of: text, isSHA1: isSHA1) }) else {
            throw refused("the signature is not that of a key of user \"\(user)\"")
        }
        return user
    }

    /// `name="value"` pairs parted by commas without blanks; nil for anything else.
    static func parameters(_ text: Substring) -> [String: String]? {
        var rest = text
        var found: [String: String] = [:]
        while true {
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard !name.isEmpty, rest.hasPrefix("=\"") else { return nil }
            rest = rest.dropFirst(2)
            guard let end = rest.firstIndex(of: "\"") else { return nil }
            found[String(name)] = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            if rest.isEmpty { return found }
            guard rest.first == "," else { return nil }
            rest = rest.dropFirst()
        }
    }

    /// The keys of a user, as the folder has them now.
    private func keys(of user: String) -> [AuthorizedKey] {
        let isName =
            !user.isEmpty && !user.hasPrefix(".")
            && user.utf8.allSatisfy { byte in
                "-._@".utf8.contains(byte) || (Unicode.Scalar(byte).properties.isAlphabetic && byte < 0x80)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
        guard isName, let bytes = try? HostFile.read(keys.appending("\(user).keys"), limit: 1 << 20, from: .setUp)
        else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap {
            AuthorizedKey($0)
        }
    }
}

/// A public RSA key, as a line of OpenSSH's `authorized_keys` has it.
struct AuthorizedKey {
    private let key: _RSA.Signing.PublicKey

    /// Nil for a comment, another kind of key, or none.
    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "ssh-rsa"), place + 1 < words.count,
            let bytes = Base64.bytes(String(words[place + 1]))
        else { return nil }
        // RFC 4253 §6.6: string "ssh-rsa", mpint e, mpint n.
        var rest = bytes[...]
        func next() -> [UInt8]? {
            guard rest.count >= 4 else { return nil }
            let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count).drop { $0 == 0 })
        }
        guard next().map({ $0.elementsEqual("ssh-rsa".utf8) }) == true, let e = next(), let n = next(),
            let key = try? _RSA.Signing.PublicKey(n: n, e: e)
        else { return nil }
        self.key = key
    }

    func isSignature(_ bytes: [UInt8], of text: [UInt8], isSHA1: Bool) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: bytes)
        return isSHA1
            ? key.isValidSignature(signature, for: Insecure.SHA1.hash(data: text), padding: .insecurePKCS1v1_5)
            : key.isValidSignature(signature, for: SHA256.hash(data: text), padding: .insecurePKCS1v1_5)
    }
}
