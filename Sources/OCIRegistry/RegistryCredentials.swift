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
