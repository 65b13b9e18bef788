import Failure
import HostConfig
import ImageSource
import JSON
import Testing

/// What a config means (state.md, "Files").
@Suite struct ImgadmConfigTests {
    private func config(_ text: String) throws -> ImgadmConfig {
        ImgadmConfig(json: try #require(try JSONValue(parsing: text).objectValue))
    }

    @Test func anEmptyConfigHasTheStandardSourceAndDefaults() throws {
        let empty = ImgadmConfig()
        #expect(try empty.sources.map(\.json) == [["type": "imgapi", "url": "https://images.smartos.org"]])
        #expect(try empty.userAgentExtra == nil && empty.dockerImportSkipUUIDs)
        #expect(empty.json.isEmpty)
    }

    @Test func anEmptyListMeansNoSources() throws {
        #expect(try config(#"{"sources":[]}"#).sources == [])
    }

    @Test(arguments: [
        (#"{"url":"https://a.example"}"#, #"{"type":"imgapi","url":"https://a.example"}"#),
        (#"{"url":"https://a.example/","type":"docker"}"#, #"{"type":"docker","url":"https://a.example"}"#),
        (#"{"url":"http://A.example:80/x//","type":"dsapi"}"#, #"{"type":"dsapi","url":"http://a.example/x"}"#),
        (#"{"url":"a.example"}"#, #"{"type":"imgapi","url":"http://a.example"}"#),
        (#"{"url":"https://a.example","type":null}"#, #"{"type":"imgapi","url":"https://a.example"}"#),
        (
            #"{"url":"https://a.example","insecure":true,"channel":"dev"}"#,
            #"{"type":"imgapi","url":"https://a.example","insecure":true,"channel":"dev"}"#
        ),
        (
            #"{"url":"https://a.example?channel=dev","insecure":false,"note":7}"#,
            #"{"type":"imgapi","url":"https://a.example","channel":"dev"}"#
        ),
        (#""https://a.example""#, #"{"type":"imgapi","url":"https://a.example"}"#),
    ])
    func aSourceIsAnObjectOrAURL(source: String, meaning: String) throws {
        let sources = try config("{\"sources\":[\(source)]}").sources
        #expect(sources.map { JSONValue.object($0.json).text() } == [meaning])
    }

    @Test(
        arguments: [
            ("7", .configError), ("null", .configError), ("{}", .configError), (#""https://a.example""#, .configError),
            ("[7]", .configError), ("[null]", .configError), ("[[]]", .configError), ("[{}]", .configError),
            (#"[{"url":7}]"#, .configError), (#"[{"URL":"https://a.example"}]"#, .configError),
            (#"[{"url":"https://a.example","type":"ftp"}]"#, .configError),
            (#"[{"url":"https://a.example"},{"type":"imgapi"}]"#, .configError), (#"[""]"#, .invalidSource),
            (#"[{"url":""}]"#, .invalidSource), (#"[{"url":"ftp://a.example"}]"#, .invalidSource),
            (#"["https://a.example","https://user@a.example"]"#, .invalidSource),
            (#"[{"url":"https://a.example?chanel=dev"}]"#, .invalidSource),
        ] as [(String, Failure.Code)])
    func oneMistakeIsAMistakeOfTheWholeList(list: String, code: Failure.Code) throws {
        let mistaken = try config("{\"sources\":\(list)}")
        let failure = #expect(throws: Failure.self) { try mistaken.sources }
        #expect(failure?.code == code)
    }

    @Test func aMistakeIsPlaced() throws {
        let json = try JSONValue(
            parsing: #"{"sources":["https://a.example",{"url":"https://b.example","type":"ftp"}]}"#)
        let config = ImgadmConfig(json: try #require(json.objectValue), file: "/x/imgadm.conf")
        let failure = #expect(throws: Failure.self) { try config.sources }
        #expect(failure?.message == "source 2 of the config file \"/x/imgadm.conf\"")
        #expect(failure?.description.contains("unknown type \"ftp\"") == true && failure?.hint != nil)
    }

    @Test(
        arguments: [
            (#"{"userAgentExtra":"site/1.0 (x)"}"#, "site/1.0 (x)"), (#"{"userAgentExtra":""}"#, ""),
            (#"{"userAgentExtra":null}"#, nil), ("{}", nil),
        ] as [(String, String?)])
    func theUserAgentIsLengthenedByText(text: String, extra: String?) throws {
        #expect(try config(text).userAgentExtra == extra)
    }

    @Test(arguments: ["7", "[]", #""a\r\nX-Y: z""#, #""\u0000""#, #""é""#])
    func aUserAgentThatNoHeaderCanHaveIsAMistake(value: String) throws {
        let mistaken = try config("{\"userAgentExtra\":\(value)}")
        #expect(throws: Failure.self) { try mistaken.userAgentExtra }
        #expect(throws: Failure.self) { try mistaken.sources }
    }

    @Test(arguments: ["0", #""false""#, "[]"])
    func whatIsNeitherTrueNorFalseIsAMistake(value: String) throws {
        let mistaken = try config("{\"dockerImportSkipUuids\":\(value)}")
        #expect(throws: Failure.self) { try mistaken.dockerImportSkipUUIDs }
        #expect(throws: Failure.self) { try mistaken.checkedSources() }
        // Who asks the sources for something else has nothing to do with it.
        _ = try mistaken.sources
    }

    @Test(arguments: ["1", #""true""#, "{}", #""""#])
    func aSourceIsInsecureOrNotAndNothingElse(value: String) throws {
        let mistaken = try config("{\"sources\":[{\"url\":\"https://a.example\",\"insecure\":\(value)}]}")
        let failure = #expect(throws: Failure.self) { try mistaken.sources }
        #expect(failure?.code == .configError && failure?.description.contains("\"insecure\"") == true)
    }

    @Test(arguments: [("true", true), ("false", false), ("null", true)])
    func onlyFalseHasUUIDsLookedUpInDockerSources(value: String, skips: Bool) throws {
        #expect(try config("{\"dockerImportSkipUuids\":\(value)}").dockerImportSkipUUIDs == skips)
    }

    @Test func settingSourcesKeepsAllElseInItsPlace() throws {
        var changed = try config(
            #"{"a":1.50,"sources":["https://old.example"],"b":{"c":[]},"upgradedToVer":"2.6.3","userAgentExtra":"x"}"#)
        try changed.setSources([SourceDescriptor("https://new.example/", type: .dsapi)])
        #expect(
            JSONValue.object(changed.json).text()
                == #"{"a":1.50,"sources":[{"type":"dsapi","url":"https://new.example"}],"b":{"c":[]},"#
                + #""upgradedToVer":"3.0.0","userAgentExtra":"x"}"#)
    }

    @Test func settingSourcesKeepsWhatIsNotKnownOfThem() throws {
        var changed = try config(
            #"{"sources":[{"url":"https://a.example/","type":"imgapi","x":{"y":1}},{"url":"https://b.example","x":2}]}"#
        )
        let sources = try changed.sources
        try changed.setSources([SourceDescriptor("https://new.example", type: .imgapi), sources[0]])
        #expect(
            JSONValue.object(changed.json)["sources"]?.text()
                == #"[{"type":"imgapi","url":"https://new.example"},{"type":"imgapi","url":"https://a.example","x":{"y":1}}]"#
        )
    }

    /// What is shown of a source names it.
    @Test(arguments: ["dev", "a b", "a%20b", "ä+&=?#", "100%"])
    func theURLThatIsShownIsTheSources(channel: String) throws {
        let source = try SourceDescriptor("https://a.example/x", type: .imgapi, channel: channel)
        #expect(try SourceDescriptor(source.displayURL, type: .imgapi) == source)
        #expect(source.channel == channel)
    }

    @Test func sourcesThatAreSetAreRead() throws {
        let sources = try [
            SourceDescriptor("https://a.example", type: .imgapi, insecure: true, channel: "dev"),
            SourceDescriptor("http://127.0.0.1:5000", type: .docker),
            SourceDescriptor("https://b.example/datasets", type: .dsapi),
        ]
        var changed = ImgadmConfig()
        changed.setSources(sources)
        #expect(try changed.sources == sources)
        changed.setSources([])
        #expect(try changed.sources == [])
    }
}
