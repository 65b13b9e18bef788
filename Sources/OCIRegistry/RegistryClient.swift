import Failure
public import Logging
public import Transport

/// Asks one registry (OCI distribution-spec; Docker Registry HTTP API v2).
public struct RegistryClient: Sendable {
    public let endpoint: RegistryEndpoint
    private let network: Transport
    private let tokens: RegistryTokens
    public let limits: RegistryLimits
    private let log: Logger

    public init(
        _ endpoint: RegistryEndpoint, credentials: any CredentialSource, transport: Transport,
        limits: RegistryLimits = RegistryLimits(), log: Logger
    ) {
        self.endpoint = endpoint
        network = transport
        tokens = RegistryTokens(endpoint, credentials: credentials, transport: transport)
        self.limits = limits
        self.log = log
    }

    /// Asks whether there is a registry.
    ///
    /// - Throws: `SourceError`, `ConnectionError`.
    public func ping() async throws {
        let reply = try await network.reply(
            to: HTTPRequest(url: "\(endpoint.origin)/v2/", insecure: endpoint.insecure),
            limit: RegistryOperation.ping.limit(limits))
        // What has a page for every path is a server of something else.
        let isPage = reply.status == 200 && reply.body.first == UInt8(ascii: "<")
        guard RegistryOperation.ping.meaning(of: reply.status) == .done, !isPage else {
            throw Failure(
                .sourceError, "\(endpoint.origin) does not answer as a Docker registry does (status \(reply.status))",
                statusCode: reply.status)
        }
    }

    /// One of its repositories.
    public func repository(_ name: String) -> RemoteRepository {
        RemoteRepository(name, endpoint: endpoint, tokens: tokens, limits: limits, network: network, log: log)
    }
}
