import Crypto
import CryptoExtras

/// What signs requests: a private key, or an ssh-agent that has one.
enum SigningKey: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)
    case agent(SSHAgent, SSHPublicKey)

    var algorithm: SignatureAlgorithm {
        switch self {
        case .rsa: SSHKeyType.rsa.algorithm
        case .p256: SSHKeyType.p256.algorithm
        case .p384: SSHKeyType.p384.algorithm
        case .p521: SSHKeyType.p521.algorithm
        case .ed25519: SSHKeyType.ed25519.algorithm
        case .agent(_, let key): key.type.algorithm
        }
    }

    /// The signature of a text; of an ECDSA key in DER.
    ///
    /// - Throws: what an agent says.
    func signature(of text: [UInt8]) async throws -> [UInt8] {
        switch self {
        case .rsa(let key):
            Array(try key.signature(for: SHA256.hash(data: text), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .p256(let key): Array(try key.signature(for: SHA256.hash(data: text)).derRepresentation)
        case .p384(let key): Array(try key.signature(for: SHA384.hash(data: text)).derRepresentation)
        case .p521(let key): Array(try key.signature(for: SHA512.hash(data: text)).derRepresentation)
        case .ed25519(let key): Array(try key.signature(for: text))
        case .agent(let agent, let key): try await agent.signature(of: text, by: key)
        }
    }

    /// Reads PEM without a passphrase: PKCS #8 of any kind, or the older forms of RSA (PKCS #1) and of curves (SEC 1). What stands around the
    /// block of the key counts for nothing, as the parameters that openssl writes before it.
    ///
    /// - Returns: nil if it is none that can be used.
    init?(pem text: String) {
        guard
            let block = text.firstMatch(
                of: /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[^-]*-----END ([A-Z]+ )?PRIVATE KEY-----/)
        else { return nil }
        let pem = String(block.0)
        // Each says no more than that it is none of its kind.
        if let key = try? _RSA.Signing.PrivateKey(pemRepresentation: pem) {
            self = .rsa(key)
        } else if let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) {
            self = .p256(key)
        } else if let key = try? P384.Signing.PrivateKey(pemRepresentation: pem) {
            self = .p384(key)
        } else if let key = try? P521.Signing.PrivateKey(pemRepresentation: pem) {
            self = .p521(key)
        } else if let key = try? Curve25519.Signing.PrivateKey(pemRepresentation: pem) {
            self = .ed25519(key)
        } else {
            return nil
        }
    }
}
