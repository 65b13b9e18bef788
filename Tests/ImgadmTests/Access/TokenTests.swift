import Host
import ImageModel
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Tokens of image servers: who is shown one, and who never.
    @Suite struct TokenTests {
        private static func box() async throws -> (Sandbox, token: String) {
            let box = try await Sandbox.make()
            try box.write("secret-of-alice\n", to: "token")
            try await Tool.run("chmod", "600", box.path("token").string)
            return (box, box.path("token").string)
        }

        /// A server that wants a token for everything, and remembers who asked.
        private static func server() async throws -> CannedServer {
            try await CannedServer(respond: { head in
                func answer(_ status: String, _ body: String) -> String {
                    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
                }
                guard head.lowercased().contains("\r\nauthorization: bearer secret-of-alice\r\n") else {
                    return answer("401 Unauthorized", #"{"code":"UnauthorizedError","message":"who are you?"}"#)
                }
                let path = head.split(separator: " ").dropFirst().first ?? ""
                return answer("200 OK", path.hasPrefix("/ping") ? #"{"ping":"pong","imgapi":true}"# : "[]")
            })
        }

        private static func hasToken(_ server: CannedServer) -> [Bool] {
            server.requests.map { $0.lowercased().contains("authorization:") }
        }

        @Test func theServerThatIsMeantIsShownTheToken() async throws {
            let (box, token) = try await Self.box()
            let server = try await Self.server()
            try box.use(server.url)
            let bare = try await box.imgadm("avail")
            #expect(
                bare.status == 1 && bare.errors.contains("status 401") && bare.errors.contains("--token-file FILE"),
                "\(bare)")
            for (words, environment) in [
                (["--token-file", token], [:]), (["--token", "secret-of-alice"], [:]),
                ([], ["IMGADM_TOKEN": "secret-of-alice"]),
            ] as [([String], [String: String])] {
                let run = try await box.imgadm(["avail"] + words, environment: environment)
                #expect(run.status == 0, "\(words): \(run)")
            }
            let piped = try await box.shell("imgadm avail --token-file <(echo secret-of-alice)")
            #expect(piped.status == 0, "\(piped)")
            let wrong = try await box.imgadm("avail", "--token", "secret-of-bob")
            #expect(wrong.status == 1 && wrong.errors.contains("does not know the token"), "\(wrong)")
            let checked = try await box.imgadm("sources", "-c", environment: ["IMGADM_TOKEN": "secret-of-alice"])
            #expect(checked.output.contains("true"), "\(checked)")
        }

        /// With several servers it is not plain whose token it is.
        @Test func noOtherServerIsShownTheToken() async throws {
            let (box, token) = try await Self.box()
            let (server, other) = (try await Self.server(), try await CannedServer(["/images": "[]"]))
            let uuid = TestUUID.make()
            for url in [other.url, server.url] {
                #expect(try await box.imgadm("sources", "-fa", url).status == 0)
            }
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            let both = try await box.imgadm("avail", "--token-file", token)
            #expect(both.status == 2 && both.errors.contains("a token is for one image server"), "\(both)")
            _ = try await box.imgadm("avail", environment: ["IMGADM_TOKEN": "secret-of-alice"])
            _ = try await box.imgadm("import", "-S", server.url, "--token-file", token, uuid)
            _ = try await box.imgadm(
                "import", "-S", server.url, "-S", other.url, uuid, environment: ["IMGADM_TOKEN": "secret-of-alice"])
            #expect(Self.hasToken(other).allSatisfy { !$0 } && !other.requests.isEmpty)
            #expect(Self.hasToken(server).filter { $0 }.count == 1, "\(server.requests)")
            // One in the config is for its server alone.
            let changed = try await box.imgadm("sources", "-a", server.url, "--token-file", token)
            #expect(changed.output.hasPrefix("Changed \"imgapi\" image source"), "\(changed)")
            let run = try await box.imgadm("avail")
            #expect(run.status == 0, "\(run)")
            #expect(Self.hasToken(other).allSatisfy { !$0 })
        }

        /// A server whose ping is for everybody, and its images are not.
        @Test func aSourceThatWantsATokenSaysSo() async throws {
            let (box, token) = try await Self.box()
            try box.writeSecret("build secret-of-alice\n", to: "tokens")
            try HostFile.makeFolder(box.path("server/images"))
            let server = try TestServer(
                box.path("server"), arguments: ["--tokens", box.path("tokens").string, "--reads", "users"])
            let bare = try await box.imgadm("sources", "-a", server.url)
            #expect(
                bare.status == 1 && bare.output.isEmpty && bare.errors.contains("error (SourcePing)")
                    && bare.errors.contains("--token-file FILE"), "\(bare)")
            #expect(try await box.imgadm("sources", "-fa", server.url).status == 0)
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            #expect(
                try await box.imgadm("sources", "-v").lines[0].split(separator: " ") == ["URL", "TYPE", "INSECURE"])
            let unknown = try await box.imgadm("sources", "-c")
            #expect(unknown.output.contains("false  ") && unknown.output.contains("401"), "\(unknown)")
            #expect(unknown.errors.contains("\(server.url): the server wants to know who asks"), "\(unknown)")
            #expect(try await box.imgadm("sources", "-a", server.url, "--token-file", token).status == 0)
            #expect(try await box.imgadm("sources", "-c").output.contains("true  -"))
            let verbose = try await box.imgadm("sources", "-v")
            #expect(verbose.lines.first?.hasSuffix("TOKENFILE") == true, "\(verbose)")
            #expect(verbose.lines.last?.hasSuffix(token) == true, "\(verbose)")
        }

        /// A token that is refused is no sign of another kind of server.
        @Test func aPublisherWhoseTokenIsRefusedHearsThat() async throws {
            let (box, _) = try await Self.box()
            let server = try await Self.server()
            try box.write(
                #"{"v":2,"uuid":"\#(TestUUID.make())","owner":"00000000-0000-0000-0000-000000000000","name":"a","version":"1","type":"other","os":"other"}"#,
                to: "a.json")
            try box.write("x", to: "a.file")
            let words = ["publish", "-m", box.path("a.json").string, "-f", box.path("a.file").string, server.url]
            let wrong = try await box.imgadm(words + ["--token", "secret-of-bob"])
            #expect(wrong.status == 1 && wrong.errors.contains("error (UnauthorizedError)"), "\(wrong)")
            #expect(wrong.errors.contains("hint: the server does not know the token"), "\(wrong)")
            let none = try await box.imgadm(words)
            #expect(none.errors.contains("hint: the server wants to know who asks"), "\(none)")
        }

        /// What is set already is not what helps.
        @Test func aTokenThatIsShownToNobodyIsToldOf() async throws {
            let (box, _) = try await Self.box()
            let (server, other) = (try await Self.server(), try await CannedServer(["/images": "[]"]))
            for url in [other.url, server.url] { _ = try await box.imgadm("sources", "-fa", url) }
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            let run = try await box.imgadm("avail", environment: ["IMGADM_TOKEN": "secret-of-alice"])
            #expect(run.errors.contains("hint: IMGADM_TOKEN is shown to none of several servers"), "\(run)")
        }

        @Test func aRedirectTakesNoTokenAlong() async throws {
            let (box, token) = try await Self.box()
            let elsewhere = try await CannedServer(["/images": "[]"])
            let server = try await CannedServer(respond: { _ in
                "HTTP/1.1 302 Found\r\nLocation: \(elsewhere.url)/images\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            })
            try box.use(server.url)
            _ = try await box.imgadm("avail", "--token-file", token)
            #expect(Self.hasToken(server).contains(true))
            #expect(Self.hasToken(elsewhere).allSatisfy { !$0 } && !elsewhere.requests.isEmpty)
        }

        @Test func plainHTTPToElsewhereIsRefused() async throws {
            let (box, token) = try await Self.box()
            // Of a network for documentation: nothing may be sent there.
            try box.use("http://192.0.2.1")
            let run = try await box.imgadm("avail", "--token-file", token)
            #expect(run.status == 1 && run.errors.contains("UnsafeToken"), "\(run)")
        }

        @Test func aSourceKeepsTheFileOfItsToken() async throws {
            let (box, token) = try await Self.box()
            let server = try await Self.server()
            let added = try await box.imgadm("sources", "-a", server.url, "--token-file", token)
            #expect(
                added.output == "Added \"imgapi\" image source \"\(server.url)\" (token file \(token))\n", "\(added)")
            #expect(try await box.imgadm("sources", "-a", server.url).output.hasPrefix("Already have"))
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            #expect(try await box.imgadm("avail").status == 0)
            let json = try JSONValue(parsing: try await box.imgadm("sources", "-j").output)
            #expect(json == [["type": "imgapi", "url": .string(server.url), "tokenFile": .string(token)]])
            // An editor that changes nothing else leaves it.
            let edited = try await box.imgadm(
                "sources", "-fe", environment: ["EDITOR": "sed -i '$ a https://b.example.com imgapi'"])
            #expect(edited.status == 0, "\(edited)")
            #expect(try box.read("var/imgadm/imgadm.conf")?.contains(token) == true)
            #expect(try await box.imgadm("sources", "-d", "https://b.example.com").status == 0)
            // Others who could write it would choose who we are.
            for (mode, says) in [("644", "everybody may read"), ("620", "others may write")] {
                try await Tool.run("chmod", mode, token)
                let run = try await box.imgadm("avail")
                #expect(run.status == 1 && run.errors.contains("UnsafeFile") && run.errors.contains(says), "\(run)")
            }
            try await Tool.run("rm", token)
            let gone = try await box.imgadm("avail")
            #expect(gone.status == 1 && gone.errors.contains("token file does not exist"), "\(gone)")
        }

        /// What will be read by later commands is looked at when it is named, also where nobody is asked.
        @Test(arguments: [["-a"], ["-f", "-a"], ["-k", "-f", "-a"]])
        func aSourceTakesNoFileThatIsNotThere(options: [String]) async throws {
            let (box, token) = try await Self.box()
            let server = try await Self.server()
            for (file, says) in [("/nonexistent", "token file does not exist"), (token, "everybody may read")] {
                if file == token { try await Tool.run("chmod", "644", token) }
                let run = try await box.imgadm(["sources"] + options + [server.url, "--token-file", file])
                #expect(run.status == (file == token ? 1 : 2) && run.errors.contains(says), "\(run)")
                #expect(!run.errors.contains("SourcePing"), "\(run)")
            }
            let edited = try await box.imgadm(
                "sources", "-fe",
                environment: ["EDITOR": "sed -i '$ a https://b.example.com imgapi token-file=/nonexistent'"])
            #expect(edited.status == 2 && edited.errors.contains("token file does not exist"), "\(edited)")
            #expect(server.requests.isEmpty)
            #expect(try await box.imgadm("sources").output == "https://images.smartos.org\n")
        }

        static let bad: [(words: [String], says: String)] = [
            (["--token", ""], "no token"), (["--token", "a b"], "no token"),
            (["--token-file", "/nonexistent"], "does not exist"),
            (["--token", "x", "--token-file", "/dev/null"], "exclude each other"),
            (["--token-file", "/dev/null"], "no token"),
        ]

        @Test(arguments: bad) func whatIsNoTokenIsAUsageError(words: [String], says: String) async throws {
            let (box, _) = try await Self.box()
            let server = try await Self.server()
            try box.use(server.url)
            let run = try await box.imgadm(["avail"] + words)
            #expect(run.status == 2 && run.errors.contains(says), "\(run)")
            #expect(server.requests.isEmpty)
        }

        /// Each command that talks to an image server shows it.
        @Test func everyCommandShowsIt() async throws {
            let (box, token) = try await Self.box()
            let server = try await Self.server()
            try box.use(server.url)
            let uuid = TestUUID.make()
            try box.write(
                #"{"v":2,"uuid":"\#(uuid)","name":"x","version":"1","type":"other","os":"other","public":true}"#,
                to: "x.json")
            for words in [
                ["avail"], ["show", uuid], ["import", uuid], ["import", "-S", server.url, uuid],
                ["publish", "-m", box.path("x.json").string, "-f", box.path("x.json").string, server.url],
                ["remote", "list", server.url],
            ] {
                let before = server.requests.count
                let run = try await box.imgadm(words + ["--token-file", token])
                let asked = Self.hasToken(server).dropFirst(before)
                #expect(asked.first == true, "\(words): \(run)")
                #expect(!run.errors.contains("secret-of-alice"))
            }
        }

        /// A server that says back what it was shown, in words, in JSON, and where it redirects to.
        private static func echo(_ status: Int, challenge: String? = nil) async throws -> CannedServer {
            try await CannedServer(respond: { head in
                let line = head.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("authorization:") }
                let shown = line.map { String($0.dropFirst("authorization:".count)) } ?? ""
                let pair = shown.split(separator: " ").last.flatMap { Base64.bytes(String($0)) } ?? []
                let said = "you sent\(shown) which is \(String(decoding: pair, as: UTF8.self))"
                let body = JSONValue.object([
                    "code": .string(said), "message": .string(said),
                    "errors": [["field": "x", "code": .string(said), "message": .string(said)]],
                ]).text()
                let location = status == 302 ? "Location: http://127.0.0.1:1/\(shown.dropFirst())\r\n" : ""
                let asks = shown.isEmpty ? challenge.map { "WWW-Authenticate: \($0)\r\n" } ?? "" : ""
                return
                    "HTTP/1.1 \(asks.isEmpty ? status : 401) Echo\r\nContent-Type: application/json\r\nX-Echo: \(shown)\r\n\(location)\(asks)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            })
        }

        /// Neither errors nor the log have what a server was shown, whatever it says of it.
        @Test(arguments: [200, 302, 400, 401, 403, 422])
        func noServerHasOurTokenSaidBack(status: Int) async throws {
            let (box, token) = try await Self.box()
            let server = try await Self.echo(status)
            try box.use(server.url)
            let uuid = TestUUID.make()
            try box.write(
                #"{"v":2,"uuid":"\#(uuid)","name":"x","version":"1","type":"other","os":"other","public":true}"#,
                to: "x.json")
            for words in [
                ["avail"], ["show", uuid], ["import", uuid], ["import", "-S", server.url, "name"],
                ["publish", "-m", box.path("x.json").string, "-f", box.path("x.json").string, server.url],
                ["remote", "list", server.url], ["remote", "disable", uuid, server.url],
                ["sources", "-a", server.url + "/a"],
            ] {
                for mode in ["-v", "-E"] {
                    let run = try await box.imgadm([mode] + words + ["--token-file", token])
                    #expect(
                        run.status != 0 && !(run.errors + run.output).contains("secret-of-alice"), "\(words): \(run)")
                }
            }
            #expect(Self.hasToken(server).contains(true))
        }

        /// What a server puts into its manifests is shown, kept and handed on: without what it was shown.
        @Test func noManifestHasOurToken() async throws {
            let (box, token) = try await Self.box()
            let uuid = TestUUID.make()
            let server = try await CannedServer(respond: { head in
                let has = head.contains("secret-of-alice")
                let said = has ? "it is Secret-of-alice." : "nothing"
                let image: JSONValue = [
                    "v": 2, "uuid": .string(uuid), "owner": "00000000-0000-0000-0000-000000000000",
                    "name": .string(has ? "secret-of-alice" : "a"), "version": "1", "type": "zone-dataset",
                    "os": "smartos",
                    "state": "active", "disabled": false, "public": true, "published_at": "2026-01-01T00:00:00Z",
                    "description": .string(said), "homepage": "http://x/secret%2Dof%2Dalice", "files": [],
                    "tags": ["secret-of-alice": ["deep", .string(said)]],
                ]
                let path = head.split(separator: " ").dropFirst().first ?? ""
                let body =
                    path.hasPrefix("/ping")
                    ? #"{"imgapi":true}"# : path.hasPrefix("/images/") ? image.text() : "[\(image.text())]"
                return
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            })
            try box.use(server.url)
            for words in [
                ["remote", "list", server.url], ["remote", "list", "-j", server.url],
                ["remote", "list", "-o", "uuid,name,description,homepage,tags", server.url],
                ["remote", "list", "--format", "csv", "-o", "tags,homepage", server.url],
                ["remote", "show", uuid, server.url], ["remote", "show", "--format", "yaml", uuid, server.url],
                ["remote", "disable", uuid, server.url], ["avail"], ["avail", "-j"], ["show", uuid],
                ["import", "-n", uuid], ["import", uuid],
            ] {
                for mode in [[], ["-v"], ["-E"]] as [[String]] {
                    let run = try await box.imgadm(mode + words + ["--token-file", token])
                    let text = (run.output + run.errors).lowercased()
                    #expect(!text.contains("of-alice") && !text.contains("of%2dalice"), "\(words): \(run)")
                }
            }
            let shown = try await box.imgadm("show", uuid, "--token-file", token)
            #expect(shown.status == 0 && shown.output.contains("\"description\": \"it is ***.\""), "\(shown)")
            #expect(try await box.imgadm("avail", "-Ho", "name", "--token-file", token).output == "***\n")
            #expect(Self.hasToken(server).allSatisfy { $0 })
        }

        @Test(arguments: [400, 403, 404, 500])
        func noRegistryHasOurPasswordSaidBack(status: Int) async throws {
            let box = try await Sandbox.make()
            let registry = try await Self.echo(status, challenge: "Basic realm=\"x\"")
            let host = String(registry.url.dropFirst("http://".count))
            let pair = Base64.text(Array("alice:secret-of-alice".utf8))
            try HostFile.makeFolder(box.path("docker"))
            try box.write(#"{"auths":{"\#(host)":{"auth":"\#(pair)"}}}"#, to: "docker/config.json")
            for mode in ["-v", "-E"] {
                let run = try await box.imgadm(
                    [mode, "import", "\(host)/me/app:1"], environment: ["DOCKER_CONFIG": box.path("docker").string])
                #expect(run.status == 1, "\(run)")
                for secret in ["secret-of-alice", pair] { #expect(!run.errors.contains(secret), "\(run)") }
            }
            #expect(Self.hasToken(registry).contains(true), "\(registry.requests)")
        }

        /// A token is judged by the source that it is for, whatever others there are.
        @Test func sourcesThatTakeNoTokenAreNoMatter() async throws {
            let (box, token) = try await Self.box()
            let server = try await Self.server()
            for (type, url) in [
                ("simplestreams", "https://s.example.com"), ("docker", "https://d.example.com"),
                ("dsapi", "https://a.example.com/datasets"), ("oci", "oci://o.example.com/images"),
            ] {
                #expect(try await box.imgadm("sources", "-ft", type, "-a", url).status == 0, "\(type)")
            }
            let added = try await box.imgadm("sources", "-a", server.url, "--token-file", token)
            #expect(added.status == 0 && added.output.hasPrefix("Added"), "\(added)")
            try await Tool.run("cp", "-p", token, box.path("other").string)
            let changed = try await box.imgadm("sources", "-a", server.url, "--token-file", box.path("other").string)
            #expect(changed.status == 0 && changed.output.hasPrefix("Changed"), "\(changed)")
            let kept = try await box.imgadm("sources", "-ft", "simplestreams", "-a", "https://s.example.com")
            #expect(kept.output.hasPrefix("Already have"), "\(kept)")
            let refused = try await box.imgadm(
                "sources", "-ft", "simplestreams", "-a", "https://s.example.com", "--token-file", token)
            #expect(refused.status == 2 && refused.errors.contains("not with simplestreams"), "\(refused)")
        }
    }
}
