import Crypto
import CryptoExtras
import ImageModel

/// A private key in OpenSSH's own form (openssh-portable, PROTOCOL.key).
enum OpenSSHKey {
    /// It can be used as it is.
    case open(SigningKey)
    /// It has a passphrase; its public half stands in the clear.
    case locked(SSHPublicKey)

    static let head = "-----BEGIN OPENSSH PRIVATE KEY-----"

    init(_ text: String) throws(SSHFormatError) {
        let lines = text.split(whereSeparator: \.isNewline).drop { $0 != OpenSSHKey.head }.dropFirst()
        guard let end = lines.firstIndex(of: "-----END OPENSSH PRIVATE KEY-----") else {
            throw SSHFormatError("it is not whole")
        }
        guard let bytes = Base64.bytes(lines[..<end].joined()) else { throw SSHFormatError("it is not in base64") }
        var reader = SSHReader(bytes[...])
        guard try reader.bytes(15).elementsEqual("openssh-key-v1\0".utf8) else {
            throw SSHFormatError("it is of no version that is known")
        }
        let cipher = try reader.text()
        _ = (try reader.string(), try reader.string())  // how a passphrase becomes a key
        guard try reader.number() == 1 else { throw SSHFormatError("it has not just one key") }
        let open = try SSHPublicKey(blob: Array(try reader.string()))
        let section = try reader.string()
        guard cipher == "none" else {
            self = .locked(open)
            return
        }
        guard reader.isAtEnd else { throw SSHFormatError("something follows the key") }
        self = .open(try OpenSSHKey.key(SSHReader(section), of: open))
    }

    private static func key(_ section: SSHReader, of open: SSHPublicKey) throws(SSHFormatError) -> SigningKey {
        var reader = section
        guard try reader.number() == reader.number() else { throw SSHFormatError("it is damaged") }
        let type = try SSHKeyType(reading: try reader.text())
        let (key, blob) = try read(type, &reader)
        _ = try reader.string()  // the comment
        // Filled up to the cipher's blocks by 1, 2, 3, …
        guard reader.remaining.count < 256,
            reader.remaining.enumerated().allSatisfy({ Int($0.element) == $0.offset + 1 })
        else { throw SSHFormatError("something follows the key") }
        guard blob == open.blob else { throw SSHFormatError("its public half is that of another key") }
        return key
    }

    /// - Returns: the key, and its public half as SSH writes it.
    private static func read(
        _ type: SSHKeyType, _ reader: inout SSHReader
    ) throws(SSHFormatError) -> (SigningKey, blob: [UInt8]) {
        let name = SSHWriter.string(type.rawValue.utf8)
        switch type {
        case .rsa:
            let (n, e, d) = (
                try reader.magnitude(most: type.size), try reader.magnitude(most: 8),
                try reader.magnitude(most: type.size)
            )
            _ = try reader.magnitude(most: type.size)  // follows from the primes
            let (p, q) = (try reader.magnitude(most: type.size), try reader.magnitude(most: type.size))
            let key = try using { SigningKey.rsa(try _RSA.Signing.PrivateKey(n: n, e: e, d: d, p: p, q: q)) }
            return (key, name + SSHWriter.magnitude(e) + SSHWriter.magnitude(n))
        case .ed25519:
            let point = try reader.string()
            let both = try reader.string()
            guard both.count == 2 * type.size, both.suffix(type.size).elementsEqual(point) else {
                throw SSHFormatError("it is damaged")
            }
            let key = try using {
                try Curve25519.Signing.PrivateKey(rawRepresentation: both.prefix(type.size))
            }
            guard key.publicKey.rawRepresentation.elementsEqual(point) else {
                throw SSHFormatError("its public half is that of another key")
            }
            return (.ed25519(key), name + SSHWriter.string(point))
        case .p256, .p384, .p521:
            guard let curve = type.curve, try reader.text() == curve else {
                throw SSHFormatError("it names another curve than its type")
            }
            let point = try reader.string()
            let secret = try reader.magnitude(filling: type.size)
            let (key, known) = try using {
                switch type {
                case .p384:
                    let key = try P384.Signing.PrivateKey(rawRepresentation: secret)
                    return (SigningKey.p384(key), Array(key.publicKey.x963Representation))
                case .p521:
                    let key = try P521.Signing.PrivateKey(rawRepresentation: secret)
                    return (SigningKey.p521(key), Array(key.publicKey.x963Representation))
                default:
                    let key = try P256.Signing.PrivateKey(rawRepresentation: secret)
                    return (SigningKey.p256(key), Array(key.publicKey.x963Representation))
                }
            }
            guard known.elementsEqual(point) else { throw SSHFormatError("its public half is that of another key") }
            return (key, name + SSHWriter.string(curve.utf8) + SSHWriter.string(point))
        }
    }

    private static func using<Value>(_ make: () throws -> Value) throws(SSHFormatError) -> Value {
        do {
            return try make()
        } catch {
            throw SSHFormatError("its numbers are no key that can be used: \(error)")
        }
    }
}
