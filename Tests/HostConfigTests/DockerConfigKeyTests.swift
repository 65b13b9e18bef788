import OCIRegistry
import Testing

/// Which entry of docker's config is that of a registry.
@Suite struct DockerConfigKeyTests {
    private static let reader = RegistryCredentials.password(user: "reader", password: "secret")

    private let home = DockerHome()

    private func write(_ key: String) throws {
        try home.write("{\"auths\":{\"\(key)\":{\"username\":\"reader\",\"password\":\"secret\"}}}")
    }

    @Test(arguments: [
        ("registry.example", "registry.example"), ("https://registry.example", "registry.example"),
        ("http://registry.example/", "registry.example"), ("https://registry.example/v1/", "registry.example"),
        ("registry.example/v2/", "registry.example"), ("Registry.Example", "registry.example"),
        ("registry.example:5000", "registry.example:5000"),
        ("https://registry.example:5000/v2/", "registry.example:5000"), ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("http://localhost:5000", "localhost:5000"), ("[::1]:5000", "[::1]:5000"),
        ("https://index.docker.io/v1/", "docker.io"), ("index.docker.io", "docker.io"), ("docker.io", "docker.io"),
        ("https://docker.io", "docker.io"), ("registry-1.docker.io", "docker.io"),
        ("https://registry-1.docker.io/v2/", "docker.io"),
    ])
    func aKeyIsAHostWithOrWithoutSchemeAndPath(key: String, host: String) async throws {
        try write(key)
        #expect(try await home.credentials(for: host) == DockerConfigKeyTests.reader)
    }

    /// A password goes to nobody else.
    @Test(arguments: [
        ("registry.example", "registry.example:5000"), ("registry.example:5000", "registry.example"),
        ("registry.example:5000", "registry.example:5001"), ("registry.example", "a.registry.example"),
        ("a.registry.example", "registry.example"), ("registry.example.evil", "registry.example"),
        ("registry.example", "registry.example.evil"), ("evil.example/registry.example", "registry.example"),
        ("https://evil.example/https://registry.example", "registry.example"), ("*", "registry.example"),
        ("", "registry.example"), ("https://", "registry.example"), ("/", "registry.example"),
        ("registry.example@evil.example", "registry.example"), ("hub.docker.io", "docker.io"),
        ("docker.io.evil.example", "docker.io"), ("docker.io", "registry.example"), ("registry.example", "docker.io"),
        ("docker.io:5000", "docker.io"), ("index.docker.io", "index.docker.io.evil"),
    ])
    func anotherHostIsAnotherHost(key: String, host: String) async throws {
        try write(key)
        #expect(try await home.credentials(for: host) == nil)
    }

    @Test func eachOfManyHostsHasItsOwn() async throws {
        try home.write(
            """
            {"auths":{"https://index.docker.io/v1/":{"identitytoken":"hub"},"a.example":{"identitytoken":"a"},
            "https://b.example:443/v2/":{"identitytoken":"b"},"c.example":{}}}
            """)
        #expect(try await home.credentials(for: "docker.io") == .identityToken("hub"))
        #expect(try await home.credentials(for: "a.example") == .identityToken("a"))
        #expect(try await home.credentials(for: "b.example:443") == .identityToken("b"))
        #expect(try await home.credentials(for: "c.example") == nil)
        #expect(try await home.credentials(for: "d.example") == nil)
    }
}
