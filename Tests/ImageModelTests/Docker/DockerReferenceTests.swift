import Failure
import ImageModel
import Testing

/// docker.md, "References".
@Suite struct DockerReferenceTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)

    static let table: [(text: String, full: String, local: String, target: String)] = [
        ("debian", "docker.io/library/debian:latest", "debian", "latest"),
        ("debian:12", "docker.io/library/debian:12", "debian", "12"),
        ("docker.io/debian:12", "docker.io/library/debian:12", "debian", "12"),
        ("index.docker.io/library/debian", "docker.io/library/debian:latest", "debian", "latest"),
        ("user/app:v1.2_3-x", "docker.io/user/app:v1.2_3-x", "user/app", "v1.2_3-x"),
        ("localhost/app", "localhost/app:latest", "localhost/app", "latest"),
        ("localhost:5000/a/b/c:T", "localhost:5000/a/b/c:T", "localhost:5000/a/b/c", "T"),
        ("Registry.Example/x", "registry.example/x:latest", "registry.example/x", "latest"),
        ("ghcr.io/a/b@\(digest)", "ghcr.io/a/b@\(digest)", "ghcr.io/a/b", digest),
        ("debian:12@\(digest)", "docker.io/library/debian@\(digest)", "debian", digest),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x", "latest"),
        ("a__b/c-d--e/f.g", "docker.io/a__b/c-d--e/f.g:latest", "a__b/c-d--e/f.g", "latest"),
    ]

    @Test(arguments: table)
    func referencesAreRead(text: String, full: String, local: String, target: String) throws {
        let reference = try DockerReference(text)
        #expect(reference.description == full)
        #expect(reference.localName == local)
        #expect(reference.target == target)
        // What is shown leads to the same place again.
        #expect(try DockerReference(reference.description).description == full)
    }

    static let refused = [
        "", " ", "/", "a/", "/a", "a//b", "UPPER", "a b", "a:", ":tag", "a:b:c", "a:.b", "a:-b", "a@", "a@sha256:12",
        "a@md5:\(String(repeating: "0", count: 32))", "a@sha256:\(String(repeating: "G", count: 64))", "../a", "a/../b",
        "-a", "a-", ".a", "a.", "a..b", "a___b", "a._b", "a\n", "ä", "a\u{0}b", "host.example:0/x",
        "host.example:99999/x", "host.example:x/y", "ho_st.example/x", "-h.example/x", "[::1/x",
        "a@\(digest)@\(digest)",
        "--option", "a;b", "$(a)", "a/b:c/d", "a:" + String(repeating: "t", count: 129),
        String(repeating: "a", count: 256), String(repeating: "a", count: 248), String(repeating: "a", count: 2000),
        "%2e%2e/a", "a?b", "a#b",
    ]

    @Test(arguments: refused)
    func whatIsNoReferenceIsRefused(text: String) {
        let failure = #expect(throws: Failure.self) { _ = try DockerReference(text) }
        #expect(failure?.code == .invalidReference)
    }

    @Test func aReferenceWithoutHostMayGoToAnotherRegistry() throws {
        #expect(try DockerReference("debian:12").at(host: "mirror.example").description == "mirror.example/debian:12")
        #expect(
            try DockerReference("library/debian").at(host: "mirror.example").description
                == "mirror.example/library/debian:latest")
        #expect(try DockerReference("a/b").at(host: "docker.io").description == "docker.io/a/b:latest")
        #expect(try DockerReference("x.example/b").at(host: "y.example").description == "x.example/b:latest")
    }
}
