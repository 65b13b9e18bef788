import Failure
import IMGAPI
import ImageModel
import Logging
import NIOCore
import OCIRegistry
import Synchronization
import Testing

@testable import Transport

/// What a server may do to us: no trap, and all of it ends.
@Suite(.timeLimit(.minutes(20))) struct HostileAnswerTests {
    private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func transport(_ change: (inout TransportSettings) -> Void = { _ in }) -> (Transport, NetworkSender) {
        var settings = TransportSettings()
        settings.connectTimeout = .seconds(120)
        settings.stallTimeout = .seconds(120)
        settings.patience = .zero
        settings.firstPause = .milliseconds(1)
        change(&settings)
        let sender = NetworkSender(settings: settings)
        return (Transport(sender: sender, settings: settings, log: HostileAnswerTests.log), sender)
    }

    /// Asks once for a page, and says how that failed.
    private func failure(
        _ steps: [RawServer.Step], scheme: String = "http", _ change: (inout TransportSettings) -> Void = { _ in }
    ) async throws -> (any CodedError)? {
        let server = try await RawServer { _ in steps }
        let (transport, sender) = transport(change)
        let failure = await #expect(throws: (any Error).self) {
            _ = try await transport.reply(
                to: HTTPRequest(url: "\(scheme)://127.0.0.1:\(server.port)/x"), limit: 1 << 20)
        }
        await sender.shutDown()
        return failure as? any CodedError
    }

    /// AsyncHTTPClient traps on those below 100, so that one of them would end all tests.
    @Test(arguments: [0, 1, 7, 42, 99, 101])
    func aStatusThatIsNone(status: Int) async throws {
        let digits = String(1000 + status).dropFirst()
        for rest in ["Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "\r\nxyz"] {
            let failure = try await failure([.text("HTTP/1.1 \(digits) X\r\n\(rest)")])
            #expect(failure?.code == .connectionError)
            #expect(failure?.description.contains("not HTTP") == true, "\(failure.map { "\($0)" } ?? "")")
        }
    }

    /// AsyncHTTPClient traps where a client goes that was not shut down.
    @Test func aSenderThatNobodyShutDownEndsNothing() async throws {
        let server = try await RawServer { _ in [.text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")] }
        do {
            let (transport, _) = transport()
            #expect(try await transport.reply(to: HTTPRequest(url: "\(server.url)"), limit: 10).status == 200)
        }
        let (late, sender) = transport()
        await sender.shutDown()
        await #expect(throws: CancellationError.self) {
            _ = try await late.reply(to: HTTPRequest(url: "\(server.url)"), limit: 10)
        }
    }

    /// Whom a server sends us to may know from it what it was shown, though it is shown nothing itself.
    @Test func noRedirectByOthersSaysWhatWasShown() async throws {
        let other = try await RawServer { head in
            head.contains("/second")
                ? [.text("HTTP/1.1 302 Found\r\nLocation: /third?t0ken-of-alice\r\nContent-Length: 0\r\n\r\n")]
                : [.text("HTTP/1.1 302 Found\r\nLocation: ftp://t0ken-of-alice\r\nContent-Length: 0\r\n\r\n")]
        }
        let port = other.port
        let first = try await RawServer { _ in
            [.text("HTTP/1.1 302 Found\r\nLocation: http://localhost:\(port)/second\r\nContent-Length: 0\r\n\r\n")]
        }
        let (transport, sender) = transport()
        let request = HTTPRequest(url: "\(first.url)", headers: [("Authorization", "Bearer t0ken-of-alice")])
        let failure = await #expect(throws: (any Error).self) { _ = try await transport.reply(to: request, limit: 10) }
        await sender.shutDown()
        #expect((failure as? any CodedError)?.code == .connectionError)
        #expect(failure.map { !"\($0)".contains("alice") } ?? false, "\(String(describing: failure))")
    }

    /// What lets somebody in at a store of files stands in the query of the URL that its server names.
    @Test func theQueryOfAURLThatAServerNamesIsNotSaid() async throws {
        let store = try await RawServer { _ in [.close] }
        let port = store.port
        let first = try await RawServer { _ in
            [
                .text(
                    "HTTP/1.1 302 Found\r\nLocation: http://localhost:\(port)/file?Signature=s3cret\r\nContent-Length: 0\r\n\r\n"
                )
            ]
        }
        let (transport, sender) = transport()
        let failure = await #expect(throws: (any Error).self) {
            _ = try await transport.reply(to: HTTPRequest(url: "\(first.url)"), limit: 10)
        }
        await sender.shutDown()
        #expect(failure.map { "\($0)".contains("/file?… failed") } ?? false, "\(String(describing: failure))")
    }

    /// It would come again as it came.
    @Test(arguments: ["ETag: \"a\u{1}b\"", "X: a\u{0}", "\u{7f}: x", "Content-Length: x"])
    func aHeaderThatIsNone(field: String) async throws {
        let asked = Mutex(0)
        let server = try await RawServer { _ in
            asked.withLock { $0 += 1 }
            return [.text("HTTP/1.1 200 OK\r\n\(field)\r\n\r\nx")]
        }
        let (transport, sender) = transport()
        let failure = await #expect(throws: ConnectionError.self) {
            _ = try await transport.reply(
                to: HTTPRequest(url: "http://127.0.0.1:\(server.port)/x"), limit: 1 << 20)
        }
        #expect(failure?.description.contains("not HTTP") == true, "\(failure.map { "\($0)" } ?? "")")
        #expect(asked.withLock { $0 } == 1)
        await sender.shutDown()
    }

    static let endless: [(name: String, steps: [RawServer.Step])] = [
        ("interim answers", [.endless(Array(String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 100).utf8))]),
        (
            "interim answers, now and then",
            [.trickle(Array(String(repeating: "HTTP/1.1 103 X\r\n\r\n", count: 100).utf8), every: .milliseconds(20))]
        ),
        ("header fields", [.text("HTTP/1.1 200 OK\r\n"), .endless(Array("X-A: b\r\n".utf8))]),
        ("one header field", [.text("HTTP/1.1 200 OK\r\nX: "), .endless([UInt8](repeating: 97, count: 4096))]),
        ("a reason", [.text("HTTP/1.1 200 "), .endless([UInt8](repeating: 97, count: 4096))]),
        ("blank lines", [.endless(Array("\r\n\r\n".utf8))]),
        (
            "a head by bytes",
            [
                .trickle(
                    Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: yyyyyyyyyyyyyyyyyyyy".utf8),
                    every: .milliseconds(100))
            ]
        ),
        ("nothing", [.hang]),
        (
            "a body by bytes",
            [.text("HTTP/1.1 200 OK\r\n\r\n"), .trickle([UInt8](repeating: 97, count: 500), every: .milliseconds(50))]
        ),
        ("a body that stops", [.text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), .hang]),
        (
            "chunk extensions",
            [
                .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"),
                .endless([UInt8](repeating: 97, count: 4096)),
            ]
        ),
        ("a body", [.text("HTTP/1.1 200 OK\r\n\r\n"), .endless([UInt8](repeating: 97, count: 65536))]),
        (
            "trailers",
            [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), .endless(Array("A: b\r\n".utf8))]
        ),
    ]

    @Test(arguments: endless)
    func whatHasNoEndIsLeft(name: String, steps: [RawServer.Step]) async throws {
        // That it ends at all is seen by the time limit of the suite.
        let failure = try await failure(steps) { $0.stallTimeout = .seconds(1) }
        #expect(failure != nil, "\(name)")
    }

    @Test func aListWithoutEndIsLeft() async throws {
        let server = try await RawServer { _ in
            let images = (0..<1000).map { _ in
                let digits = (0..<8).map { _ in String(UInt16.random(in: 0x1000...0xffff), radix: 16) }
                return
                    "{\"uuid\":\"\(digits[0])\(digits[1])-\(digits[2])-\(digits[3])-\(digits[4])-\(digits[5])\(digits[6])\(digits[7])\"}"
            }
            let body = "[\(images.joined(separator: ","))]"
            return [.text("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"), .keep]
        }
        let (transport, sender) = transport()
        let client = IMGAPIClient(
            base: server.url, channel: nil, insecure: false, requestID: "00000000-0000-0000-0000-000000000000",
            transport: transport)
        let failure = await #expect(throws: Failure.self) { _ = try await client.list(longest: 1 << 20) }
        await sender.shutDown()
        #expect(failure?.code == .sourceError && failure?.message.contains("no end") == true)
    }

    @Test func redirectsHaveAnEnd() async throws {
        let server = try await RawServer { _ in
            [
                .text("HTTP/1.1 302 Found\r\nLocation: /\(UInt32.random(in: 0 ... .max))\r\nContent-Length: 0\r\n\r\n"),
                .keep,
            ]
        }
        let (transport, sender) = transport()
        let failure = await #expect(throws: ConnectionError.self) {
            _ = try await transport.reply(to: HTTPRequest(url: server.url), limit: 1000)
        }
        await sender.shutDown()
        #expect(failure?.description.contains("too many redirects") == true && server.count == 6)
    }

    static let words: [(name: String, scheme: String, steps: [RawServer.Step], words: String)] = [
        ("http where TLS is wanted", "https", [.text("HTTP/1.1 400 Bad\r\n\r\n")], "plain HTTP, not TLS"),
        ("TLS where http is wanted", "http", [.send([0x15, 3, 3, 0, 2, 2, 50])], "speaks TLS, not plain HTTP"),
        ("another protocol", "http", [.text("SSH-2.0-OpenSSH_9.2\r\n")], "not HTTP"),
        ("no handshake", "https", [.close], "closed the connection during the TLS handshake"),
        ("no version in common", "https", [.send([0x15, 3, 1, 0, 2, 2, 70])], "no version of TLS from 1.2 on"),
        ("no cipher in common", "https", [.send([0x15, 3, 1, 0, 2, 2, 40])], "no way of encrypting in common"),
    ]

    @Test(arguments: words)
    func whatIsWrongIsSaidInWords(name: String, scheme: String, steps: [RawServer.Step], words: String) async throws {
        let failure = try #require(try await failure(steps, scheme: scheme))
        #expect(failure.description.contains(words), "\(name): \(failure)")
        #expect(!failure.fullDescription.contains(".c:") && !failure.fullDescription.contains(".cc"), "\(failure)")
    }

    // MARK: Proxies

    @Test func aPasswordNeverGoesToATLSProxyInClear() async throws {
        let proxy = try await RawServer { _ in [.hang] }
        let (transport, sender) = transport {
            $0.proxies = ProxySettings(environment: ["https_proxy": "https://user:secret@127.0.0.1:\(proxy.port)"])
        }
        let failure = try #require(
            await #expect(throws: ConnectionError.self) {
                _ = try await transport.reply(to: HTTPRequest(url: "https://registry.example/v2/"), limit: 1000)
            })
        await sender.shutDown()
        #expect(proxy.count == 0 && failure.description.contains("proxy https://127.0.0.1"), "\(failure)")
        #expect(!failure.fullDescription.contains("secret"))
    }

    static let proxies: [(scheme: String, steps: [RawServer.Step], words: String)] = [
        ("https", [.text("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")], "wants credentials (status 407)"),
        ("http", [.text("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")], "wants credentials (status 407)"),
        ("https", [.text("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")], "makes no connection to the server"),
        ("https", [.text("HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n")], "makes no connection to the server"),
    ]

    @Test(arguments: proxies)
    func anErrorOfAProxySaysSo(scheme: String, steps: [RawServer.Step], words: String) async throws {
        let proxy = try await RawServer { _ in steps }
        let (transport, sender) = transport {
            let address = "http://127.0.0.1:\(proxy.port)"
            $0.proxies = ProxySettings(environment: ["http_proxy": address, "https_proxy": address])
        }
        let failure = try #require(
            await #expect(throws: ConnectionError.self) {
                _ = try await transport.reply(to: HTTPRequest(url: "\(scheme)://registry.example/v2/"), limit: 1000)
            })
        await sender.shutDown()
        #expect(failure.description.contains("the proxy http://127.0.0.1:\(proxy.port) \(words)"), "\(failure)")
    }

    @Test func aProxyThatIsDownIsNamed() async throws {
        let gone = try await RawServer { _ in [] }
        let port = gone.port
        try await gone.close()
        let (transport, sender) = transport {
            $0.proxies = ProxySettings(environment: ["http_proxy": "http://127.0.0.1:\(port)"])
        }
        let failure = try #require(
            await #expect(throws: ConnectionError.self) {
                _ = try await transport.reply(to: HTTPRequest(url: "http://registry.example/v2/"), limit: 1000)
            })
        await sender.shutDown()
        #expect(failure.description.contains("the proxy http://127.0.0.1:\(port): cannot connect"), "\(failure)")
    }

    // MARK: What a server outside names

    /// A registry outside, which the proxy stands for, names addresses inside as its token service and as the place of a
    /// manifest: nobody asks there.
    @Test(arguments: ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
    func nobodyOutsideNamesWhatIsInside(host: String) async throws {
        let inside = try await RawServer { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"token\":\"t\"}")]
        }
        let target = "http://\(host):\(inside.port)/x"
        let proxy = try await RawServer { head in
            let field =
                head.contains("/redirected/")
                ? "HTTP/1.1 307 X\r\nLocation: \(target)"
                : "HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer realm=\"\(target)\""
            return [.text("\(field)\r\nContent-Length: 0\r\n\r\n")]
        }
        let (transport, sender) = transport {
            $0.proxies = ProxySettings(environment: [
                "http_proxy": "http://127.0.0.1:\(proxy.port)", "no_proxy": "127.0.0.1,localhost,::1",
            ])
        }
        let endpoint = RegistryEndpoint(source: try ServerURL("http://registry.example"), insecure: false)
        let client = RegistryClient(
            endpoint, credentials: NoCredentials(), transport: transport, log: HostileAnswerTests.log)
        for repository in ["a/b", "redirected/b"] {
            let failure = try #require(
                await #expect(throws: ConnectionError.self) {
                    _ = try await client.image(
                        try DockerReference("registry.example/\(repository):1"),
                        for: OCIPlatform(os: "linux", architecture: "amd64"))
                })
            #expect(failure.description.contains("outside"), "\(failure)")
        }
        // What a proxy stands for is not inside because the proxy is.
        #expect(inside.count == 0 && sender.reached.isInside("registry.example") == nil)
        _ = try await transport.reply(to: HTTPRequest(url: "http://127.0.0.1:\(inside.port)/x"), limit: 1000)
        #expect(sender.reached.isInside("127.0.0.1") == true)
        await sender.shutDown()
    }
}
