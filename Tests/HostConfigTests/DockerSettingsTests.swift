import Failure
import HostConfig
import JSON
import Testing

/// The member `docker` of a config.
@Suite struct DockerSettingsTests {
    private static func changed(_ change: (inout DockerSettings) -> Void) -> DockerSettings {
        var settings = DockerSettings()
        change(&settings)
        return settings
    }

    /// Each setting by its name, and the defaults with 7 in its place.
    static let settings: [(String, DockerSettings)] = [
        ("downloads", changed { $0.downloads = 7 }), ("manifestBytes", changed { $0.manifestBytes = 7 }),
        ("layers", changed { $0.layers = 7 }), ("layerEntries", changed { $0.layerEntries = 7 }),
        ("layerBytes", changed { $0.layerBytes = 7 }), ("nameLength", changed { $0.nameLength = 7 }),
        ("windowBytes", changed { $0.windowBytes = 7 }),
    ]

    @Test(arguments: settings)
    func eachSettingChangesItselfAlone(name: String, expected: DockerSettings) throws {
        #expect(try ImgadmConfig(json: ["docker": [name: 7]]).docker == expected)
        #expect(expected != DockerSettings())
    }

    @Test func allOfThemAtATime() throws {
        let members = DockerSettingsTests.settings.map { (key: $0.0, value: JSONValue.number(7)) }
        let all = DockerSettingsTests.changed { settings in
            settings.downloads = 7
            settings.manifestBytes = 7
            settings.layers = 7
            settings.layerEntries = 7
            settings.layerBytes = 7
            settings.nameLength = 7
            settings.windowBytes = 7
        }
        #expect(try ImgadmConfig(json: ["docker": .object(JSONObject(members))]).docker == all)
    }

    @Test(arguments: ["{}", #"{"docker":{}}"#, #"{"docker":{"Layers":1,"layer":0,"future":"x"}}"#, #"{"layers":1}"#])
    func whatIsLeftOutHasItsDefault(text: String) throws {
        let json = try #require(try JSONValue(parsing: text).objectValue)
        let settings = try ImgadmConfig(json: json).docker
        #expect(settings == DockerSettings())
        #expect(settings.downloads == 3 && settings.layers == 512 && settings.layerBytes == 64 << 30)
    }

    @Test(arguments: [
        ("1", 1), ("1.0", 1), ("1e3", 1000), ("0.7e1", 7), ("70E-1", 7), ("10000", 10_000),
    ])
    func aWholeNumberAboveZeroIsTakenHoweverItIsSpelled(text: String, number: Int) throws {
        let value = try JSONValue(parsing: text)
        #expect(try ImgadmConfig(json: ["docker": ["layers": value]]).docker.layers == number)
    }

    static let names: [String] = settings.map { $0.0 }
    static let mistakes: [String] = [
        "0", "-0", "0.0", "-1", "-9223372036854775808", "1.5", "4503599627370496000", "9223372036854775807",
        "9223372036854775808", "1e30", "1e-1", "-1e400", "1e400",
        "\"7\"", "\"\"", "true", "false", "null", "[]", "[7]", "{}",
    ]

    @Test(arguments: names, mistakes)
    func anythingElseIsAMistakeThatIsNamed(name: String, text: String) throws {
        let value = try JSONValue(parsing: text)
        let config = ImgadmConfig(json: ["docker": ["layers": 5, "downloads": 5, name: value]])
        let failure = #expect(throws: Failure.self) { try config.docker }
        #expect(failure?.code == .configError)
        #expect(failure?.message.contains("\"docker.\(name)\"") == true)
        #expect(failure?.message.hasSuffix(": \(text)") == true)
    }

    @Test(arguments: ["7", "null", "[]", "true", #""{}""#])
    func whatIsNoObjectIsAMistake(text: String) throws {
        let value = try JSONValue(parsing: text)
        let config = ImgadmConfig(json: ["docker": value])
        let failure = #expect(throws: Failure.self) { try config.docker }
        #expect(failure?.code == .configError && failure?.message == "\"docker\" in the config is not an object")
    }
}
