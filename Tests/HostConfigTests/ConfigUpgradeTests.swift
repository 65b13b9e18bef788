import Failure
import Host
import HostConfig
import ImageSource
import JSON
import SystemPackage
import Testing

/// Configs of imgadm before 3.0.0 (state.md, "Upgrades from older layouts").
@Suite struct ConfigUpgradeTests {
    private let host = ConfigHost()

    private func json() throws -> JSONValue {
        let text = try #require(try host.read())
        return try JSONValue(parsing: text)
    }

    @Test(arguments: [
        #"{"sources":[]}"#, #"{"upgradedToVer":"2.6.3","sources":[]}"#, #"{"upgradedToVer":"0.1","sources":[]}"#,
        #"{"upgradedToVer":"2","sources":[]}"#, #"{"upgradedToVer":"","sources":[]}"#,
        #"{"upgradedToVer":"soon","sources":[]}"#, #"{"upgradedToVer":3,"sources":[]}"#,
        #"{"upgradedToVer":null,"sources":[]}"#,
    ])
    func anOlderConfigIsBroughtToThisVersionAndWritten(text: String) async throws {
        try host.write(text)
        try await host.file.upgrade()
        #expect(try host.file.load().json == ["sources": [], "upgradedToVer": "3.0.0"])
        #expect(try json() == ["sources": [], "upgradedToVer": "3.0.0"])
    }

    @Test func aConfigWithoutSourcesKeepsTheStandardOne() throws {
        try host.write("{}")
        let config = try host.file.load()
        #expect(config.json == ["upgradedToVer": "3.0.0"])
        #expect(try config.sources == ImgadmConfig().sources)
    }

    @Test(arguments: [
        (#"{"url":"https://a.example"}"#, #"{"url":"https://a.example","type":"imgapi"}"#),
        (#"{"url":"https://a.example/"}"#, #"{"url":"https://a.example/","type":"imgapi"}"#),
        (#"{"url":"https://a.example/datasets"}"#, #"{"url":"https://a.example/datasets","type":"dsapi"}"#),
        (#"{"url":"https://a.example/datasets/"}"#, #"{"url":"https://a.example/datasets/","type":"dsapi"}"#),
        (#"{"url":"https://a.example/x/datasets"}"#, #"{"url":"https://a.example/x/datasets","type":"dsapi"}"#),
        (#"{"url":"https://a.example/datasets/x"}"#, #"{"url":"https://a.example/datasets/x","type":"imgapi"}"#),
        (#"{"url":"https://a.example/mydatasets"}"#, #"{"url":"https://a.example/mydatasets","type":"imgapi"}"#),
        (#""https://a.example""#, #"{"url":"https://a.example","type":"imgapi"}"#),
        (#""https://a.example/datasets/""#, #"{"url":"https://a.example/datasets/","type":"dsapi"}"#),
        (
            #"{"url":"https://a.example/datasets","type":"imgapi"}"#,
            #"{"url":"https://a.example/datasets","type":"imgapi"}"#
        ),
        (#"{"type":"docker","url":"https://docker.io"}"#, #"{"type":"docker","url":"https://docker.io"}"#),
        (
            #"{"note":[1.0],"url":"https://a.example","insecure":true}"#,
            #"{"note":[1.0],"url":"https://a.example","insecure":true,"type":"imgapi"}"#
        ),
    ])
    func aSourceWithoutTypeGetsTheOneItsURLTells(old: String, new: String) async throws {
        try host.write("{\"sources\":[\(old)]}")
        try await host.file.upgrade()
        #expect(try host.file.load().json["sources"]?[0]?.text() == new)
        #expect(try json()["sources"]?[0]?.text() == new)
    }

    @Test func allElseSurvivesInItsPlace() async throws {
        try host.write(
            #"{"zzz":[1.50,null],"sources":["https://a.example"],"userAgentExtra":"x","upgradedToVer":"2.6.3","b":{}}"#)
        try await host.file.upgrade()
        #expect(
            try json().text()
                == #"{"zzz":[1.50,null],"sources":[{"url":"https://a.example","type":"imgapi"}],"userAgentExtra":"x","#
                + #""upgradedToVer":"3.0.0","b":{}}"#)
    }

    @Test func theSecondTimeNothingIsLeftToDo() async throws {
        try host.write(#"{"sources":["https://a.example"]}"#)
        try await host.file.upgrade()
        let first = try host.file.load()
        let text = try host.read()
        try await host.file.upgrade()
        #expect(try host.file.load() == first && host.read() == text)
        #expect(try host.names(in: "var/imgadm") == ["imgadm.conf"] && host.names(in: "var/run") == [])
    }

    /// Nor is it replaced by sources of an older version.
    @Test func aMistakeIsNotReplacedByOldSources() async throws {
        let text = #"{"sources":{"url":"https://a.example"}}"#
        try host.write(text)
        try HostFile.write(Array("https://old.example\n".utf8), to: host.root.oldState.appending("sources.list"))
        try await host.file.upgrade()
        #expect(try host.read() == text)
        #expect(throws: Failure.self) { try host.file.load().sources }
    }

    /// What has a mistake is for its author to mend, as it was written.
    @Test(arguments: [
        #"{"sources":[{"url":"ftp://a.example"}]}"#, #"{"sources":[7,"https://a.example"]}"#, #"{"sources":7}"#,
        #"{"sources":[{"url":"https://a.example","type":"ftp"}]}"#, #"{"sources":[{}]}"#,
    ])
    func aConfigWithAMistakeIsNotRewritten(text: String) async throws {
        try host.write(text)
        try await host.file.upgrade()
        let config = try host.file.load()
        #expect(throws: Failure.self) { try config.sources }
        #expect(try host.read() == text)
    }

    @Test func readingWritesNothing() async throws {
        let text = #"{"sources":["https://a.example/datasets"]}"#
        try host.write(text)
        try host.write("{}", to: "var/db/imgadm/01b2c898-945f-11e1-a523-af1afbe22822.json")
        #expect(try host.file.load().json["sources"]?[0]?["type"] == "dsapi")
        #expect(try host.read() == text)
        #expect(try host.names(in: "var") == ["db", "imgadm"] && host.names(in: "var/imgadm") == ["imgadm.conf"])
        try await host.file.upgrade()
        #expect(try host.read() != text)
    }

    /// Who changes something is told that the rest cannot be written.
    @Test func anUpgradeThatCannotBeWrittenIsAnError() async throws {
        try host.write(#"{"sources":["https://a.example/datasets"]}"#)
        try host.write("in the way", to: "var/run")
        await #expect(throws: FileError.self) { try await host.file.upgrade() }
    }

    /// A user who may only read: there is no folder for the lock.
    @Test func whatCannotBeWrittenIsUpgradedAllTheSame() throws {
        let text = #"{"sources":["https://a.example/datasets"]}"#
        try host.write(text)
        try host.write("in the way", to: "var/run")
        #expect(try host.file.load().json["sources"]?[0]?["type"] == "dsapi")
        #expect(try host.read() == text)
    }

    @Test func aChangeOfAnOldConfigWritesBoth() async throws {
        try host.write(#"{"sources":["https://a.example/datasets"],"x":1}"#)
        let types = try await host.file.update { config in
            let sources = try config.sources
            config.setSources(sources + sources)
            return sources.map { $0.type.rawValue }
        }
        #expect(types == ["dsapi"])
        #expect(
            try json().text()
                == #"{"sources":[{"type":"dsapi","url":"https://a.example/datasets"},"#
                + #"{"type":"dsapi","url":"https://a.example/datasets"}],"x":1,"upgradedToVer":"3.0.0"}"#)
    }
}
