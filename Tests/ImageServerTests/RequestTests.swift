import ImageModel
import ImageServer
import JSON
import Testing

@testable import ImageCatalog
@testable import ImageServer

/// Requests whose form is not what HTTP says (RFC 9112), and answers that are nothing but what they say.
@Suite struct RequestTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c301"

    @Test func aRequestNamesOneHost() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root) { server in
            let refused = [
                "GET /ping HTTP/1.1\r\n", "GET /ping HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
                "GET /ping HTTP/1.1\r\nhost: a\r\nX: y\r\nHOST: b\r\n", "GET / HTTP/1.1\r\nHost: <b>\r\n",
                "GET / HTTP/1.1\r\nHost: a<\u{338}script>\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n",
                "GET / HTTP/1.1\r\nHost: a\"b\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n",
                "GET / HTTP/1.1\r\nHost: a:b\r\n", "GET / HTTP/1.1\r\nHost: [::1\r\n",
                "GET / HTTP/1.1\r\nHost: user@a\r\n",
            ]
            for head in refused {
                let reply = try await server.exchange(head + "Connection: close\r\n\r\n")
                #expect(reply.status == 400 && reply.code == "InvalidHeader", "\(head): \(reply)")
                #expect(!reply.text.contains("script"))
            }
            for host in ["", "a", "a:80", "a:", "127.0.0.1:8080", "[::1]:8080", "a_b.example.com", "a%20b"] {
                let reply = try await server.exchange(
                    "GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
                #expect(reply.status == 200, "\(host): \(reply)")
            }
        }
    }

    @Test func clientsOfTheFirstVersionNameNone() async throws {
        try await RunningServer.serving(try ImageRoot()) { server in
            // And the connection ends with the answer, although nobody says so.
            try await #expect(server.exchange("GET /ping HTTP/1.0\r\n\r\n").status == 200)
            try await #expect(
                server.exchange("GET /ping HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n").status == 200)
        }
    }

    @Test(arguments: TestStorage.allCases)
    func aBodyThatIsNotAsItsFramingSays(storage: TestStorage) async throws {
        try await storage.serving { server in
            let image = "/images/\(Self.uuid)"
            let manifest =
                #"{"v":2,"uuid":"\#(Self.uuid)","name":"x","version":"1","type":"other","os":"other","public":true}"#
            try await #expect(server.send("POST", "\(image)?action=import", body: manifest).status == 200)
            for target in ["POST \(image)?action=update", "PUT \(image)/file?compression=none"] {
                for body in [
                    "zz\r\nhello\r\n0\r\n\r\n", "5\r\nhelloXX5\r\nworld\r\n0\r\n\r\n",
                    "ffffffffffffffffff\r\nx", "-1\r\nx\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nbad trailer\u{1}\r\n\r\n",
                ] {
                    let reply = try await server.exchange(
                        "\(target) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
                    )
                    #expect(reply.status == 400, "\(target) \(body): \(reply)")
                }
            }
            let stored = try await server.get(image).json
            #expect(stored?["files"] == [] && stored?["name"] == "x")
        }
    }

    @Test func nothingIsTakenForSomethingElse() async throws {
        let root = try ImageRoot()
        let uuid = try #require(ImageUUID(Self.uuid))
        // An operator may have written anything.
        try root.add(uuid, ["icon": ["contentType": "text/html"]])
        try root.write("<script>alert(1)</script>", to: "images/\(uuid).icon")
        try await RunningServer.serving(root) { server in
            let icon = try await server.get("/images/\(uuid)/icon")
            #expect(icon.status == 200 && icon.headers["content-type"] == "application/octet-stream", "\(icon)")
            for target in ["/images/\(uuid)/icon", "/images/\(uuid)/file", "/images", "/", "/<script>"] {
                let reply = try await server.get(target, ["Accept": "text/plain"])
                #expect(reply.headers["x-content-type-options"] == "nosniff", "\(target): \(reply)")
            }
        }
    }

    @Test(arguments: [
        ("<b>", "&lt;b&gt;"), ("<\u{338}b>\u{338}", "&lt;\u{338}b&gt;\u{338}"),
        ("\"\u{301}'\u{301}", "&quot;\u{301}&#39;\u{301}"),
        ("&\u{20DD}", "&amp;\u{20DD}"), ("a\r\nb\u{0}", "a  b "), ("ü", "ü"),
    ])
    func textInThePageIsNothingButText(text: String, escaped: String) {
        #expect(HTMLText.escaped(text).utf8.elementsEqual(escaped.utf8), "\(HTMLText.escaped(text))")
    }

    @Test func oneImageDoesNotWaitForAnother() async throws {
        let turns = ImageTurns()
        let (one, other) = (ImageUUID(), ImageUUID())
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        let (order, note) = AsyncStream.makeStream(of: String.self)
        let first = Task {
            try await turns.inTurn(one) {
                note.yield("first")
                for await _ in held {}
                note.yield("first done")
            }
        }
        var seen = order.makeAsyncIterator()
        #expect(await seen.next() == "first")
        let second = Task { try await turns.inTurn(one) { note.yield("second") } }
        try await turns.inTurn(other) { note.yield("other") }
        #expect(await seen.next() == "other")
        release.finish()
        try await first.value
        try await second.value
        #expect(await seen.next() == "first done")
        #expect(await seen.next() == "second")
    }
}
