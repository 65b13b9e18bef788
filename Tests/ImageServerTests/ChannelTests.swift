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
                ("", ["release", "both"]), ("?channel=", ["release", "both"]),
                ("?channel=release", ["release", "both"]),
                ("?channel=staging", ["staging", "both"]), ("?channel=*", ["release", "staging", "both"]),
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
            try await #expect(server.get("/images?marker=\(Self.staging)").list("name") == ["both"])
            // What says nothing of channels is in none, and is no image here.
            try await #expect(server.get("/images/\(Self.unsaid)?channel=*").status == 404)
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
