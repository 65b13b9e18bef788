import ImageModel
import JSON
import Testing

/// Servers with channels (imgapi.md, sections 6 and 15).
@Suite struct ChannelTests {
    private static let release = ImageUUID()
    private static let staging = ImageUUID()
    private static let both = ImageUUID()
    private static let unsaid = ImageUUID()

    private static func root(_ channels: String) throws -> ImageRoot {
        let root = try ImageRoot()
        try root.write(channels, to: "channels.json")
        let named: [(ImageUUID, String, JSONValue)] = [
            (release, "release", ["release"]), (staging, "staging", ["staging"]),
            (both, "both", ["release", "staging"]), (unsaid, "unsaid", .null),
        ]
        for (number, image) in named.enumerated() {
            try root.add(
                image.0,
                [
                    "name": .string(image.1), "channels": image.2,
                    "published_at": .string("202\(number)-01-01T00:00:00Z"),
                ])
        }
        return root
    }
    private static let withDefault =
        #"[{"name":"release","description":"for all","default":true},{"name":"staging","description":"not yet"}]"#

    @Test func eachRequestWorksInOneChannel() async throws {
        try await RunningServer.serving(try Self.root(Self.withDefault)) { server in
            let rows: [(String, [String])] = [
                ("", ["release", "both", "unsaid"]), ("?channel=", ["release", "both", "unsaid"]),
                ("?channel=release", ["release", "both", "unsaid"]),
                ("?channel=staging", ["staging", "both"]), ("?channel=*", ["release", "staging", "both", "unsaid"]),
            ]
            for (query, names) in rows {
                try await #expect(server.get("/images\(query)").list("name") == names, "\(query)")
            }
            let unknown = try await server.get("/images?channel=nope")
            #expect(
                unknown.status == 422 && unknown.code == "ValidationFailed"
                    && unknown.message == "unknown channel: nope", "\(unknown)")
            #expect(
                unknown.json?["errors"]?[0]?["field"] == "channel" && unknown.json?["errors"]?[0]?["code"] == "Invalid")
            let elsewhere = try await server.get("/images/\(Self.staging)")
            #expect(elsewhere.status == 404 && elsewhere.message == "image not found")
            try await #expect(server.get("/images/\(Self.staging)/file").message == "image not found")
            try await #expect(server.get("/images/\(Self.staging)?channel=staging").status == 200)
            try await #expect(server.get("/images/\(Self.staging)?channel=*").status == 200)
            try await #expect(
                server.get("/images/\(Self.staging)/file?channel=*").message == "image \"\(Self.staging)\" has no file")
            // The marker's channel does not matter.
            try await #expect(server.get("/images?marker=\(Self.staging)").list("name") == ["both", "unsaid"])
            // What says nothing of channels is in the default one.
            try await #expect(server.get("/images/\(Self.unsaid)?channel=staging").status == 404)
            let unsaid = try await server.get("/images/\(Self.unsaid)", ["Accept-Version": "~2"])
            #expect(unsaid.json?["channels"] == ["release"], "\(unsaid)")
        }
    }

    @Test func versionsBeforeTwoKnowNoChannels() async throws {
        try await RunningServer.serving(try Self.root(Self.withDefault)) { server in
            for (range, isShown) in [
                ("~2", true), ("*", true), ("2.0.0", true), (">=1", true), ("~1", false), ("1.0.0", false),
                (nil, false),
            ] {
                let headers = range.map { ["Accept-Version": $0] } ?? [:]
                let image = try await server.get("/images/\(Self.both)", headers)
                #expect(image.json?["channels"] == (isShown ? ["release", "staging"] : nil), "\(range ?? "none")")
                try await #expect(server.get("/images", headers).json?[1]?["channels"] == image.json?["channels"])
            }
            let tags = try await (
                server.get("/images/\(Self.both)", ["Accept-Version": "~1"]),
                server.get("/images/\(Self.both)", ["Accept-Version": "~2"])
            )
            #expect(tags.0.headers["etag"] != tags.1.headers["etag"])
        }
    }

    @Test func theListOfChannels() async throws {
        try await RunningServer.serving(try Self.root(Self.withDefault)) { server in
            let reply = try await server.get("/channels")
            #expect(
                reply.json?.text()
                    == #"[{"name":"release","description":"for all","default":true},{"name":"staging","description":"not yet"}]"#
            )
        }
    }

    @Test func withoutADefaultOneMustBeNamed() async throws {
        try await RunningServer.serving(try Self.root(#"[{"name":"release"},{"name":"staging"}]"#)) { server in
            for target in ["/images", "/images/\(Self.release)", "/images/\(Self.release)/file", "/images?channel="] {
                let reply = try await server.get(target)
                #expect(
                    reply.status == 422
                        && reply.message == "channel not specified and the server has no default channel", "\(reply)")
                #expect(reply.json?["errors"]?[0]?["code"] == "MissingParameter")
            }
            try await #expect(server.get("/images?channel=release").list("name") == ["release", "both"])
            // What names no channel is in none then; the log says it.
            try await #expect(server.get("/images?channel=*").list("name") == ["release", "staging", "both"])
        }
    }

    /// A server that has images is given channels: all of them are still there, and go from channel to channel as others do.
    @Test(arguments: TestStorage.allCases) func channelsMayComeLater(storage: TestStorage) async throws {
        let images = (0..<3).map { _ in ImageUUID() }
        try await storage.servingTwice(channels: Self.withDefault) { server in
            for uuid in images {
                let image = "/images/\(uuid)"
                let made = try await server.send(
                    "POST", "\(image)?action=import", body: AccessTests.manifest(uuid))
                #expect(made.status == 200, "\(made)")
                #expect(try await server.send("PUT", "\(image)/file?compression=none", body: "hello").status == 200)
                #expect(try await server.send("POST", "\(image)?action=activate", body: "{}").status == 200)
            }
        } then: { server in
            func names(_ query: String) async throws -> Set<String> { try await Set(server.get(query).list("uuid")) }
            let all = Set(images.map(\.description))
            #expect(try await names("/images") == all)
            #expect(try await names("/images?channel=staging") == [])
            let (one, two) = ("/images/\(images[0])", "/images/\(images[1])")
            #expect(try await server.get("\(one)/file").text == "hello")
            // Into another one, and still in the first; then out of that.
            let added = try await server.send(
                "POST", "\(one)?action=channel-add", body: #"{"channel":"staging"}"#, ["Accept-Version": "~2"])
            #expect(added.json?["channels"] == ["release", "staging"], "\(added)")
            #expect(try await names("/images?channel=staging") == ["\(images[0])"])
            #expect(try await names("/images") == all)
            #expect(try await server.send("DELETE", one).status == 204)
            #expect(try await names("/images?channel=staging") == ["\(images[0])"])
            #expect(try await names("/images") == all.subtracting(["\(images[0])"]))
            // What was only in the default one goes with it.
            #expect(try await server.send("DELETE", "\(two)?channel=staging").status == 404)
            #expect(try await server.send("DELETE", two).status == 204)
            #expect(try await names("/images?channel=*") == ["\(images[0])", "\(images[2])"])
        }
    }

    /// Nobody has to start a folder's server anew for it.
    @Test func channelsOfAFolderCountAtOnce() async throws {
        let root = try Self.root(Self.withDefault)
        try root.remove("channels.json")
        try await RunningServer.serving(root) { server in
            try await #expect(server.get("/images").list("name") == ["release", "staging", "both", "unsaid"])
            try root.write(Self.withDefault, to: "channels.json")
            try await #expect(server.get("/images").list("name") == ["release", "both", "unsaid"])
            try root.remove("channels.json")
            try await #expect(server.get("/images").list("name") == ["release", "staging", "both", "unsaid"])
        }
    }

    @Test func withoutChannelsNothingIsSaidOfThem() async throws {
        let root = try Self.root(Self.withDefault)
        try root.remove("channels.json")
        try await RunningServer.serving(root) { server in
            let reply = try await server.get("/images/\(Self.both)?channel=nope", ["Accept-Version": "~2"])
            #expect(reply.status == 200 && reply.json?["channels"] == nil)
            try await #expect(server.get("/images").list("name").count == 4)
        }
    }
}
