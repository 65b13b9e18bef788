import Failure
import OCIRegistry
import Testing
import Transport

@Suite struct RegistryEndpointTests {
    static let hosts: [(host: String, name: String, origin: String)] = [
        ("docker.io", "docker.io", "https://registry-1.docker.io"),
        ("registry.example", "registry.example", "https://registry.example"),
        ("registry.example:5000", "registry.example:5000", "https://registry.example:5000"),
        ("registry.example:443", "registry.example", "https://registry.example"),
        ("127.0.0.1:5000", "127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("localhost:5000", "localhost:5000", "http://localhost:5000"),
        ("localhost:443", "localhost", "https://localhost"),
        ("127.evil.example:5000", "127.evil.example:5000", "https://127.evil.example:5000"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example", "https://127.0.0.1.evil.example"),
    ]

    @Test(arguments: hosts)
    func aHostLeadsToAnOrigin(host: String, name: String, origin: String) throws {
        let endpoint = try RegistryEndpoint(host: host)
        #expect(endpoint.name == name && endpoint.origin == origin && !endpoint.insecure)
    }

    static let sources: [(url: String, name: String, origin: String)] = [
        ("https://docker.io", "docker.io", "https://registry-1.docker.io"),
        ("https://index.docker.io", "docker.io", "https://registry-1.docker.io"),
        ("http://registry.example", "registry.example", "http://registry.example"),
        ("https://registry.example:5000/", "registry.example:5000", "https://registry.example:5000"),
    ]

    @Test(arguments: sources)
    func aSourceDecidesAboutTLS(url: String, name: String, origin: String) throws {
        let endpoint = RegistryEndpoint(source: try ServerURL(url), insecure: true)
        #expect(endpoint.name == name && endpoint.origin == origin && endpoint.insecure)
    }
}
