import Crypto
import CryptoExtras
import ImageModel

/// A public key, as a line of OpenSSH's `authorized_keys` or of a `.pub` file has it.
public struct SSHPublicKey: Sendable {
    let type: SSHKeyType
    /// As SSH writes it.
    let blob: [UInt8]
    private let key: Key

    private enum Key: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// The key of a line, which may have options before it and a comment behind it. Nil for a line without a key, as that of a comment,
    /// or with one that cannot be used.
    public init?(line: Substring) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.first?.hasPrefix("#") == false,
            let place = words.firstIndex(where: { SSHKeyType(rawValue: String($0)) != nil }),
            place + 1 < words.count, let blob = Base64.bytes(String(words[place + 1])),
            // Other lines may have keys that can be used.
            let key = try? SSHPublicKey(blob: blob), key.type.rawValue == words[place]
        else { return nil }
        self = key
    }

    init(blob: [UInt8]) throws(SSHFormatError) {
        var reader = SSHReader(blob[...])
        type = try SSHKeyType(reading: try reader.text())
        self.blob = blob
        switch type {
        case .rsa:
            let (e, n) = (try reader.magnitude(most: 8), try reader.magnitude(most: type.size))
            key = .rsa(try SSHPublicKey.using { try _RSA.Signing.PublicKey(n: n, e: e) })
        case .ed25519:
            let point = try reader.string()
            key = .ed25519(try SSHPublicKey.using { try Curve25519.Signing.PublicKey(rawRepresentation: point) })
        case .p256, .p384, .p521:
            guard try reader.text() == type.curve else { throw SSHFormatError("it names another curve than its type") }
            let point = try reader.string()
            key =
                switch type {
                case .p384: .p384(try SSHPublicKey.using { try P384.Signing.PublicKey(x963Representation: point) })
                case .p521: .p521(try SSHPublicKey.using { try P521.Signing.PublicKey(x963Representation: point) })
                default: .p256(try SSHPublicKey.using { try P256.Signing.PublicKey(x963Representation: point) })
                }
        }
        guard reader.isAtEnd else { throw SSHFormatError("something follows the key") }
    }

    private static func using<Value>(_ make: () throws -> Value) throws(SSHFormatError) -> Value {
        do {
            return try make()
        } catch {
            throw SSHFormatError("its numbers are no key that can be used")
        }
    }

    /// Whether bytes are a signature of the text by this key.
    ///
    /// - Parameter signature: of an ECDSA key in DER.
    public func isSignature(_ signature: [UInt8], of text: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        switch (key, algorithm) {
        case (.rsa(let key), .rsaSHA1): SSHPublicKey.isRSA(signature, Insecure.SHA1.hash(data: text), key)
        case (.rsa(let key), .rsaSHA256): SSHPublicKey.isRSA(signature, SHA256.hash(data: text), key)
        case (.ed25519(let key), .ed25519): key.isValidSignature(signature, for: text)
        case (_, .ecdsaSHA256): isECDSA(signature, SHA256.hash(data: text))
        case (_, .ecdsaSHA384): isECDSA(signature, SHA384.hash(data: text))
        case (_, .ecdsaSHA512): isECDSA(signature, SHA512.hash(data: text))
        default: false
        }
    }

    private static func isRSA(_ bytes: [UInt8], _ digest: some Digest, _ key: _RSA.Signing.PublicKey) -> Bool {
        key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: bytes), for: digest, padding: .insecurePKCS1v1_5)
    }

    /// What is no signature at all is none of this key either.
    private func isECDSA(_ bytes: [UInt8], _ digest: some Digest) -> Bool {
        switch key {
        case .p256(let key):
            (try? P256.Signing.ECDSASignature(derRepresentation: bytes)).map { key.isValidSignature($0, for: digest) }
                ?? false
        case .p384(let key):
            (try? P384.Signing.ECDSASignature(derRepresentation: bytes)).map { key.isValidSignature($0, for: digest) }
                ?? false
        case .p521(let key):
            (try? P521.Signing.ECDSASignature(derRepresentation: bytes)).map { key.isValidSignature($0, for: digest) }
                ?? false
        case .rsa, .ed25519: false
        }
    }
}
