import Crypto

/// How a request is signed, by the name that its `Authorization` header says: those of RSA are of the reference (imgapi.md,
/// section 8), the others those that the http-signature library of Node uses for such keys.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case rsaSHA1 = "rsa-sha1"
    case rsaSHA256 = "rsa-sha256"
    case ecdsaSHA256 = "ecdsa-sha256"
    case ecdsaSHA384 = "ecdsa-sha384"
    case ecdsaSHA512 = "ecdsa-sha512"
    /// Ed25519 hashes by itself, with SHA-512.
    case ed25519 = "ed25519-sha512"

    /// - Parameter name: in whatever case.
    public init?(named name: String) {
        let name = name.lowercased()
        self.init(rawValue: name == "ed25519" ? SignatureAlgorithm.ed25519.rawValue : name)
    }
}

/// The kinds of key, as SSH calls them (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
enum SSHKeyType: String, Sendable, CaseIterable {
    case rsa = "ssh-rsa"
    case p256 = "ecdsa-sha2-nistp256"
    case p384 = "ecdsa-sha2-nistp384"
    case p521 = "ecdsa-sha2-nistp521"
    case ed25519 = "ssh-ed25519"

    /// Of the curve; nil for what has none to name.
    var curve: String? {
        switch self {
        case .p256: "nistp256"
        case .p384: "nistp384"
        case .p521: "nistp521"
        case .rsa, .ed25519: nil
        }
    }

    /// The bytes of a number of the curve.
    var size: Int {
        switch self {
        case .p256, .ed25519: 32
        case .p384: 48
        case .p521: 66
        case .rsa: 2048
        }
    }

    /// What is signed with.
    var algorithm: SignatureAlgorithm {
        switch self {
        case .rsa: .rsaSHA256
        case .p256: .ecdsaSHA256
        case .p384: .ecdsaSHA384
        case .p521: .ecdsaSHA512
        case .ed25519: .ed25519
        }
    }

    init(reading name: String) throws(SSHFormatError) {
        guard let type = SSHKeyType(rawValue: name) else {
            throw SSHFormatError(
                "it is of type \(name.prefix(50)), and those that can be used are \(SSHKeyType.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        self = type
    }
}
