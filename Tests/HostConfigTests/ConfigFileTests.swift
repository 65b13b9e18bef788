import Failure
import Host
import HostConfig
import ImageSource
import JSON
import SystemPackage
import Testing

/// The config as a file: read, rewritten, and never by two at once.
@Suite(.timeLimit(.minutes(20))) struct ConfigFileTests {
    private struct Refused: Error {}

    private let host = ConfigHost()

    @Test func aHostWithoutAConfigHasTheDefaultsAndGetsNoFile() throws {
        #expect(try host.file.load() == ImgadmConfig())
        #expect(try HostFile.names(in: host.root.root) == [])
    }

    @Test(arguments: ["3.0.0", "3", "3.1.7", "10.0.0"])
    func aConfigOfTodayIsReadAndLeftAsItIs(version: String) throws {
        let text = "{\n\"x\" : 1.0, \"upgradedToVer\":\"\(version)\",\"sources\":[\"https://a.example/datasets\"]}"
        try host.write(text)
        let config = try host.file.load()
        #expect(config.json["x"]?.text() == "1.0" && config.json["sources"]?[0] == "https://a.example/datasets")
        #expect(try host.read() == text)
    }

    @Test(arguments: [
        "", " ", "{", "{\"sources\":[}", "{'sources':[]}", "{}x", "{\"a\":1,}", "// c\n{}", "\u{feff}\u{feff}{}",
        "sources",
        "\0",
    ])
    func whatIsNotJSONIsSaidSoAndStays(text: String) async throws {
        try host.write(text)
        let failure = #expect(throws: Failure.self) { try host.file.load() }
        #expect(failure?.code == .configError)
        #expect(failure?.message == "the config file \"\(host.root.config)\" is not JSON")
        #expect(failure?.hint != nil)
        let other = await #expect(throws: Failure.self) { try await host.file.update { $0.setSources([]) } }
        #expect(other?.code == .configError)
        #expect(try host.read() == text && host.names(in: "var/imgadm") == ["imgadm.conf"])
    }

    @Test(arguments: ["[]", "7", "null", "true", "\"{}\"", "[{\"sources\":[]}]"])
    func whatIsNoObjectIsSaidSo(text: String) throws {
        try host.write(text)
        let failure = #expect(throws: Failure.self) { try host.file.load() }
        #expect(failure?.code == .configError && failure?.message.contains("is not a JSON object") == true)
    }

    @Test func aFolderIsNoConfig() throws {
        try HostFile.makeFolder(host.root.config)
        let failure = #expect(throws: FileError.self) { try host.file.load() }
        #expect(failure?.code == .fileSystem)
    }

    @Test func aRewriteKeepsWhatNobodyKnows() async throws {
        try host.write(
            #"{"zzz":{"b":1.50,"a":[1e400,"\u00e4\n"]},"upgradedToVer":"3.0.0","docker":{"future":null},"sources":[]}"#)
        let added = try SourceDescriptor("https://a.example", type: .imgapi)
        try await host.file.update { $0.setSources([added]) }
        #expect(
            try host.read() == #"""
                {
                  "zzz": {
                    "b": 1.50,
                    "a": [
                      1e400,
                      "ä\n"
                    ]
                  },
                  "upgradedToVer": "3.0.0",
                  "docker": {
                    "future": null
                  },
                  "sources": [
                    {
                      "type": "imgapi",
                      "url": "https://a.example"
                    }
                  ]
                }

                """#)
    }

    @Test func theFirstChangeMakesTheFile() async throws {
        try await host.file.update { $0.setSources([]) }
        #expect(try host.read() == "{\n  \"sources\": [],\n  \"upgradedToVer\": \"3.0.0\"\n}\n")
        #expect(try host.file.load().sources == [])
    }

    @Test func aChangeThatChangesNothingWritesNothing() async throws {
        let text = #"{"upgradedToVer":"3.0.0", "sources":[{"url":"https://a.example","type":"imgapi"}]}"#
        try host.write(text)
        let same = try host.file.load().sources
        try await host.file.update { $0.setSources(same) }
        #expect(try host.read() == text)
    }

    @Test func whatTheChangeReturnsComesBack() async throws {
        try host.write(#"{"upgradedToVer":"3.0.0","sources":["https://a.example","https://b.example"]}"#)
        let count = try await host.file.update { config in try config.sources.count }
        #expect(count == 2)
    }

    @Test func aChangeThatIsRefusedLeavesFileAndLockFree() async throws {
        let text = #"{"upgradedToVer":"3.0.0"}"#
        try host.write(text)
        await #expect(throws: Refused.self) {
            try await host.file.update { config in
                config.setSources([])
                throw Refused()
            }
        }
        #expect(try host.read() == text && host.names(in: "var/run") == [])
        try await host.file.update { $0.setSources([]) }
        #expect(try host.read() != text)
    }

    @Test func nothingIsLeftBesideTheFile() async throws {
        try await host.file.update { $0.setSources([]) }
        #expect(try host.names(in: "var/imgadm") == ["imgadm.conf"] && host.names(in: "var/run") == [])
    }

    @Test func manyChangesAtATimeLoseNothing() async throws {
        try host.write(#"{"upgradedToVer":"3.0.0","sources":[]}"#)
        let file = host.file
        let urls = (0..<8).map { "http://\($0).example" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for url in urls {
                group.addTask {
                    try await file.update { config in
                        let all = try config.sources + [SourceDescriptor(url, type: .imgapi)]
                        config.setSources(all)
                    }
                }
            }
            try await group.waitForAll()
        }
        let sources = try file.load().sources
        #expect(sources.map(\.displayURL).sorted() == urls)
    }
}
