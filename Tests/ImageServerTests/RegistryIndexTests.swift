import JSON
import TestHost
import Testing

/// The index that servers keep in a registry: they go by it, and not by it alone.
@Suite(.serialized) struct RegistryIndexTests {
    private static func uuid(_ number: Int) -> String { "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c\(100 + number)" }

    private static let accept = "-H 'Accept: application/vnd.oci.image.index.v1+json'"

    /// Puts an active image by a server.
    private func publish(_ number: Int, by server: RunningServer) async throws {
        let uuid = Self.uuid(number)
        let manifest =
            "{\"v\":2,\"uuid\":\"\(uuid)\",\"name\":\"x\(number)\",\"version\":\"1\",\"type\":\"other\",\"os\":\"other\"}"
        #expect(try await server.send("POST", "/images/\(uuid)?action=import", body: manifest).status == 200)
        #expect(try await server.send("PUT", "/images/\(uuid)/file?compression=none", body: "hello").status == 200)
        #expect(try await server.send("POST", "/images/\(uuid)?action=activate", body: "{}").status == 200)
    }

    private func index(_ registry: RegistryServer) async throws -> String {
        try await Tool.shell("curl -s \(Self.accept) '\(registry.url)/v2/vm/images/manifests/index'")
    }

    private func put(_ index: String, in registry: RegistryServer) async throws {
        try await Tool.shell(
            """
            curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @- \
                '\(registry.url)/v2/vm/images/manifests/index' <<'END'
            \(index)
            END
            """)
    }

    private func names(_ registry: RegistryServer) async throws -> [String] {
        let json = try JSONValue(parsing: try await index(registry))
        return (json["manifests"]?.arrayValue ?? [])
            .compactMap { $0["annotations"]?["org.opencontainers.image.title"]?.stringValue }.sorted()
    }

    /// It is written behind the back of who changes an image.
    private func expectIndex(_ wanted: [String], in registry: RegistryServer) async throws {
        var found: [String] = []
        for _ in 0..<600 {
            found = try await names(registry)
            if found == wanted { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(found == wanted)
    }

    @Test func aServerThatStartsReadsTheIndexAndTheTags() async throws {
        let registry = try await RegistryServer()
        let first = try TestServer(registry)
        let names = (0..<20).map { "x\($0)" }.sorted()
        for number in 0..<20 { try await publish(number, by: RunningServer(port: first.port)) }
        try await expectIndex(names, in: registry)
        let proxy = try await FaultProxy(to: registry.port, path: "/v2/", [], then: .pass)
        let start = ContinuousClock.now
        let second = try TestServer(["--registry", "\(proxy.url)/vm/images"])
        let server = RunningServer(port: second.port)
        #expect(try await server.get("/images").list("name").compactMap(\.self).sorted() == names)
        let begun = proxy.requests.count
        #expect(begun <= 3, "\(proxy.requests)")
        // A listing that is due, which it is every five seconds, asks whether the index has changed.
        try await Task.sleep(for: .seconds(6))
        for _ in 0..<5 { #expect(try await server.get("/images").list("name").count == 20) }
        for _ in 0..<1200 where proxy.requests.count <= begun { try await Task.sleep(for: .milliseconds(50)) }
        // Whatever comes besides it.
        try await Task.sleep(for: .seconds(1))
        let due = Int(start.duration(to: .now) / .seconds(5)) + 1
        let later = proxy.requests.dropFirst(begun).map { String($0.prefix { $0 != "\r" }) }
        #expect(!later.isEmpty, "the listing was due")
        #expect(later.allSatisfy { $0.hasPrefix("HEAD /v2/vm/images/manifests/index") }, "\(proxy.requests)")
        #expect(later.count <= due, "\(later)")
        // An image itself is as its tag says.
        #expect(try await server.get("/images/\(Self.uuid(3))/file").text == "hello")
        withExtendedLifetime(first) {}
    }

    /// As behind a balancer: what one server has just activated, the other finds.
    @Test func aNameIsFoundAtOnceByEveryServer() async throws {
        let registry = try await RegistryServer()
        let (first, second) = (try TestServer(registry), try TestServer(registry))
        let other = RunningServer(port: second.port)
        for number in 0..<8 {
            // Its listing is of before.
            #expect(try await other.get("/images?name=x\(number)").list("name") == [])
            #expect(try await other.get("/images").status == 200)
            try await publish(number, by: RunningServer(port: first.port))
            #expect(try await other.get("/images?name=x\(number)").list("name") == ["x\(number)"])
            #expect(try await other.get("/images/\(Self.uuid(number))").status == 200)
            // What is gone is not found any more either.
            if number % 2 == 0 {
                #expect(
                    try await RunningServer(port: first.port).send("DELETE", "/images/\(Self.uuid(number))").status
                        == 204)
                #expect(try await other.get("/images?name=x\(number)").list("name") == [])
            }
        }
        withExtendedLifetime((first, second)) {}
    }

    @Test func whatTheIndexHasLostIsFoundAndEnteredAgain() async throws {
        let registry = try await RegistryServer()
        let first = try TestServer(registry)
        let server = RunningServer(port: first.port)
        try await publish(1, by: server)
        try await expectIndex(["x1"], in: registry)
        let old = try await index(registry)
        try await publish(2, by: server)
        try await expectIndex(["x1", "x2"], in: registry)
        try await put(old, in: registry)
        let second = try TestServer(registry)
        #expect(try await RunningServer(port: second.port).get("/images").list("name") == ["x1", "x2"])
        try await expectIndex(["x1", "x2"], in: registry)
        // What is deleted goes from it, too.
        #expect(try await server.send("DELETE", "/images/\(Self.uuid(1))").status == 204)
        try await expectIndex(["x2"], in: registry)
        withExtendedLifetime((first, second)) {}
    }

    @Test func aHintIsNotBelievedOfTheImageItself() async throws {
        let registry = try await RegistryServer()
        let first = try TestServer(registry)
        try await publish(1, by: RunningServer(port: first.port))
        try await expectIndex(["x1"], in: registry)
        let lie = try await index(registry).replacing("\\\"name\\\":\\\"x1\\\"", with: "\\\"name\\\":\\\"evil\\\"")
        try await put(lie, in: registry)
        let second = try TestServer(registry)
        let server = RunningServer(port: second.port)
        #expect(try await server.get("/images").list("name") == ["evil"])
        #expect(try await server.get("/images/\(Self.uuid(1))").json?["name"] == "x1")
        #expect(try await server.get("/images").list("name") == ["x1"])
        withExtendedLifetime(first) {}
    }

    @Test func anIndexOfSomebodyElseIsLeftAlone() async throws {
        let registry = try await RegistryServer()
        let theirs = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}"
        try await put(theirs, in: registry)
        let before = try await index(registry)
        let first = try TestServer(registry)
        try await publish(1, by: RunningServer(port: first.port))
        let second = try TestServer(registry)
        #expect(try await RunningServer(port: second.port).get("/images").list("name") == ["x1"])
        #expect(try await index(registry) == before)
        withExtendedLifetime(first) {}
    }
}
