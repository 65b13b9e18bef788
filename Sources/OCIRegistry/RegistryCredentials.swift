/// What proves to a registry who asks.
public enum RegistryCredentials: Sendable, Hashable {
    case password(user: String, password: String)
    /// A token to be exchanged for others (`identitytoken` in the config of docker).
    case identityToken(String)
}

/// Knows the credentials of registries.
public protocol CredentialSource: Sendable {
    /// - Parameter host: the registry as references name it: `docker.io`, `HOST[:PORT]`.
    /// - Returns: nil if it is asked without.
    func credentials(for host: String) async throws -> RegistryCredentials?
}

/// Nobody is known.
public struct NoCredentials: CredentialSource {
    public init() {}
    public func credentials(for host: String) -> RegistryCredentials? { nil }
}

/// Bytes as base64 (RFC 4648 §4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | Int($1 < group.count ? group[start + $1] : 0) }
            for place in 0..<4 {
                result.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
