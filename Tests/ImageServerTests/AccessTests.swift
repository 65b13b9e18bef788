import Host
import ImageCatalog
import ImageModel
import ImageServer
import JSON
import Logging
import NIOCore
import NIOPosix
import SystemPackage
import TestHost
import Testing

/// Who may do what, and what is recorded of it (imgapi-server.8, "USERS").
@Suite struct AccessTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Users of every scope, whose tokens are their names.
    static func users(_ root: ImageRoot, _ more: String = "") async throws -> FilePath {
        let entries = try await Tool.shell(
            """
            for user in read own other publish admin; do
                scope=$user; [ $user != other ] || scope=own
                printf '"%s":{"scope":"%s","tokens":["sha256:%s"]},' $user $scope "$(printf %s token-$user | sha256sum | cut -c1-64)"
            done
            """)
        try root.write("{\(entries)\"nobody\":{\"scope\":\"read\"}\(more)}", to: "users")
        try await Tool.run("chmod", "644", root.path.appending("users").string)
        return root.path.appending("users")
    }

    private static func serving(
        _ root: ImageRoot, mode: ServerMode = .public, users: FilePath, isPrivate: Bool = false,
        _ change: (inout ImageServer.Configuration) -> Void = { _ in },
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let repository = try await NIOThreadPool.singleton.runIfActive {
            try FolderRepository(root: root.path, mode: mode, logger: logger)
        }
        var configuration = ImageServer.Configuration(port: 0)
        configuration.authentication = Authentication(users: users)
        configuration.authentication.isPrivate = isPrivate
        change(&configuration)
        try await RunningServer.serving(repository, configuration, body)
    }

    static func bearer(_ user: String) -> [String: String] { ["Authorization": "Bearer token-\(user)"] }

    private static func basic(_ user: String) -> [String: String] {
        ["Authorization": "Basic \(Base64.text(Array("anybody:token-\(user)".utf8)))"]
    }

    static func manifest(_ uuid: ImageUUID, isPublic: Bool = true) -> String {
        #"{"v":2,"uuid":"\#(uuid)","name":"x","version":"1","type":"other","os":"other","public":\#(isPublic)}"#
    }

    private static func publish(_ uuid: ImageUUID, as user: String, on server: RunningServer) async throws -> [Int] {
        [
            try await server.send("POST", "/images/\(uuid)?action=import", body: manifest(uuid), bearer(user)).status,
            try await server.send("PUT", "/images/\(uuid)/file?compression=none", body: "hello", bearer(user)).status,
            try await server.send("POST", "/images/\(uuid)?action=activate", body: "{}", bearer(user)).status,
        ]
    }

    @Test func aUserMayDoWhatHisScopeAllows() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        try await Self.serving(root, users: users) { server in
            let image = ImageUUID()
            #expect(try await Self.publish(image, as: "read", on: server) == [403, 403, 403])
            #expect(try await Self.publish(image, as: "own", on: server) == [200, 200, 200])
            let target = "/images/\(image)"
            let changes: [(method: String, target: String, body: String)] = [
                ("POST", "\(target)?action=disable", "{}"), ("POST", "\(target)?action=enable", "{}"),
                ("POST", "\(target)?action=update", #"{"description":"y"}"#),
                ("POST", "\(target)/acl", "[]"),
            ]
            for (method, target, body) in changes {
                for (user, status) in [("read", 403), ("other", 403), ("own", 200), ("publish", 200), ("admin", 200)] {
                    let reply = try await server.send(method, target, body: body, Self.bearer(user))
                    #expect(reply.status == status, "\(user): \(method) \(target): \(reply)")
                    #expect(status == 200 || reply.code == "ForbiddenError")
                }
            }
            // Whatever makes the server send requests, or is about the server itself.
            for (method, target, body) in [
                ("POST", "/images/\(ImageUUID())?action=import&source=http://127.0.0.1:1", ""),
                ("PUT", "\(target)/file?source=http://127.0.0.1:1", ""),
                ("POST", "\(target)/file/from-url?compression=none", #"{"file_url":"https://127.0.0.1:1/x"}"#),
                ("POST", "\(target)?action=change-stor&stor=local", "{}"), ("POST", "/state?action=dropcaches", ""),
            ] {
                for user in ["read", "own", "publish"] {
                    let reply = try await server.send(method, target, body: body, Self.bearer(user))
                    #expect(reply.status == 403, "\(user): \(target): \(reply)")
                }
                #expect(try await server.send(method, target, body: body, Self.bearer("admin")).status != 403)
            }
            #expect(try await server.get("/state", Self.bearer("publish")).status == 403)
            #expect(try await server.get("/state", Self.bearer("admin")).status == 200)
            // Who made it is told to whom asks as an operator, and nobody else; and nobody says it of himself.
            #expect(try await server.get(target).json?["published_by"] == nil)
            let admin = try await server.get("\(target)?inclAdminFields=true", Self.bearer("admin"))
            #expect(admin.json?["published_by"] == "own", "\(admin)")
            let forged = try await server.send(
                "POST", "\(target)?action=update", body: #"{"published_by":"other"}"#, Self.bearer("publish"))
            #expect(forged.status == 422, "\(forged)")
            #expect(try await server.send("DELETE", target, Self.bearer("other")).status == 403)
            #expect(try await server.send("DELETE", target, Self.bearer("own")).status == 204)
        }
    }

    @Test func aPrivateServerShowsNothingToStrangers() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        try await Self.serving(root, mode: .private, users: users, isPrivate: true) { server in
            let image = ImageUUID()
            for (method, target, body) in [
                ("POST", "/images/\(image)?action=import", Self.manifest(image, isPublic: false)),
                ("PUT", "/images/\(image)/file?compression=none", "hello"),
                ("POST", "/images/\(image)?action=activate", "{}"),
            ] {
                #expect(try await server.send(method, target, body: body, Self.bearer("publish")).status == 200)
            }
            for target in [
                "/", "/images", "/images/\(image)", "/images/\(image)/file", "/images/\(image)/icon", "/channels",
                "/metrics", "/state", "/images/\(ImageUUID())",
            ] {
                for method in ["GET", "HEAD"] {
                    for headers in [[:], Self.bearer("stranger"), ["Authorization": "Basic YTpi"]] {
                        let reply = try await server.send(method, target, headers)
                        #expect(reply.status == 401, "\(method) \(target): \(reply)")
                        #expect(!reply.text.contains("hello"))
                    }
                }
                let known = try await server.get(target, Self.bearer("read"))
                #expect(known.status != 401, "\(target): \(known)")
                let asked = try await server.get(target).headers["www-authenticate"]
                #expect((asked != nil) == (target == "/"), "\(target): \(asked ?? "")")
                // What a browser shows.
                let basic = try await server.get(target, Self.basic("read"))
                #expect(basic.status == known.status, "\(target): \(basic)")
            }
            // It shows that to other pages' forms, too.
            let change = try await server.send(
                "POST", "/images/\(image)?action=disable", body: "{}", Self.basic("admin"))
            #expect(change.status == 401, "\(change)")
            #expect(try await server.get("/ping").status == 200)
            #expect(try await server.get("/images/\(image)/file", Self.bearer("read")).text == "hello")
        }
    }

    @Test func whatIsTakenAwayCountsNoMore() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        try await Self.serving(root, users: users) { server in
            #expect(try await server.get("/images", Self.bearer("read")).status == 200)
            try root.write("{}", to: "users")
            #expect(try await server.get("/images", Self.bearer("read")).status == 401)
            // What cannot be read refuses nobody for good, and lets nobody in.
            try root.write("{", to: "users")
            #expect(try await server.get("/images", Self.bearer("read")).status == 503)
            #expect(try await server.get("/images").status == 200)
            try root.remove("users")
            #expect(try await server.get("/images", Self.bearer("admin")).status == 503)
        }
    }

    /// A user of the older files is known, and may do what the new one says of him.
    @Test func olderFilesSayWhoAUserIs() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root, #","old":{"scope":"publish"}"#)
        try root.writeSecret("old token-old\nstray token-stray\n", to: "tokens")
        try await Self.serving(
            root, users: users, { $0.authentication.tokens = root.path.appending("tokens") }
        ) { server in
            #expect(try await Self.publish(ImageUUID(), as: "old", on: server) == [200, 200, 200])
            let stray = try await server.send(
                "POST", "/images/\(ImageUUID())?action=import", body: "{}", Self.bearer("stray"))
            #expect(stray.status == 403 && stray.message?.contains("no scope") == true, "\(stray)")
            // What is not for everybody is not for him.
            let hidden = ImageUUID()
            try root.add(hidden, ["state": "unactivated", "published_at": .null])
            #expect(try await server.get("/images?state=all", Self.bearer("old")).list("uuid").contains("\(hidden)"))
            try await #expect(!server.get("/images?state=all", Self.bearer("stray")).list("uuid").contains("\(hidden)"))
            #expect(try await server.get("/images?inclAdminFields=true", Self.bearer("stray")).status == 403)
            #expect(try await server.get("/ping", Self.bearer("stray")).json?["pid"] == nil)
        }
    }

    static let mistakes: [(text: String, says: String)] = [
        ("", "cannot use"), ("[]", "not a JSON object"), (#"{"a":1}"#, "user \"a\""),
        (#"{"a":{}}"#, "\"scope\" is none of"),
        (#"{"a":{"scope":"root"}}"#, "read, own, publish, admin"), (#"{"../a":{"scope":"read"}}"#, "no name of a user"),
        (#"{"a":{"scope":"read","tokens":["plain"]}}"#, "sha256:HEX"),
        (#"{"a":{"scope":"read","tokens":["sha256:00"]}}"#, "sha256:HEX"),
        (#"{"a":{"scope":"read","tokens":"x"}}"#, "not an array"),
        (#"{"a":{"scope":"read","keys":["ssh-dss AAAA"]}}"#, "no public key"),
        (#"{"a":{"scope":"read","password":"x"}}"#, "no member \"password\""),
    ]

    @Test(arguments: mistakes) func aMistakeInTheUsersIsTold(text: String, says: String) async throws {
        let root = try ImageRoot()
        try root.write(text, to: "users")
        let users = Authentication(users: root.path.appending("users"))
        let error = #expect(throws: (any Error).self) { try users.check() }
        #expect("\(try #require(error))".contains(says), "\(String(describing: error))")
    }

    @Test(arguments: ["620", "602"]) func usersThatOthersMayWriteAreNotTaken(mode: String) async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        try await Tool.run("chmod", mode, users.string)
        let error = #expect(throws: (any Error).self) { try Authentication(users: users).check() }
        #expect("\(try #require(error))".contains("others may write it"))
    }

    /// A body takes as long as its sender wants; meanwhile the UUID becomes another's.
    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            ("POST", "?action=update", #"{"description":"evil"}"#), ("POST", "/acl", "[\"\(ImageUUID())\"]"),
            ("PUT", "/file?compression=none", "EVIL!"),
        ]) func whatBecameAnothersMeanwhileIsNotChanged(method: String, path: String, body: String) async throws
    {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        let audit = root.path.appending("audit.log")
        try await Self.serving(root, users: users, { $0.audit = audit }) { server in
            // On a busy machine it may be looked for only when there is none, and is refused for that at once: then once more.
            var isRefused = false
            for _ in 0..<50 where !isRefused {
                let image = ImageUUID()
                func make(_ user: String) async throws {
                    let made = try await server.send(
                        "POST", "/images/\(image)?action=import", body: Self.manifest(image), Self.bearer(user))
                    #expect(made.status == 200, "\(made)")
                }
                try await make("own")
                do {
                    let reply = try await server.exchange(
                        """
                        \(method) /images/\(image)\(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                        Authorization: Bearer token-own\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n
                        """, body: body, audit: audit
                    ) {
                        #expect(try await server.send("DELETE", "/images/\(image)", Self.bearer("own")).status == 204)
                        try await make("other")
                    }
                    #expect([403, 404].contains(reply.status), "\(reply)")
                    isRefused = reply.status == 403
                } catch is ChannelError {
                } catch is IOError {}
                let there = try await server.get("/images/\(image)?inclAdminFields=true", Self.bearer("admin")).json
                #expect(
                    there?["published_by"] == "other" && there?["description"] == nil, "\(String(describing: there))")
                #expect(there?["acl"] == nil && there?["files"]?.arrayValue?.isEmpty ?? true)
            }
            #expect(isRefused)
        }
    }

    @Test func anImageIsInAChannelAndItsOriginStays() async throws {
        let root = try ImageRoot()
        let (base, child) = (ImageUUID(), ImageUUID())
        try root.write("[{\"name\": \"dev\", \"default\": true}, {\"name\": \"release\"}]", to: "channels.json")
        try root.add(base, ["channels": ["dev"]])
        try root.add(child, ["channels": ["release"], "origin": .string("\(base)")])
        try await Self.serving(root, users: Self.users(root)) { server in
            let admin = Self.bearer("admin")
            for channels in ["[]", #"["nosuch"]"#, "null", #""dev""#] {
                let reply = try await server.send(
                    "POST", "/images/\(base)?action=update", body: "{\"channels\":\(channels)}", admin)
                #expect(reply.status == 422, "\(channels): \(reply)")
            }
            for query in ["", "?channel=dev", "?force_all_channels=true"] {
                let reply = try await server.send("DELETE", "/images/\(base)\(query)", admin)
                #expect(reply.status == 422 && reply.code == "ImageHasDependentImages", "\(query): \(reply)")
            }
            #expect(try await server.send("DELETE", "/images/\(child)?channel=release", admin).status == 204)
            #expect(try await server.send("DELETE", "/images/\(base)", admin).status == 204)
        }
    }

    @Test func whatABodyAsksForIsRecorded() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        let audit = root.path.appending("audit.log")
        let image = ImageUUID()
        try root.write("[{\"name\": \"dev\", \"default\": true}, {\"name\": \"release\"}]", to: "channels.json")
        try root.add(image, ["channels": ["dev"]])
        try await Self.serving(root, users: users, { $0.audit = audit }) { server in
            for (action, body, status) in [
                ("channel-add", #"{"channel":"release"}"#, 200), ("channel-add", #"{"channel":"none"}"#, 422),
                ("update", #"{"description":"x","homepage":"https://example.org"}"#, 200),
            ] {
                let reply = try await server.send(
                    "POST", "/images/\(image)?action=\(action)", body: body, Self.bearer("admin"))
                #expect(reply.status == status, "\(reply)")
            }
        }
        let lines = try String(decoding: HostFile.read(audit) ?? [], as: UTF8.self).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
        #expect(lines.map { $0["to_channel"] } == ["release", "none", nil])
        #expect(lines.last?["fields"] == ["description", "homepage"])
    }

    @Test func changesAreRecorded() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        let audit = root.path.appending("audit.log")
        try await Self.serving(root, users: users, { $0.audit = audit }) { server in
            let image = ImageUUID()
            #expect(try await Self.publish(image, as: "own", on: server) == [200, 200, 200])
            var headers = Self.bearer("other")
            headers["x-request-id"] = "a\"}{\u{202e}"
            #expect(try await server.send("DELETE", "/images/\(image)?channel=a%0ab", headers).status == 403)
            #expect(try await Self.publish(ImageUUID(), as: "read", on: server) == [403, 403, 403])
            // Of whom nobody knows nothing is kept, or anybody could fill the disk.
            #expect(try await server.send("DELETE", "/images/\(image)").status == 401)
            #expect(try await server.get("/images/\(image)").status == 200)
            // A line that was left unfinished is ended, and no other is damaged by it.
            try await Tool.shell("printf '{\"time\":' >> '\(audit)'")
            #expect(try await server.send("DELETE", "/images/\(image)", Self.bearer("own")).status == 204)
        }
        let text = String(decoding: try HostFile.read(audit) ?? [], as: UTF8.self)
        #expect(!text.contains("\u{202e}"))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 9 && lines[7] == "{\"time\":", "\(text)")
        let kept = try lines.filter { $0 != lines[7] }.map { try JSONValue(parsing: $0) }
        #expect(
            kept.map { $0["action"]?.stringValue } == [
                "import", "file", "activate", "delete", "import", "file", "activate", "delete",
            ])
        #expect(kept.map { $0["user"]?.stringValue } == ["own", "own", "own", "other", "read", "read", "read", "own"])
        #expect(kept.map { $0["status"] } == [200, 200, 200, 403, 403, 403, 403, 204])
        #expect(kept.allSatisfy { $0["address"] == "127.0.0.1" && $0["time"] != nil && $0["request_id"] != nil })
        #expect(kept[3]["channel"] == "a\nb")
    }

    /// Nothing is changed that cannot be recorded; and whoever renames the file gets a new one.
    @Test func whatCannotBeRecordedIsNotDone() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        let audit = root.path.appending("log/audit.log")
        try await Self.serving(root, users: users, { $0.audit = audit }) { server in
            let image = ImageUUID()
            #expect(try await Self.publish(image, as: "own", on: server) == [503, 503, 503])
            #expect(try await server.get("/images/\(image)").status == 404)
            try await Tool.shell("mkdir '\(root.path)/log'; ln -s /etc/hostname '\(audit)'")
            let linked = try await Self.publish(image, as: "own", on: server)
            #expect(linked == [503, 503, 503])
            try await Tool.run("rm", audit.string)
            #expect(try await Self.publish(image, as: "own", on: server) == [200, 200, 200])
            try await Tool.shell("mv '\(audit)' '\(audit).1'")
            #expect(try await server.send("DELETE", "/images/\(image)", Self.bearer("own")).status == 204)
            #expect(try await Tool.shell("cat '\(audit)' | wc -l") == "1\n")
            #expect(try await Tool.shell("stat -c %a '\(audit)'") == "640\n")
        }
    }

    @Test func tooManyAndTooLargeAreRefused() async throws {
        let root = try ImageRoot()
        let users = try await Self.users(root)
        try await Self.serving(
            root, users: users,
            {
                $0.mostRequests = 1
                $0.largestFile = 4
            }
        ) { server in
            let image = ImageUUID()
            #expect(try await Self.publish(image, as: "own", on: server) == [200, 400, 422])
            // However slow it is, so many at once are too many some time.
            var refused: Reply?
            while refused == nil {
                refused = try await withThrowingTaskGroup(of: Reply.self) { group in
                    for _ in 0..<50 { group.addTask { try await server.get("/ping") } }
                    return try await group.first { $0.status != 200 }
                }
            }
            #expect(refused?.status == 429 && refused?.headers["retry-after"] == "1", "\(String(describing: refused))")
            #expect(refused?.code == "TooManyRequests")
            // After a while it answers again.
            while try await server.get("/ping").status != 200 { try await Task.sleep(for: .milliseconds(200)) }
        }
    }
}
