import Failure
import Logging
import Transport

/// Sends requests to one repository of a registry, with what the registry wants to be shown. It stands between a
/// transport and the network, so that small answers and long downloads alike are authenticated.
struct RegistrySender: HTTPSender {
    private let network: any HTTPSender
    private let endpoint: RegistryEndpoint
    private let tokens: RegistryTokens
    private let scope: String

    /// - Parameter actions: what is to be done there.
    init(
        network: any HTTPSender, endpoint: RegistryEndpoint, tokens: RegistryTokens, repository: String,
        actions: RegistryActions
    ) {
        self.network = network
        self.endpoint = endpoint
        self.tokens = tokens
        scope = "repository:\(repository):\(actions.rawValue)"
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        // What is shown is for the registry alone.
        guard request.url.hasPrefix(endpoint.origin + "/") else {
            return try await network.send(await shown(nil, request))
        }
        let known = await tokens.known(for: scope)
        let response = try await network.send(await shown(known, request))
        guard response.status == 401 else { return response }
        let challenges = response.headers.fields.filter { $0.name.lowercased() == "www-authenticate" }
            .flatMap { AuthenticateChallenge.read($0.value) }
        guard !challenges.isEmpty else { return response }
        if let url = response.url, !url.hasPrefix(endpoint.origin + "/") {
            return try await elsewhere(request, url, challenges) ?? response
        }
        let header = try await tokens.header(for: scope, challenges: challenges, refused: known)
        return try await network.send(await shown(header, request))
    }

    /// The registry has sent us on to another one, and it is that which asks now: it is shown a token for anybody, and nothing
    /// of what is known for the first.
    ///
    /// - Returns: nil if it wants more than that.
    private func elsewhere(
        _ request: HTTPRequest, _ url: String, _ challenges: [AuthenticateChallenge]
    ) async throws -> HTTPResponse? {
        let origin = try ServerURL(url, longest: NetworkLimits.namedURL).origin
        guard let header = try await tokens.anonymousHeader(for: scope, challenges: challenges, at: origin) else {
            return nil
        }
        var request = request
        request.namedBy = request.url
        request.url = url
        return try await network.send(await shown(header, request))
    }

    private func shown(_ header: String?, _ request: HTTPRequest) async -> HTTPRequest {
        var request = request
        // The registry could say the password back as it is, and have others say it.
        request.secrets += await tokens.secrets
        if let header { request.headers.append(("Authorization", header)) }
        return request
    }
}
