import ImageModel
import ImageServer
import JSON
import SystemPackage
import TestHost
import Testing

/// What a page of somebody else can have a browser send, and requests that are for another server.
@Suite struct ForeignPageTests {
    private static let uuid = "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001"

    private static func disable(_ headers: [String: String], host: String, on server: RunningServer) async throws
        -> Reply
    {
        let fields = headers.map { "\($0): \($1)\r\n" }.joined()
        return try await server.exchange(
            "POST /images/\(uuid)?action=disable HTTP/1.1\r\nHost: \(host)\r\n\(fields)Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
    }

    /// Headers, the host, and whether the change is made where anyone on this machine may make it, and where anyone may.
    private static let requests: [(headers: [String: String], host: String, here: Bool, anywhere: Bool)] = [
        ([:], "127.0.0.1:8080", true, true), ([:], "localhost", true, true), ([:], "[::1]:8080", true, true),
        ([:], "LOCALHOST:1", true, true), ([:], "localhost.:1", true, true), ([:], "a.localhost", true, true),
        ([:], "ip6-localhost", true, true), ([:], "localhost.evil.example", false, true),
        ([:], "evil.example:8080", false, true),
        ([:], "127.0.0.1.evil.example", false, true),
        (["Origin": "http://127.0.0.1:8080"], "127.0.0.1:8080", true, true),
        (["Origin": "http://evil.example:8080"], "evil.example:8080", false, true),
        (["Origin": "https://evil.example"], "127.0.0.1:8080", false, false),
        (["Origin": "null"], "127.0.0.1:8080", false, false),
        (["Sec-Fetch-Site": "cross-site"], "127.0.0.1:8080", false, false),
        (["Sec-Fetch-Site": "same-site"], "127.0.0.1:8080", false, false),
        (["Sec-Fetch-Site": "same-origin"], "127.0.0.1:8080", true, true),
        (["Sec-Fetch-Site": "none"], "127.0.0.1:8080", true, true),
    ]

    @Test(arguments: [true, false]) func noPageOfAnotherSiteChangesAnything(isForThisMachine: Bool) async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)), ["published_at": "2024-01-01T00:00:00Z"])
        var authentication = Authentication(anonymous: .writes)
        authentication.isForThisMachine = isForThisMachine
        try await RunningServer.serving(root, authentication: authentication) { server in
            for (headers, host, here, anywhere) in Self.requests {
                let reply = try await Self.disable(headers, host: host, on: server)
                let isTaken = isForThisMachine ? here : anywhere
                #expect(reply.status == (isTaken ? 200 : 403), "\(headers) \(host): \(reply)")
                #expect(isTaken || reply.code == "ForbiddenError")
                // Reading shows a page of another site nothing that it could read.
                #expect(try await server.get("/images", headers).status == 200)
            }
        }
    }

    /// Who shows who he is is asked for by no page that does not know it.
    @Test func whoIsKnownMayComeFromAnywhere() async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)))
        try root.writeSecret("ada secret\n", to: "tokens")
        try await RunningServer.serving(root, authentication: Authentication(tokens: root.path.appending("tokens"))) {
            server in
            let headers = ["Origin": "https://console.example", "Authorization": "Bearer secret"]
            let reply = try await Self.disable(headers, host: "images.example", on: server)
            #expect(reply.status == 200, "\(reply)")
        }
    }

    private static let lists: [(text: String, hosts: Set<String>?)] = [
        ("images.example.com", ["images.example.com"]),
        ("A.example:80, b.example:443 ,c:8080", ["a.example", "b.example", "c:8080"]),
        ("[2001:DB8::1]:8443", ["[2001:db8::1]:8443"]), ("", nil), ("a,,b", nil), (":80", nil), ("a b", nil),
        ("http://a", nil),
    ]

    @Test(arguments: lists) func namesAreHosts(text: String, hosts: Set<String>?) {
        #expect(HostHeader.list(text) == hosts)
    }

    @Test func whatIsAskedOfAnotherServerIsRefused() async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)))
        var authentication = Authentication(anonymous: .writes)
        authentication.hosts = HostHeader.list("images.example.com,127.0.0.1:8443")
        // Which they are is said.
        authentication.isForThisMachine = true
        try await RunningServer.serving(root, authentication: authentication) { server in
            for (host, status) in [
                ("images.example.com", 200), ("Images.Example.com:443", 200), ("127.0.0.1:8443", 200),
                ("127.0.0.1", 421),
                ("other.example", 421), ("images.example.com:8080", 200), ("127.0.0.1:8080", 421),
            ] {
                let reply = try await Self.disable([:], host: host, on: server)
                #expect(
                    reply.status == status && (status == 200 || reply.code == "MisdirectedRequest"), "\(host): \(reply)"
                )
                let ping = try await server.exchange("GET /ping HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
                #expect(ping.status == 200)
            }
        }
    }

    /// While the body of one comes, another makes a change: what the first one saw is no more.
    @Test func ifMatchIsComparedWithWhatIsThereByThen() async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)))
        let audit = root.path.appending("audit")
        let authentication = Authentication(anonymous: .writes)
        try await RunningServer.serving(root, authentication: authentication, audit: audit) { server in
            let target = "/images/\(Self.uuid)"
            let seen = try #require(try await server.get(target).headers["etag"])
            #expect(try await server.send("POST", "\(target)?action=enable", body: "{}").status == 200)
            let body = #"{"description":"of the first"}"#
            let late = try await server.exchange(
                """
                POST \(target)?action=update HTTP/1.1\r
                Host: 127.0.0.1\r
                If-Match: \(seen)\r
                Content-Type: application/json\r
                Content-Length: \(body.utf8.count)\r
                Connection: close\r
                \r

                """, body: body, audit: audit
            ) {
                let other = try await server.send(
                    "POST", "\(target)?action=update", body: #"{"description":"of the other"}"#, ["If-Match": seen])
                #expect(other.status == 200, "\(other)")
            }
            #expect(late.status == 412, "\(late)")
            #expect(try await server.get(target).json?["description"] == "of the other")
        }
    }

    /// What is refused for its form is an attempt, too.
    @Test func attemptsAreRecordedWhateverTheyAccept() async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)))
        let audit = root.path.appending("audit")
        try await RunningServer.serving(root, authentication: Authentication(anonymous: .writes), audit: audit) {
            server in
            let target = "/images/\(Self.uuid)?action=disable"
            for (headers, status) in [
                (["Accept": "image/png"], 406), (["Accept-Version": "~99"], 400), (["Origin": "null"], 403),
            ] {
                let reply = try await server.send("POST", target, body: "{}", headers)
                #expect(reply.status == status, "\(reply)")
            }
            #expect(
                try await Tool.shell("grep -o '\"status\":[0-9]*' '\(audit)'")
                    == "\"status\":406\n\"status\":400\n\"status\":403\n")
        }
    }
}
