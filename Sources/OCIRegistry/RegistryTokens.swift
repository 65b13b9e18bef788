import Failure
import ImageModel
import JSON
import Logging
import Transport

/// What is shown to a registry with each request, found out when it first asks (docker.md, "Registry protocol": bearer
/// tokens and Basic).
actor RegistryTokens {
    private let endpoint: RegistryEndpoint
    private let credentials: any CredentialSource
    private let transport: Transport
    /// The header for a scope, and until when it is good.
    private var headers: [String: (value: String, expires: ContinuousClock.Instant)] = [:]
    private var pending: [String: Pending] = [:]
    /// What this registry and its token service have been shown, or are about to be: they may say it in whatever answer, and name URLs
    /// that have it.
    private(set) var secrets: [String] = []

    /// A header that is being got, and how many wait for it.
    private struct Pending {
        let task: Task<String, any Error>
        var waiting = 0
    }

    init(_ endpoint: RegistryEndpoint, credentials: any CredentialSource, transport: Transport) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.transport = transport
    }

    /// What is known to do for a scope.
    func known(for scope: String) -> String? {
        guard let header = headers[scope], header.expires > .now else { return nil }
        return header.value
    }

    /// A header that answers the challenges of a registry. Many may ask at a time; one goes and gets it.
    ///
    /// - Parameter refused: the header that the registry has just turned down.
    func header(for scope: String, challenges: [AuthenticateChallenge], refused: String?) async throws -> String {
        if let known = known(for: scope), known != refused { return known }
        return try await shared(scope) { try await self.obtain(scope, challenges, refused) }
    }

    /// A header for another registry, to which this one has sent us: a token for anybody.
    ///
    /// - Parameter origin: the other registry.
    /// - Returns: nil if it gives none.
    func anonymousHeader(
        for scope: String, challenges: [AuthenticateChallenge], at origin: String
    ) async throws -> String? {
        guard let bearer = challenges.first(where: { $0.scheme == "bearer" }) else { return nil }
        let key = "\(origin) \(scope)"
        if let known = known(for: key) { return known }
        return try await shared(key) {
            try await self.token(key, Self.scopes(scope, bearer), bearer, nil, namedBy: origin, insecure: false)
        }
    }

    /// Who comes while it is being got waits with the first; it is given up when nobody waits any more.
    private func shared(_ key: String, _ get: @escaping @Sendable () async throws -> String) async throws -> String {
        let entry = pending[key] ?? Pending(task: Task { try await get() })
        pending[key] = Pending(task: entry.task, waiting: entry.waiting + 1)
        defer { if pending[key]?.task == entry.task { pending[key] = nil } }
        return try await withTaskCancellationHandler {
            try await entry.task.value
        } onCancel: {
            Task { await self.leave(key, entry.task) }
        }
    }

    private func leave(_ key: String, _ task: Task<String, any Error>) {
        guard var entry = pending[key], entry.task == task else { return }
        entry.waiting -= 1
        pending[key] = entry
        if entry.waiting == 0 { task.cancel() }
    }

    private func obtain(_ scope: String, _ challenges: [AuthenticateChallenge], _ refused: String?) async throws
        -> String
    {
        let known = try await credentials.credentials(for: endpoint.name)
        switch known {
        case .password(let user, let password)?:
            keepSecret([password, Base64.text(Array("\(user):\(password)".utf8))])
        case .identityToken(let token)?: keepSecret([token])
        case nil: break
        }
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            return try await token(
                scope, Self.scopes(scope, bearer), bearer, known, namedBy: endpoint.origin, insecure: endpoint.insecure)
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            throw refusal("it asks for a kind of authentication that is not known")
        }
        guard case .password(let user, let password)? = known else { throw refusal("it wants a user and a password") }
        guard endpoint.isPrivate else {
            throw refusal("credentials are not sent over plain http")
        }
        let value = RegistryTokens.basic(user, password)
        guard value != refused else { throw refusal("it does not accept the credentials of the docker config") }
        headers[scope] = (value, .now + .seconds(86400))
        return value
    }

    private func keepSecret(_ texts: [String]) {
        for text in texts where !text.isEmpty && !secrets.contains(text) { secrets.append(text) }
    }

    private static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Base64.text(Array("\(user):\(password)".utf8))
    }

    /// The registry knows what it calls the repository; where it says nothing, what was asked for is the scope (Docker
    /// Registry v2, "Token Authentication Specification": several are separated by blanks).
    private static func scopes(_ ours: String, _ challenge: AuthenticateChallenge) -> [String] {
        let theirs = (challenge.parameters["scope"] ?? "").split(separator: " ").prefix(16).map(String.init)
        return theirs.isEmpty ? [ours] : theirs
    }

    /// How long a token service may take.
    private static let deadline: Duration = .seconds(60)

    private func token(
        _ key: String, _ scopes: [String], _ challenge: AuthenticateChallenge, _ known: RegistryCredentials?,
        namedBy origin: String, insecure: Bool
    ) async throws -> String {
        let realm = challenge.parameters["realm"] ?? ""
        let url: ServerURL
        do {
            url = try ServerURL(realm, longest: NetworkLimits.namedURL)
        } catch {
            throw refusal("its token service is no URL")
        }
        if known != nil { try checkRealm(url) }
        var request = request(realm, scopes, challenge.parameters["service"], known)
        request.insecure = insecure
        request.namedBy = origin
        request.secrets = secrets
        let reply = try await transport.reply(
            to: request, limit: NetworkLimits.status, deadline: RegistryTokens.deadline)
        if [400, 401, 403].contains(reply.status) {
            throw refusal("its token service \(hidden(url.origin)) refuses us (status \(reply.status))", reply.status)
        }
        // Something that is not JSON is no token either, and is shown.
        guard reply.status == 200, let answer = try? JSONValue(parsing: reply.body),
            let token = answer["token"]?.stringValue ?? answer["access_token"]?.stringValue,
            !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else {
            throw Failure(
                .sourceError,
                "the token service \(hidden(url.base)) gave no token (status \(reply.status), \(reply.excerpt()))",
                statusCode: reply.status)
        }
        // Nothing said means 60 s (Docker Registry v2, "Token Authentication Specification").
        let seconds = min(max(answer["expires_in"]?.intValue ?? 60, 10), 86400)
        let value = "Bearer \(token)"
        headers[key] = (value, .now + .seconds(seconds * 9 / 10))
        return value
    }

    /// Credentials go to a token service only if the registry itself named it over TLS, and by TLS; or all of it is on this
    /// machine. Without credentials, where it may be is for `AddressReach` to say.
    private func checkRealm(_ realm: ServerURL) throws {
        let named = endpoint.origin.hasPrefix("https://") && realm.scheme == "https"
        guard named || endpoint.isLoopback && realm.isLoopback else {
            throw refusal(
                "credentials are not sent to its token service \(hidden(realm.origin)), which was not named over TLS")
        }
    }

    private func request(
        _ realm: String, _ scopes: [String], _ service: String?, _ known: RegistryCredentials?
    ) -> HTTPRequest {
        var fields = scopes.map { ("scope", $0) }
        if let service { fields.append(("service", service)) }
        if case .identityToken(let token)? = known {
            // A form has each field once (RFC 6749 §3.3: scopes are separated by blanks).
            fields = [("scope", scopes.joined(separator: " "))] + fields.dropFirst(scopes.count)
            fields += [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "imgadm")]
            var request = HTTPRequest(
                "POST", url: realm, headers: [("Content-Type", "application/x-www-form-urlencoded")])
            request.body = .bytes(Array(URLEncoding.query(fields).utf8))
            return request
        }
        var request = HTTPRequest(url: realm + (realm.contains("?") ? "&" : "?") + URLEncoding.query(fields))
        if case .password(let user, let password)? = known {
            request.headers.append(("Authorization", RegistryTokens.basic(user, password)))
        }
        return request
    }

    /// A URL that the registry has named, without what it was shown.
    private func hidden(_ url: String) -> String { ShownSecrets(texts: secrets).hidden(in: url) }

    private func refusal(_ why: String, _ status: Int = 401) -> Failure {
        Failure(
            .unauthorized, "registry \"\(endpoint.name)\" refuses access: \(why)",
            hint: "docker login writes credentials to ~/.docker/config.json; DOCKER_CONFIG names another folder",
            statusCode: status)
    }
}
