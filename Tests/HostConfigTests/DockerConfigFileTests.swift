import Failure
import Host
import HostConfig
import OCIRegistry
import SystemPackage
import Testing

/// What `docker login` left in its config (docker CLI, "Configuration files").
@Suite struct DockerConfigFileTests {
    private static let reader = RegistryCredentials.password(user: "reader", password: "secret")
    /// reader:secret
    private static let entry = #"{"auth":"cmVhZGVyOnNlY3JldA=="}"#

    private let home = DockerHome()

    private func find(_ environment: [String: String]) async throws -> RegistryCredentials? {
        try await DockerConfigFile(environment: environment, runner: FakeHelpers(), log: Complaints().logger)
            .credentials(for: "registry.example")
    }

    @Test func whereItIs() async throws {
        let text = "{\"auths\":{\"registry.example\":\(DockerConfigFileTests.entry)}}"
        let folder = home.folder.string
        let named = home.folder.appending("named").string
        try home.write(text, to: ".docker/config.json")
        #expect(try await find(["HOME": folder]) == DockerConfigFileTests.reader)
        #expect(try await find(["HOME": folder, "DOCKER_CONFIG": ""]) == DockerConfigFileTests.reader)
        #expect(try await find(["HOME": folder, "DOCKER_CONFIG": named]) == nil)
        try home.write(text, to: "named/config.json")
        #expect(try await find(["DOCKER_CONFIG": named]) == DockerConfigFileTests.reader)
        #expect(try await find(["HOME": "/nowhere", "DOCKER_CONFIG": named]) == DockerConfigFileTests.reader)
    }

    @Test func withoutAFileNobodyIsKnown() async throws {
        #expect(try await home.credentials() == nil)
        #expect(try await find([:]) == nil)
        #expect(try await find(["HOME": "", "DOCKER_CONFIG": ""]) == nil)
    }

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    static let notJSON: [String] = ["", "{", "{\"auths\":{}}x", "{'auths':{}}", "\u{feff}\u{feff}{}", "[1", nested(40)]

    @Test(arguments: notJSON)
    func whatIsNotJSONIsSaidSo(text: String) async throws {
        try home.write(text)
        let failure = await #expect(throws: Failure.self) { try await home.credentials() }
        #expect(failure?.code == .configError)
        #expect(failure?.message.contains(home.folder.appending("config.json").string) == true)
    }

    @Test func whatIsNoFileOrTooLongIsAnError() async throws {
        try HostFile.makeFolder(home.folder.appending("config.json"))
        let failure = await #expect(throws: FileError.self) { try await home.credentials() }
        #expect(failure?.code == .fileSystem)
        let other = DockerHome()
        try other.write("{}" + String(repeating: " ", count: 4 << 20))
        let long = await #expect(throws: FileError.self) { try await other.credentials() }
        #expect(try long?.code == .fileSystem && HostFile.exists(other.folder))
    }

    @Test(arguments: [
        "{}", "[]", "7", "null", #"{"auths":{}}"#, #"{"auths":[]}"#, #"{"auths":null}"#, #"{"credsStore":""}"#,
        #"{"credsStore":7,"credHelpers":7,"auths":7}"#, #"{"credHelpers":{"registry.example":7}}"#,
    ])
    func aConfigThatNamesNobodyIsFine(text: String) async throws {
        let helpers = FakeHelpers()
        try home.write(text)
        #expect(try await home.credentials(helpers) == nil)
        #expect(helpers.asked == [])
    }

    static let entries: [(entry: String, expected: RegistryCredentials?)] = [
        (entry, reader), (#"{"auth":"cmVhZGVyOnNlY3JldA"}"#, reader), (#"{"auth":"cmVhZGVyOnNlY3JldA==\n"}"#, reader),
        (#"{"auth":"cmVhZGVyOnNlY3JldAA="}"#, reader),
        (#"{"auth":"cmVhZGVyOmE6Yg=="}"#, .password(user: "reader", password: "a:b")),
        (#"{"auth":"cmVhZGVyOg=="}"#, .password(user: "reader", password: "")),
        (#"{"auth":"Ong="}"#, .password(user: "", password: "x")),
        (#"{"auth":"csO8ZGVyOmdlaMOpaW0="}"#, .password(user: "rüder", password: "gehéim")),
        (#"{"username":"reader","password":"secret"}"#, reader),
        (
            #"{"auth":"cmVhZGVyOnNlY3JldA==","username":"other","password":"word"}"#,
            .password(user: "other", password: "word")
        ),
        (#"{"auth":"cmVhZGVyOnNlY3JldA==","username":"other"}"#, reader),
        (#"{"auth":"cmVhZGVyOnNlY3JldA==","password":"word"}"#, reader),
        (#"{"identitytoken":"long lived"}"#, .identityToken("long lived")),
        (#"{"auth":"cmVhZGVyOnNlY3JldA==","identitytoken":"long lived"}"#, .identityToken("long lived")),
        (#"{"username":"a","password":"b","identitytoken":"long lived"}"#, .identityToken("long lived")),
        (#"{"auth":"cmVhZGVyOnNlY3JldA==","identitytoken":""}"#, reader),
        (#"{"auth":"cmVhZGVyOnNlY3JldA==","identitytoken":7,"username":7}"#, reader),
        ("{}", nil), (#"{"auth":""}"#, nil), (#"{"auth":null}"#, nil), (#"{"email":"reader@a.example"}"#, nil),
        (#"{"username":"reader"}"#, nil), ("7", nil), ("null", nil), ("[]", nil), (#""cmVhZGVyOnNlY3JldA==""#, nil),
    ]

    @Test(arguments: entries)
    func anEntryHasTokenOrPasswordOrNothing(entry: String, expected: RegistryCredentials?) async throws {
        try home.write("{\"auths\":{\"other.example\":{\"auth\":\"Ong=\"},\"registry.example\":\(entry)}}")
        #expect(try await home.credentials() == expected)
    }

    @Test(arguments: ["!!!!!!", "cmVhZGVy", "Zm9vx", "cmVh ZGVyOnNlY3JldA==", "cmVhZGVyOnNlY3JldA====", "rüder:gehéim"])
    func credentialsThatAreNoneAreSaidSoWithoutShowingThem(auth: String) async throws {
        try home.write("{\"auths\":{\"registry.example\":{\"auth\":\"\(auth)\"}}}")
        let failure = await #expect(throws: Failure.self) { try await home.credentials() }
        #expect(failure?.code == .configError)
        #expect(failure?.description.contains("\"registry.example\"") == true)
        #expect(failure?.fullDescription.contains(auth) == false)
    }
}
