import Failure
import ImageModel
import JSON
import OCIRegistry
import Testing
import Transport

/// Who is shown what (docker.md, "Registry protocol").
@Suite struct AccessTests {
    private static let platform = OCIPlatform(os: "linux", architecture: "amd64")
    private static let password = RegistryCredentials.password(user: "reader", password: "secret")
    /// reader:secret
    private static let basic = "Basic cmVhZGVyOnNlY3JldA=="

    private static func header(_ request: HTTPRequest, _ name: String) -> String? {
        request.headers.first { $0.name.lowercased() == name }?.value
    }

    /// A registry that wants what its challenge says, and its token service.
    private func registry(_ challenge: String, wants: String, token: JSONValue = ["token": "t0ken"]) -> FakeRegistry {
        FakeRegistry { request in
            if request.url.contains("/token") { return .json(token) }
            guard AccessTests.header(request, "authorization") == wants else {
                return FakeRegistry.Answer(status: 401, headers: [("WWW-Authenticate", challenge)])
            }
            return .json(Piece.manifest([Piece.layer("a")]), type: Piece.manifestType)
        }
    }

    private func ask(
        _ registry: FakeRegistry, _ credentials: RegistryCredentials?, host: String = "registry.example"
    ) async throws {
        _ = try await registry.client(host, credentials: FixedCredentials(known: credentials))
            .image(try DockerReference("\(host)/a/b:1"), for: AccessTests.platform)
    }

    static let scopes: [(challenge: String, query: String)] = [
        ("", "scope=repository%3Aa%2Fb%3Apull"),
        (",scope=\"repository:team/b:pull\"", "scope=repository%3Ateam%2Fb%3Apull"),
        (
            ",scope=\"repository:a/b:pull repository:base:pull\"",
            "scope=repository%3Aa%2Fb%3Apull&scope=repository%3Abase%3Apull"
        ),
        (",scope=\"\"", "scope=repository%3Aa%2Fb%3Apull"),
    ]

    @Test(arguments: scopes)
    func aTokenIsFetchedForTheScopeOfTheChallenge(challenge: String, query: String) async throws {
        let registry = registry(
            "Bearer realm=\"https://auth.example/token\",service=\"a service\"\(challenge)", wants: "Bearer t0ken")
        try await ask(registry, nil)
        #expect(
            registry.requests.map(\.url) == [
                "https://registry.example/v2/a/b/manifests/1",
                "https://auth.example/token?\(query)&service=a%20service",
                "https://registry.example/v2/a/b/manifests/1",
            ])
        #expect(AccessTests.header(registry.requests[1], "authorization") == nil)
        // The network keeps a registry outside from naming what is inside.
        #expect(registry.requests[1].namedBy == "https://registry.example")
    }

    @Test func aPasswordGoesToTheServiceAndTheTokenToTheRegistry() async throws {
        let registry = registry("Bearer realm=\"https://auth.example/token\"", wants: "Bearer t0ken")
        try await ask(registry, AccessTests.password)
        #expect(
            registry.requests.map { AccessTests.header($0, "authorization") } == [
                nil, AccessTests.basic, "Bearer t0ken",
            ])
    }

    @Test func anIdentityTokenIsExchanged() async throws {
        let registry = registry(
            "Bearer realm=\"https://auth.example/token\"", wants: "Bearer t0ken", token: ["access_token": "t0ken"])
        try await ask(registry, .identityToken("long lived"))
        let request = registry.requests[1]
        #expect(request.method == "POST" && request.url == "https://auth.example/token")
        guard case .bytes(let bytes)? = request.body else {
            Issue.record("it has no body")
            return
        }
        let body = String(decoding: bytes, as: UTF8.self)
        #expect(body.contains("grant_type=refresh_token") && body.contains("refresh_token=long%20lived"))
    }

    @Test func aPasswordIsShownWhereBasicIsWanted() async throws {
        let registry = registry("Basic realm=\"x\"", wants: AccessTests.basic)
        try await ask(registry, AccessTests.password)
        #expect(registry.requests.map { AccessTests.header($0, "authorization") } == [nil, AccessTests.basic])
    }

    static let refused: [(name: String, challenge: String, host: String, credentials: RegistryCredentials?)] = [
        ("nobody is known", "Basic realm=x", "registry.example", nil),
        ("a wrong password", "Basic realm=x", "registry.example", .password(user: "reader", password: "wrong")),
        ("an unknown scheme", "Negotiate", "registry.example", password),
        ("a realm over plain http", "Bearer realm=\"http://auth.example/token\"", "registry.example", password),
        ("a realm that is no URL", "Bearer realm=\"file:///etc/token\"", "registry.example", password),
        ("no realm", "Bearer service=x", "registry.example", password),
        (
            "a realm elsewhere, named without TLS", "Bearer realm=\"https://auth.example/token\"", "127.0.0.1:5000",
            password
        ),
    ]

    @Test(arguments: refused)
    func credentialsAreKeptFrom(
        name: String, challenge: String, host: String, credentials: RegistryCredentials?
    ) async throws {
        let registry = registry(challenge, wants: "Basic never")
        let error = await #expect(throws: (any Error).self) { try await ask(registry, credentials, host: host) }
        let failure = (error as? any CodedError)?.failure
        #expect(failure?.code == .unauthorized, "\(name): \(failure.map { "\($0)" } ?? "")")
        #expect(registry.requests.allSatisfy { !$0.url.contains("/token") }, "\(name)")
        #expect(failure.map { !"\($0)".contains("secret") } ?? false, "\(name)")
    }

    /// A registry that knows the password from before may put it into whatever it says, and whatever it names.
    @Test(
        arguments: [
            "https://auth.example/s3cret-of-reader/token", "https://s3cret-of-reader.example/token",
            "https://auth.example/cmVhZGVyOnMzY3JldC1vZi1yZWFkZXI=/token", "http://s3cret-of-reader.example/token",
        ], [200, 401, 500])
    func aRealmDoesNotSayThePassword(realm: String, status: Int) async throws {
        let registry = FakeRegistry { request in
            guard request.url.contains("/token") else {
                return FakeRegistry.Answer(status: 401, headers: [("WWW-Authenticate", "Bearer realm=\"\(realm)\"")])
            }
            #expect(request.secrets.contains("s3cret-of-reader"))
            return FakeRegistry.Answer(status: status)
        }
        let error = await #expect(throws: (any Error).self) {
            try await ask(registry, .password(user: "reader", password: "s3cret-of-reader"))
        }
        let said = (error as? any CodedError).map { "\($0.failure) \($0.failure.hint ?? "")" } ?? "s3cret"
        #expect(!said.contains("s3cret") && !said.contains("cmVh"), "\(said)")
    }

    /// Also what is asked without them, and of whom the registry sends us to.
    @Test func allThatIsAskedKnowsWhatIsNotToBeSaid() async throws {
        let registry = registry("Bearer realm=\"https://auth.example/token\"", wants: "Bearer t0ken")
        let client = try registry.client(credentials: FixedCredentials(known: AccessTests.password))
        for _ in 0..<2 {
            _ = try await client.image(try DockerReference("registry.example/a/b:1"), for: AccessTests.platform)
        }
        #expect(registry.requests.dropFirst().allSatisfy { $0.secrets.contains("secret") })
    }

    static let tokens: [JSONValue] = [
        [:], ["token": ""], ["token": 5], ["token": "two\r\nlines"], ["token": "ünïcode"], [], "t0ken", .null,
    ]

    @Test(arguments: tokens)
    func anAnswerWithoutATokenIsAnError(_ answer: JSONValue) async throws {
        let registry = registry("Bearer realm=\"https://auth.example/token\"", wants: "Bearer t0ken", token: answer)
        let failure = await #expect(throws: Failure.self) { try await ask(registry, nil) }
        #expect(failure?.code == .sourceError)
    }

    @Test func manyRequestsShareOneToken() async throws {
        let registry = registry("Bearer realm=\"https://auth.example/token\"", wants: "Bearer t0ken")
        let client = try registry.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    _ = try await client.image(
                        try DockerReference("registry.example/a/b:1"), for: AccessTests.platform)
                }
            }
            try await group.waitForAll()
        }
        #expect(registry.requests.count { $0.url.contains("/token") } == 1)
    }

    static let answers: [(status: Int, body: String, code: Failure.Code)] = [
        (404, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"not there\"}]}", .imageNotFound),
        (403, "{}", .unauthorized), (400, "<html>", .sourceError), (418, "", .sourceError),
    ]

    @Test(arguments: answers)
    func whatTheRegistrySaysIsHandedOn(status: Int, body: String, code: Failure.Code) async throws {
        let registry = FakeRegistry { _ in FakeRegistry.Answer(status: status, body: Array(body.utf8)) }
        let failure = await #expect(throws: RegistryRefusal.self) { try await ask(registry, nil) }
        #expect(failure?.code == code && failure?.statusCode == status)
        #expect(!body.contains("MANIFEST_UNKNOWN") || failure?.message.contains("MANIFEST_UNKNOWN: not there") == true)
    }
}
