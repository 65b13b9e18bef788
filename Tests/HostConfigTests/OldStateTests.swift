import Host
import HostConfig
import ImageSource
import JSON
import SystemPackage
import Testing

/// What imgadm before 2.0.0 left in `/var/db/imgadm` is taken over once.
@Suite struct OldStateTests {
    private static let uuid = "01b2c898-945f-11e1-a523-af1afbe22822"
    private static let owner = "352971aa-31ba-496c-9ade-a379feaecd52"
    private static let record = "var/imgadm/images/zones-\(uuid).json"
    private static let manifest = """
        {"uuid":"\(uuid)","creator_uuid":"\(owner)","name":"smartos","version":"1.3.18","type":"zone-dataset",\
        "os":"smartos","_url":"https://old.example/datasets","published_at":"2011-11-14T22:58:00Z",\
        "files":[{"path":"smartos-1.3.18.zfs.bz2","sha1":"ab","size":1,"url":"https://old.example/file"}]}
        """

    private let host = ConfigHost()

    private func writeOld(_ text: String, _ name: String) throws { try host.write(text, to: "var/db/imgadm/\(name)") }

    private func urls() throws -> [String] { try host.file.load().sources.map(\.displayURL) }

    @Test func aManifestBecomesARecord() async throws {
        try writeOld(OldStateTests.manifest, "\(OldStateTests.uuid).json")
        try await host.file.upgrade()
        let text = try #require(try host.read(OldStateTests.record))
        #expect(text.hasPrefix("{\n  \"manifest\": {\n    \"v\": 2,\n") && text.hasSuffix("\n}\n"))
        let json = try JSONValue(parsing: text)
        #expect(json["zpool"] == "zones" && json["source"] == "https://old.example/datasets")
        #expect(json["manifest"]?["uuid"]?.stringValue == OldStateTests.uuid)
        #expect(json["manifest"]?["owner"]?.stringValue == OldStateTests.owner)
        #expect(json["manifest"]?["files"]?.text() == #"[{"sha1":"ab","size":1,"compression":"bzip2"}]"#)
        #expect(json["manifest"]?["_url"] == nil)
    }

    @Test func aManifestThatHasAVersionStaysAsItIs() async throws {
        try writeOld(#"{"v":2,"name":"x","files":[]}"#, "\(OldStateTests.uuid).json")
        try await host.file.upgrade()
        let text = try #require(try host.read(OldStateTests.record))
        let json = try JSONValue(parsing: text)
        #expect(json.text() == #"{"manifest":{"v":2,"name":"x","files":[]},"zpool":"zones","source":null}"#)
    }

    @Test(arguments: ["", "{", "[]", "7", "{}", #"{"uuid":"x"}"#, "null"])
    func aManifestThatCannotBeReadIsLeft(text: String) async throws {
        let other = "f0f0f0f0-945f-11e1-a523-af1afbe22822"
        try writeOld(text, "\(OldStateTests.uuid).json")
        try writeOld(OldStateTests.manifest, "\(other).json")
        try await host.file.upgrade()
        #expect(try host.file.load().json["upgradedToVer"] == "3.0.0")
        #expect(try host.names(in: "var/imgadm/images") == ["zones-\(other).json"])
        #expect(try host.read("var/db/imgadm/\(OldStateTests.uuid).json") == text)
    }

    @Test(arguments: [
        "x.json", "\(uuid)", "\(uuid).json.bak", "\(uuid).JSON", "A1B2C898-945F-11E1-A523-AF1AFBE22822.json",
        "zones-\(uuid).json", ".json", "\(uuid)-partial.json",
    ])
    func filesOfOtherNamesAreLeft(name: String) async throws {
        try writeOld(OldStateTests.manifest, name)
        try await host.file.upgrade()
        #expect(try host.names(in: "var/imgadm/images") == [])
    }

    @Test func whatIsARecordAlreadyStays() async throws {
        try writeOld(OldStateTests.manifest, "\(OldStateTests.uuid).json")
        try host.write("mine", to: OldStateTests.record)
        try await host.file.upgrade()
        #expect(try host.read(OldStateTests.record) == "mine")
    }

    @Test func itIsTakenOverOnce() async throws {
        try writeOld(OldStateTests.manifest, "\(OldStateTests.uuid).json")
        try writeOld("https://old.example/datasets\n", "sources.list")
        try await host.file.upgrade()
        #expect(try urls() == ["https://old.example/datasets"])
        try HostFile.remove(host.root.root.appending(OldStateTests.record))
        #expect(try urls() == ["https://old.example/datasets"])
        #expect(try host.read(OldStateTests.record) == nil)
        #expect(try host.names(in: "var/db/imgadm") == ["\(OldStateTests.uuid).json", "sources.list"])
    }

    @Test(arguments: ["2.0.0", "2.6.3", "3.0.0"])
    func aConfigOfLaterTimesHasTakenItOver(version: String) throws {
        try host.write("{\"upgradedToVer\":\"\(version)\"}")
        try writeOld(OldStateTests.manifest, "\(OldStateTests.uuid).json")
        try writeOld("https://old.example/datasets\n", "sources.list")
        #expect(try urls() == ["https://images.smartos.org"])
        #expect(try host.names(in: "var/imgadm/images") == [])
    }

    @Test(
        arguments: [
            ("https://a.example\n", ["https://a.example"]), ("https://a.example", ["https://a.example"]),
            ("\n\n  https://a.example  \n\n", ["https://a.example"]),
            ("# https://no.example\nhttps://a.example # old\n\t#x\n", ["https://a.example"]),
            ("https://b.example\r\nhttps://a.example\r\n", ["https://b.example", "https://a.example"]),
            ("https://a.example\nhttps://a.example/datasets/\n", ["https://a.example", "https://a.example/datasets"]),
            ("", ["https://images.smartos.org"]), ("# nothing\n\n", ["https://images.smartos.org"]),
        ] as [(String, [String])])
    func theListOfSourcesIsTakenOver(text: String, expected: [String]) throws {
        try writeOld(text, "sources.list")
        #expect(try urls() == expected)
    }

    @Test func listedSourcesComeBehindThoseOfTheConfigAndHaveTypes() throws {
        try host.write(#"{"sources":["https://a.example"],"x":1}"#)
        try writeOld("https://b.example/datasets\nhttps://c.example\n", "sources.list")
        let config = try host.file.load()
        #expect(
            config.json["sources"]?.text()
                == #"[{"url":"https://a.example","type":"imgapi"},"#
                + #"{"url":"https://b.example/datasets","type":"dsapi"},{"url":"https://c.example","type":"imgapi"}]"#)
        #expect(config.json["x"] == 1)
    }

    @Test func anEmptyFolderIsAnOldHostAsWell() async throws {
        try HostFile.makeFolder(host.root.oldState)
        try await host.file.upgrade()
        #expect(try urls() == ["https://images.smartos.org"])
        #expect(try host.read() == "{\n  \"upgradedToVer\": \"3.0.0\"\n}\n")
    }
}
