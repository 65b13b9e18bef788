import ImageModel
import JSON
import SystemPackage
import TestHost
import Testing

/// Servers on a registry: several at a time, and a registry that comes and goes.
@Suite(.serialized) struct RegistryStorageTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"
    private static let image = "/images/\(uuid)"
    private static let manifest =
        "{\"v\":2,\"uuid\":\"\(uuid)\",\"name\":\"x\",\"version\":\"1\",\"type\":\"other\",\"os\":\"other\",\"public\":true}"

    @Test func theStepsOfAPublishMayGoToDifferentServers() async throws {
        let registry = try await RegistryServer()
        let servers = try (0..<3).map { _ in try TestServer(registry) }
        defer { withExtendedLifetime(servers) {} }
        let running = servers.map { RunningServer(port: $0.port) }
        for round in 0..<5 {
            let (one, two, three) = (running[round % 3], running[(round + 1) % 3], running[(round + 2) % 3])
            #expect(try await one.send("POST", "\(Self.image)?action=import", body: Self.manifest).status == 200)
            #expect(try await two.send("POST", "\(Self.image)?action=import", body: Self.manifest).status == 409)
            #expect(try await two.send("PUT", "\(Self.image)/file?compression=none", body: "hello").status == 200)
            #expect(try await three.send("POST", "\(Self.image)?action=activate", body: "{}").status == 200)
            #expect(
                try await one.send("POST", "\(Self.image)?action=activate", body: "{}").code == "ImageAlreadyActivated")
            for server in running {
                #expect(try await server.get("\(Self.image)/file").text == "hello")
                #expect(try await server.send("POST", "/state?action=dropcaches", body: "").status == 202)
                #expect(try await server.get("/images").list("uuid") == [Self.uuid])
            }
            #expect(try await two.send("DELETE", Self.image).status == 204)
            #expect(try await three.send("DELETE", Self.image).status == 404)
        }
    }

    @Test func aListingIsNeverFarBehind() async throws {
        let registry = try await RegistryServer()
        let (one, two) = (try TestServer(registry), try TestServer(registry))
        defer { withExtendedLifetime((one, two)) {} }
        let (writer, reader) = (RunningServer(port: one.port), RunningServer(port: two.port))
        #expect(try await reader.get("/images").list("uuid") == [])
        #expect(try await writer.send("POST", "\(Self.image)?action=import", body: Self.manifest).status == 200)
        #expect(try await writer.send("PUT", "\(Self.image)/file?compression=none", body: "hello").status == 200)
        #expect(try await writer.send("POST", "\(Self.image)?action=activate", body: "{}").status == 200)
        #expect(try await writer.get("/images").list("uuid") == [Self.uuid])
        var listed: [String] = []
        for _ in 0..<200 where listed.isEmpty {
            listed = try await reader.get("/images").list("uuid")
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(listed == [Self.uuid])
    }

    @Test func aRegistryThatGoesAwayIsWaitedFor() async throws {
        let registry = try await RegistryServer()
        let program = try TestServer(registry)
        let server = RunningServer(port: program.port)
        #expect(try await server.send("POST", "\(Self.image)?action=import", body: Self.manifest).status == 200)
        // Three chunks, and the registry killed and started again while they are under way.
        let bytes = TestBytes.make(20 << 20)
        let upload = Task {
            // A registry that dies within a chunk forgets the upload: that is a 503, and clients try again.
            var reply: Reply
            repeat {
                reply = try await server.send(
                    "PUT", "\(Self.image)/file?compression=none", bytes: bytes, ["Content-Length": "\(bytes.count)"])
            } while reply.status == 503
            return reply
        }
        for _ in 0..<2 {
            try await Task.sleep(for: .milliseconds(150))
            try await registry.restart()
        }
        let reply = try await upload.value
        #expect(reply.status == 200, "\(reply)")
        #expect(try await server.send("POST", "\(Self.image)?action=activate", body: "{}").status == 200)
        #expect(try await server.get("\(Self.image)/file").body == bytes)

        registry.kill()
        // What is known is given out, what is not is not; a listing also when it is time for a new one.
        try await Task.sleep(for: .seconds(11))
        #expect(try await server.get(Self.image).json?["name"] == "x")
        for _ in 0..<3 { #expect(try await server.get("/images").list("uuid") == [Self.uuid]) }
        #expect(try await server.get("\(Self.image)/file").status == 503)
        #expect(try await server.send("POST", "\(Self.image)?action=disable", body: "{}").status == 503)
        #expect(try await server.send("POST", "/images", body: "{}").status == 422)
        try await registry.restart()
        #expect(
            try await server.get("\(Self.image)/file", ["Range": "bytes=10000000-10000004"]).body
                == Array(bytes[10_000_000..<10_000_005]))
        #expect(try await server.send("POST", "\(Self.image)?action=disable", body: "{}").status == 200)
        withExtendedLifetime(program) {}
    }

    @Test func whatIsNoImageIsLeftAlone() async throws {
        let registry = try await RegistryServer()
        let base = "\(registry.url)/v2/vm/images"
        let other = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c1ff"
        // A tag of another kind, and a UUID that leads to something else.
        try await Tool.shell(
            """
            location=$(curl -siX POST '\(base)/blobs/uploads/' | tr -d '\\r' | awk 'tolower($1) == "location:" { print $2 }')
            digest=sha256:$(printf '{}' | sha256sum | cut -d' ' -f1)
            curl -sfX PUT -H 'Content-Type: application/octet-stream' --data '{}' "$location&digest=$digest"
            for tag in latest \(other); do
                curl -sfX PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' '\(base)/manifests/'$tag --data \
                '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"text/plain","digest":"'$digest'","size":2},"layers":[]}'
            done
            """)
        let server = try TestServer(registry)
        defer { withExtendedLifetime(server) {} }
        let running = RunningServer(port: server.port)
        #expect(try await running.get("/images").list("uuid") == [])
        #expect(try await running.get("/images/\(other)").status == 503)
        #expect(try await running.send("POST", "\(Self.image)?action=import", body: Self.manifest).status == 200)
        #expect(try await running.get(Self.image).status == 200)
    }

    @Test func aRegistryMayWantAPassword() async throws {
        let registry = try await RegistryServer(.password)
        let home = TestFolder.make("docker")
        defer { TestFolder.remove(home) }
        let config = "{\"auths\":{\"\(registry.host)\":{\"username\":\"reader\",\"password\":\"secret\"}}}"
        try Tool.write(config, to: home.appending("config.json"))
        let refused = try await Tool.shell(
            "DOCKER_CONFIG=/nonexistent '\(Binaries.server)' --registry \(registry.host)/vm/images --listen 127.0.0.1:0 2>&1 || echo status $?"
        )
        #expect(refused.contains("error (Unauthorized)") && refused.hasSuffix("status 1\n"), "\(refused)")
        let line = try await Tool.shell(
            """
            cd '\(home)'; DOCKER_CONFIG=. '\(Binaries.server)' --registry \(registry.host)/vm/images --listen 127.0.0.1:0 > out & pid=$!
            until grep -q listening out; do kill -0 $pid; sleep 0.05; done
            url=$(sed 's/listening on //' out); head -c 9000000 /dev/urandom > file
            curl -sf -H 'Content-Type: application/json' --data '\(Self.manifest)' "$url\(Self.image)?action=import" > answer
            curl -sf -T file "$url\(Self.image)/file?compression=none" > answer
            curl -sf -X POST "$url\(Self.image)?action=activate" > answer
            curl -sf "$url\(Self.image)/file" | cmp - file && echo same
            curl -sf -X DELETE "$url\(Self.image)"; curl -s -o /dev/null -w '%{http_code}' "$url\(Self.image)"; kill $pid
            """)
        #expect(line == "same\n404", "\(line)")
    }

    /// What a registry may say of an upload that broke off, and of its tags.
    private static let answers: [(headers: String, tags: String)] = [
        ("Range: 0-9223372036854775807", #"{"tags":[]}"#), ("Range: 0-9223372036854775808", #"{"tags":null}"#),
        ("Range: -9223372036854775808", #"{"tags":[]}"#), ("Range: bytes=5-1", #"{"tags":[]}"#),
        ("OCI-Chunk-Min-Length: 9223372036854775807", #"{"tags":[]}"#),
    ]

    @Test(arguments: answers)
    func aRegistryThatSaysNonsenseIsAnError(answer: (headers: String, tags: String)) async throws {
        let registry = try await CannedServer { head in
            func say(_ status: Int, _ headers: String = "", _ body: String = "") -> String {
                "HTTP/1.1 \(status) X\r\n\(headers)\(headers.isEmpty ? "" : "\r\n")Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            }
            let method = head.prefix { $0 != " " }
            if head.contains("/tags/list") { return say(200, "Content-Type: application/json", answer.tags) }
            switch method {
            case "POST": return say(202, "Location: /v2/vm/images/blobs/uploads/1\r\n\(answer.headers)")
            case "PATCH": return say(500)
            case "GET" where head.contains("/uploads/"):
                return say(204, "Location: /v2/vm/images/blobs/uploads/1\r\n\(answer.headers)")
            default: return say(404)
            }
        }
        let program = try TestServer(["--registry", "\(registry.url)/vm/images"])
        let server = RunningServer(port: program.port)
        let reply = try await server.send("POST", "\(Self.image)?action=import", body: Self.manifest)
        #expect(reply.status == 503, "\(reply)")
        #expect(try await server.get("/ping").status == 200)
    }

    /// A server that took a part of the tags for all of them would say that the other images are not there.
    @Test(arguments: ["</v2/vm/images/tags/list?n=1000&last=x>", "<https://elsewhere.example/v2/vm/images/tags/list>"])
    func aListOfTagsThatBreaksOffIsAnError(next: String) async throws {
        let registry = try await CannedServer { head in
            guard head.contains("/tags/list") else { return nil }
            let body = #"{"tags":["x"]}"#
            return head.contains("last=x")
                ? "HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                : "HTTP/1.1 200 OK\r\nLink: \(next); rel=\"next\"\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        }
        #expect(throws: (any Error).self) { try TestServer(["--registry", "\(registry.url)/vm/images"]) }
    }

    @Test func aListOfTagsWithoutEndIsLeft() async throws {
        let registry = try await CannedServer { head in
            guard head.contains("/tags/list") else { return nil }
            let body = #"{"tags":["\#(String(repeating: "x", count: 1_000_000))"]}"#
            return
                "HTTP/1.1 200 OK\r\nLink: </v2/vm/images/tags/list?n=1000>; rel=\"next\"\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        }
        #expect(throws: (any Error).self) { try TestServer(["--registry", "\(registry.url)/vm/images"]) }
    }
}
