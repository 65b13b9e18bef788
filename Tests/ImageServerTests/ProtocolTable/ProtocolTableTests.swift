import ImageCatalog
import ImageServer
import JSON
import SystemPackage
import Testing

/// imgapi.md as a table of requests and answers, which both storages must answer alike.
@Suite(.serialized) struct ProtocolTableTests {
    static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"
    static let second = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c102"
    static let third = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c103"
    static let missing = "99999999-9999-4999-8999-999999999999"
    static let account = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
    static let other = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
    static let zero = "00000000-0000-0000-0000-000000000000"
    /// Of "hello".
    static let sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
    static let digest: JSONValue = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

    /// A manifest that may be imported, changed by `changes`; `.null` there stays null, for that is not nothing.
    static func manifest(_ uuid: String, _ name: String, _ changes: JSONObject = [:]) -> JSONValue {
        var json: JSONObject = [
            "v": 2, "uuid": .string(uuid), "owner": .string(account), "name": .string(name), "version": "1.0.0",
            "type": "zone-dataset", "os": "smartos", "public": true,
        ]
        for (key, value) in changes { json[key] = value }
        return .object(json)
    }

    /// Import, file, activation.
    static func whole(_ uuid: String, _ name: String, _ changes: JSONObject = [:], query: String = "") -> [Step] {
        [
            .post("/images/\(uuid)?action=import\(query)", manifest(uuid, name, changes)),
            .put("/images/\(uuid)/file?compression=none\(query)", "hello"),
            .post("/images/\(uuid)?action=activate\(query)", [:]),
        ]
    }

    @Test(arguments: TestStorage.allCases)
    func aPublicServer(storage: TestStorage) async throws {
        try await storage.serving { server in
            for step in Self.conventions + Self.writes + Self.states + Self.files + Self.icons + Self.changes
                + Self.listing + Self.elsewhere + Self.deletion
            { try await step.take(server) }
        }
    }

    @Test(arguments: TestStorage.allCases)
    func aServerWithChannels(storage: TestStorage) async throws {
        let channels = """
            [{"name": "dev", "description": "all of them", "default": true}, {"name": "release"}]
            """
        try await storage.serving(mode: .private, channels: channels) { server in
            for step in Self.channels { try await step.take(server) }
        }
    }

    @Test(arguments: TestStorage.allCases)
    func aServerWithUsers(storage: TestStorage) async throws {
        let root = try ImageRoot()
        try root.writeSecret("deploy s3cret\n", to: "tokens")
        let users = Authentication(tokens: root.path.appending("tokens"))
        try await storage.serving(authentication: users) { server in
            for step in Self.users { try await step.take(server) }
        }
    }
}
