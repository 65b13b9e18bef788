import Host
import ImageModel
import ImageServer
import JSON
import SystemPackage
import TestHost
import Testing

/// What a user may do is looked at once more when the change is made that he has begun.
@Suite struct RevocationTests {
    /// How a user comes to be none, or less, and what he is answered then.
    enum Change: String, CaseIterable, Sendable {
        case gone, lowered, token, broken

        /// What stands in the file of users then.
        func users(_ before: String) throws -> String {
            guard var users = try JSONValue(parsing: before).objectValue, var own = users["own"]?.objectValue else {
                return ""
            }
            switch self {
            case .gone: users["own"] = nil
            case .lowered: own["scope"] = "read"
            case .token: own["tokens"] = []
            case .broken: return "{\n  \"own\": {]\n}"
            }
            if self != .gone { users["own"] = .object(own) }
            return JSONValue.object(users).text()
        }

        var status: Int {
            switch self {
            case .gone, .token: 401
            case .lowered: 403
            case .broken: 503
            }
        }

        var code: String {
            switch self {
            case .gone, .token: "UnauthorizedError"
            case .lowered: "ForbiddenError"
            case .broken: "UsersUnreadable"
            }
        }
    }

    static let roads: [(method: String, path: String, body: String)] = [
        ("POST", "", ""),  // makes an image
        ("POST", "/new?action=import", ""),
        ("POST", "/image?action=update", #"{"description":"evil"}"#),
        ("POST", "/image?action=channel-add", #"{"channel":"release"}"#),
        ("POST", "/image/acl", "[\"\(ImageUUID())\"]"),
        ("PUT", "/image/file?compression=none", "EVIL!"),
        ("PUT", "/image/icon", "EVIL!"),
    ]

    private static let channels = #"[{"name":"dev","default":true},{"name":"release"}]"#

    @Test(arguments: TestStorage.allCases, Change.allCases)
    func whoMayNoMoreChangesNothing(storage: TestStorage, change: Change) async throws {
        let root = try ImageRoot()
        let users = try await AccessTests.users(root)
        let before = String(decoding: try #require(try HostFile.read(users)), as: UTF8.self)
        let audit = root.path.appending("audit.log")
        try await storage.serving(
            channels: Self.channels, authentication: Authentication(users: users), audit: audit
        ) { server in
            let image = ImageUUID()
            let made = try await server.send(
                "POST", "/images/\(image)?action=import", body: AccessTests.manifest(image), AccessTests.bearer("own"))
            #expect(made.status == 200, "\(made)")
            let there = try await server.get("/images/\(image)", ["Accept-Version": "~2"]).text
            for road in Self.roads {
                let new = ImageUUID()
                let path = road.path.replacing("/image", with: "/\(image)").replacing("/new", with: "/\(new)")
                var body = road.body
                if body.isEmpty {
                    body = AccessTests.manifest(new)
                    if road.path.isEmpty {
                        var json = try JSONValue(parsing: body).objectValue ?? [:]
                        (json["uuid"], json["owner"]) = (nil, .string("\(ImageUUID())"))
                        body = JSONValue.object(json).text()
                    }
                }
                let type = road.path == "/image/icon" ? "image/png" : "application/json"
                let reply = try await server.exchange(
                    """
                    \(road.method) /images\(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                    Authorization: Bearer token-own\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n
                    """, body: body, audit: audit
                ) {
                    try root.write(change.users(before), to: "users")
                }
                #expect(reply.status == change.status && reply.code == change.code, "\(road): \(reply)")
                #expect(!reply.text.contains("line") && !reply.text.contains("\(users)"), "\(reply)")
                try root.write(before, to: "users")
                #expect(try await server.get("/images/\(image)", ["Accept-Version": "~2"]).text == there, "\(road)")
                #expect(try await server.get("/images/\(new)").status == 404)
            }
            let all = try await server.get("/images?state=all&channel=*", AccessTests.bearer("admin"))
            #expect(all.list("uuid") == ["\(image)"], "\(all)")
            // As long as he may, each of these is done.
            let again = try await server.send(
                "POST", "/images/\(image)?action=update", body: #"{"description":"good"}"#, AccessTests.bearer("own"))
            #expect(again.status == 200, "\(again)")
        }
    }

    /// A key that is taken away while the body comes: its signature was good, and is no more.
    @Test func aKeyThatIsTakenAwayMeanwhileCountsNoMore() async throws {
        let root = try ImageRoot()
        let folder = try await SignatureTests.keys()
        defer { TestFolder.remove(folder) }
        let keys = Authentication(keys: folder.appending("keys"))
        let audit = root.path.appending("audit.log")
        try await RunningServer.serving(root, authentication: keys, audit: audit) { server in
            let image = ImageUUID()
            let target = "/images/\(image)?action=import"
            let body = AccessTests.manifest(image)
            for isTaken in [true, false] {
                let headers = try await SignatureTests.sign(folder, SignatureTests.all, target: target, body: body)
                let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
                let reply = try await server.exchange(
                    """
                    POST \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(lines)\
                    Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n
                    """, body: body, audit: audit
                ) {
                    if isTaken { try await Tool.shell("mv '\(folder)/keys/deploy.keys' '\(folder)/kept'") }
                }
                #expect(reply.status == (isTaken ? 401 : 200), "\(reply)")
                if isTaken { try await Tool.shell("mv '\(folder)/kept' '\(folder)/keys/deploy.keys'") }
            }
        }
    }

    /// Why they cannot be read is in the log, with the place, and in no answer.
    @Test(arguments: [("users", "{\n\"x\": [}\n"), ("tokens", "# who\nada token-ada\nbob\n"), ("keys", nil)])
    func whyUsersCannotBeReadIsInTheLog(option: String, text: String?) async throws {
        let root = try ImageRoot()
        defer { _ = try? root.remove("given") }
        try root.writeSecret(option == "users" ? "{}" : "", to: "given")
        if option == "keys" { try await Tool.shell("cd '\(root.path)' && rm given && mkdir given") }
        let broken = text.map { "printf '\($0.replacing("\n", with: "\\n"))' > given" } ?? "rmdir given"
        let log = try await Tool.shell(
            """
            cd '\(root.path)'
            '\(Binaries.server)' --root . --\(option) given --listen 127.0.0.1:0 > out 2> log & pid=$!
            for i in $(seq 1200); do grep -q listening out && break; sleep 0.05; done
            url=$(sed 's/.* //' out)
            \(broken)
            auth='Authorization: Bearer x'
            [ \(option) != keys ] || auth="Authorization: Signature keyId=\\"x\\",algorithm=\\"rsa-sha256\\",headers=\\"date (request-target) host\\",signature=\\"AAAA\\""
            curl -s -w '%{http_code}' -H "$auth" -H "Date: $(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')" "$url/images"
            kill -TERM $pid; wait $pid || true; echo; echo ==; cat log; rm -f out log
            """)
        let halves = log.split(separator: "==\n", maxSplits: 1)
        #expect(halves[0].contains("UsersUnreadable") && halves[0].contains("503"), "\(log)")
        #expect(!halves[0].contains("given") && !halves[0].contains("line"), "\(log)")
        let said = [
            "users": "line 2, column 7", "tokens": "line 3 is not a user and a token", "keys": "no folder of keys",
        ]
        #expect(halves.last?.contains(said[option] ?? "") == true, "\(log)")
    }
}
