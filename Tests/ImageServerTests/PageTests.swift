import ImageModel
import JSON
import Testing

/// What is not for imgadm: the page for people, and figures.
@Suite struct PageTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c201"
    private static let other = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c202"

    @Test func thePageListsWhatCanBeImported() async throws {
        let root = try ImageRoot()
        try root.add(
            try #require(ImageUUID(Self.uuid)),
            ["name": "base", "files": [["sha1": "aa", "size": 12_345_678, "compression": "gzip"]]])
        try root.add(try #require(ImageUUID(Self.other)), ["state": "disabled", "disabled": true])
        try await RunningServer.serving(root) { server in
            let page = try await server.get("/")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8", "\(page)")
            #expect(page.text.contains("<code>imgadm import \(Self.uuid)</code>"))
            #expect(
                page.text.contains(">base<") && page.text.contains(">11.8 MiB<") && page.text.contains(">2024-01-02<"))
            #expect(!page.text.contains(Self.other))
            #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(try await server.send("HEAD", "/").body.isEmpty)
            #expect(try await server.send("POST", "/").status == 405)
        }
    }

    @Test func whatTheRequestSaysIsOnlyText() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root) { server in
            let page = try await server.exchange(
                "GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\nConnection: close\r\n\r\n")
            #expect(!page.text.contains("<script>alert"), "\(page)")
        }
    }

    @Test func eachChannelHasItsPage() async throws {
        let root = try ImageRoot()
        try root.write("[{\"name\": \"dev\", \"default\": true}, {\"name\": \"release\"}]", to: "channels.json")
        try root.add(try #require(ImageUUID(Self.uuid)), ["channels": ["dev"]])
        try root.add(try #require(ImageUUID(Self.other)), ["channels": ["release"]])
        try await RunningServer.serving(root) { server in
            let standard = try await server.get("/").text
            #expect(standard.contains(Self.uuid) && !standard.contains(Self.other))
            #expect(standard.contains("<a href=\"/?channel=release\">release</a>"))
            let release = try await server.get("/?channel=release").text
            #expect(
                release.contains(Self.other) && !release.contains(Self.uuid)
                    && release.contains("?channel=release</code>"))
            #expect(try await server.get("/?channel=none").status == 422)
        }
    }

    @Test func figures() async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)))
        try await RunningServer.serving(root) { server in
            for _ in 0..<3 { _ = try await server.get("/ping") }
            _ = try await server.get("/images/\(Self.other)")
            _ = try await server.send("OPTIONS", "/ping")
            let figures = try await server.get("/metrics")
            #expect(figures.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            let lines = figures.text.split(separator: "\n")
            for line in [
                "imgapi_requests_total{method=\"GET\",route=\"ping\",status=\"200\"} 3",
                "imgapi_requests_total{method=\"GET\",route=\"image\",status=\"404\"} 1",
                "imgapi_requests_total{method=\"other\",route=\"ping\",status=\"405\"} 1",
                "imgapi_images{state=\"active\"} 1",
            ] { #expect(lines.contains { $0 == line }, "\(line): \(figures.text)") }
        }
    }
}
