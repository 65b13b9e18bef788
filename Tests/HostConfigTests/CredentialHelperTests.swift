import Failure
import Host
import OCIRegistry
import Testing

/// Programs that keep credentials: asked by their standard input, never by a shell.
@Suite(.timeLimit(.minutes(20))) struct CredentialHelperTests {
    /// All three ways to know a registry.
    private static let config = """
        {"credHelpers":{"registry.example":"one"},"credsStore":"all",
        "auths":{"registry.example":{"identitytoken":"filed"},"other.example":{"identitytoken":"filed"}}}
        """
    private static let known = RegistryCredentials.password(user: "reader", password: "secret")

    private let home = DockerHome()

    @Test func theHelperOfAHostComesFirst() async throws {
        let helpers = FakeHelpers(.knows("reader", "secret"))
        try home.write(CredentialHelperTests.config)
        let found = try await home.credentials(helpers)
        #expect(found == CredentialHelperTests.known)
        #expect(helpers.asked == [["docker-credential-one", "get", "registry.example\n"]])
    }

    @Test func whatTheHelperOfAHostDoesNotKnowNobodyKnows() async throws {
        let helpers = FakeHelpers(.knowsNobody, .knows("reader", "secret"))
        try home.write(CredentialHelperTests.config)
        let found = try await home.credentials(helpers)
        #expect(found == nil && helpers.asked.count == 1)
    }

    @Test func theStoreComesBeforeTheFile() async throws {
        let helpers = FakeHelpers(.knows("reader", "secret"))
        try home.write(CredentialHelperTests.config)
        let found = try await home.credentials(for: "other.example", helpers)
        #expect(found == CredentialHelperTests.known)
        #expect(helpers.asked == [["docker-credential-all", "get", "other.example\n"]])
    }

    @Test func whatTheStoreDoesNotKnowTheFileMay() async throws {
        let helpers = FakeHelpers(.knowsNobody, .knowsNobody)
        try home.write(CredentialHelperTests.config)
        #expect(try await home.credentials(for: "other.example", helpers) == .identityToken("filed"))
        #expect(try await home.credentials(for: "third.example", helpers) == nil)
        #expect(helpers.asked.map(\.last) == ["other.example\n", "third.example\n"])
    }

    @Test func theNamesOfDockerHubAreTriedInTurn() async throws {
        let helpers = FakeHelpers(.knowsNobody, .knowsNobody, .knows("reader", "secret"))
        try home.write(#"{"credsStore":"all"}"#)
        let found = try await home.credentials(for: "docker.io", helpers)
        #expect(found == CredentialHelperTests.known)
        #expect(helpers.asked.map(\.last) == ["https://index.docker.io/v1/\n", "index.docker.io\n", "docker.io\n"])
    }

    @Test(arguments: ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"])
    func aHelperOfDockerHubIsAskedByTheNameItStandsUnder(name: String) async throws {
        let helpers = FakeHelpers(.knows("reader", "secret"))
        try home.write("{\"credHelpers\":{\"a.example\":\"other\",\"\(name)\":\"hub\"},\"credsStore\":\"all\"}")
        let found = try await home.credentials(for: "docker.io", helpers)
        #expect(found == CredentialHelperTests.known)
        #expect(helpers.asked == [["docker-credential-hub", "get", "\(name)\n"]])
    }

    static let answers: [(text: String, expected: RegistryCredentials)] = [
        (#"{"ServerURL":"x","Username":"reader","Secret":"secret"}"#, known),
        ("\n {\"Secret\":\"secret\",\"Username\":\"reader\"} \n", known),
        (#"{"Username":"<token>","Secret":"long lived"}"#, .identityToken("long lived")),
        (#"{"Secret":"secret"}"#, .password(user: "", password: "secret")),
        (#"{"Username":"reader","Secret":""}"#, .password(user: "reader", password: "")),
        (
            #"{"Username":"reader","Secret":"credentials not found"}"#,
            .password(user: "reader", password: "credentials not found")
        ),
    ]

    @Test(arguments: answers)
    func anAnswerIsAPasswordOrAToken(text: String, expected: RegistryCredentials) async throws {
        try home.write(CredentialHelperTests.config)
        let found = try await home.credentials(FakeHelpers(.prints(text)))
        #expect(found == expected)
    }

    static let unknown: [CommandOutcome] = [
        .knowsNobody, .prints("credentials not found in native keychain", status: 1),
        .prints("", status: 1, complaint: "Error: credentials not found\n"),
        .prints("credentials not found in native keychain\n"),
    ]

    @Test(arguments: unknown.indices)
    func aHelperMaySayThatItKnowsNobody(number: Int) async throws {
        try home.write(CredentialHelperTests.config)
        let found = try await home.credentials(FakeHelpers(CredentialHelperTests.unknown[number]))
        #expect(found == nil)
    }

    @Test(arguments: [
        "", "\n", "secret", "[]", "{}", "{", "null", #"{"Username":"reader"}"#, #"{"Username":"reader","Secret":7}"#,
        #"{"secret":"secret"}"#, #"{"Secret":"secret"}{}"#,
    ])
    func anAnswerThatIsNoneIsComplainedOf(text: String) async throws {
        try home.write(CredentialHelperTests.config)
        #expect(try await home.credentials(FakeHelpers(.prints(text))) == nil)
        let complaint = try #require(home.complaints.all.first)
        #expect(complaint.contains("docker-credential-one") && complaint.contains("config.json"))
        #expect(!complaint.contains("secret"))
    }

    @Test func aHelperThatFailsIsComplainedOfAndTheFileMayKnow() async throws {
        let helpers = FakeHelpers(
            .prints(
                #"{"Username":"reader","Secret":"secret"}"#, status: 1, complaint: "the keychain\u{1b}[2J is locked\n"))
        try home.write(CredentialHelperTests.config)
        #expect(try await home.credentials(for: "other.example", helpers) == .identityToken("filed"))
        let complaint = try #require(home.complaints.all.first)
        #expect(complaint.contains("exit status 1: the keychain [2J is locked") && !complaint.contains("secret"))
        #expect(helpers.asked.count == 1)
    }

    /// Helpers print their errors on standard output.
    @Test func whatAHelperPrintedIsShownOnce() async throws {
        try home.write(CredentialHelperTests.config)
        let helpers = FakeHelpers { _ in .prints("Cannot autolaunch D-Bus without X11 $DISPLAY\n", status: 1) }
        #expect(try await home.credentials(helpers) == nil)
        #expect(home.complaints.all.count == 1)
        #expect(home.complaints.all.first?.contains("Cannot autolaunch D-Bus") == true)
    }

    @Test func aHelperThatIsNotInstalledIsComplainedOf() async throws {
        let helpers = FakeHelpers { _ in throw Failure(.commandNotFound, "cannot find the program") }
        try home.write(CredentialHelperTests.config)
        #expect(try await home.credentials(helpers) == nil)
        #expect(home.complaints.all.first?.contains("cannot find the program") == true)
    }

    @Test func aHelperThatReadsNothingMayAnswerAllTheSame() async throws {
        try home.write(CredentialHelperTests.config)
        let found = try await home.credentials(FakeHelpers(.knows("reader", "secret"), reads: false))
        #expect(found == CredentialHelperTests.known)
    }

    static let badNames: [String] = [
        "/bin/sh", "../one", "a/b", "/", ".", "..", ".one", "one two", " one", "one ", "one\\n", "one\\t", "\\u0000",
        "one\\u0000", "one\\u007f", "ünlock", "世界",
    ]

    @Test(arguments: badNames)
    func aNameThatIsAPathOrStrangeIsNoHelper(name: String) async throws {
        for config in ["{\"credHelpers\":{\"registry.example\":\"\(name)\"}}", "{\"credsStore\":\"\(name)\"}"] {
            let helpers = FakeHelpers(.knows("reader", "secret"))
            try home.write(config)
            let failure = await #expect(throws: Failure.self) { try await home.credentials(helpers) }
            #expect(failure?.code == .configError && helpers.asked == [])
        }
    }

    @Test func anEmptyNameIsNoHelperOfAHost() async throws {
        try home.write(#"{"credHelpers":{"registry.example":""},"credsStore":"all"}"#)
        let failure = await #expect(throws: Failure.self) { try await home.credentials() }
        #expect(failure?.code == .configError)
    }
}
