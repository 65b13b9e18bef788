import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm remote`: images of a server, seen and changed from here.
    @Suite struct RemoteTests {
        private struct Stage {
            let box: Sandbox
            let server: TestServer
            let uuid = TestUUID.make()

            /// - Parameter channels: whether the server has any.
            static func make(channels: Bool) async throws -> Stage {
                let box = try await Sandbox.make()
                try box.writeSecret("deploy secret\n", to: "tokens")
                try HostFile.makeFolder(box.path("server/images"))
                if channels {
                    try box.write(
                        #"[{"name":"dev","description":"","default":true},{"name":"release","description":""}]"#,
                        to: "server/channels.json")
                }
                let stage = Stage(
                    box: box,
                    server: try TestServer(
                        box.path("server"), arguments: ["--tokens", box.path("tokens").string]))
                let files = channels ? #","channels":["dev"]"# : ""
                try box.write(
                    #"{"v":2,"uuid":"\#(stage.uuid)","owner":"00000000-0000-0000-0000-000000000000","name":"web","version":"1.0","type":"other","os":"other","public":true,"state":"active","disabled":false,"published_at":"2026-01-01T00:00:00Z","files":[{"sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709","size":0,"compression":"none"}]\#(files)}"#,
                    to: "server/images/\(stage.uuid).json")
                try box.write("", to: "server/images/\(stage.uuid).file")
                return stage
            }

            func remote(_ words: String..., channel: String? = nil, token: String = "secret") async throws
                -> Sandbox.Run
            {
                try await box.imgadm(
                    ["remote"] + words + [server.url + (channel.map { "?channel=\($0)" } ?? "")],
                    environment: ["IMGADM_TOKEN": token])
            }
        }

        @Test func anImageIsSeenAndChanged() async throws {
            let stage = try await Stage.make(channels: false)
            let list = try await stage.remote("list", "-Ho", "uuid,state")
            #expect(list.output == "\(stage.uuid)  active\n", "\(list)")
            let off = try await stage.remote("disable", "web")
            #expect(off.output == "Disabled image \(stage.uuid) (web@1.0)\n", "\(off)")
            #expect(try await stage.remote("disable", "web@1.0").status == 0)
            // It is listed for whom the server knows, and nobody else.
            #expect(try await stage.remote("list", "-Ho", "state", "name=web").output == "disabled\n")
            try stage.box.use(stage.server.url)
            #expect(try await stage.box.imgadm("avail").output.isEmpty)
            let on = try await stage.remote("enable", stage.uuid)
            #expect(on.output == "Enabled image \(stage.uuid) (web@1.0)\n", "\(on)")
            let set = try await stage.remote("set", "web", "description=it's a tier", "tags={\"a\": 1}")
            #expect(set.output == "Updated description, tags of image \(stage.uuid) (web@1.0)\n", "\(set)")
            let shown = try JSONValue(parsing: try await stage.remote("show", "web").output)
            #expect(shown["description"] == "it's a tier" && shown["tags"]?["a"] == 1)
            _ = try await stage.remote("set", "web", "description=null")
            #expect(try JSONValue(parsing: try await stage.remote("show", "web").output)["description"] == nil)
            let gone = try await stage.remote("delete", "web")
            #expect(gone.output == "Deleted image \(stage.uuid) (web@1.0) from \(stage.server.url)\n", "\(gone)")
            let again = try await stage.remote("delete", stage.uuid)
            #expect(again.status == 1 && again.errors.contains("error (ImageNotFound)"), "\(again)")
        }

        /// A proxy says so of a server that died just now, and the next one does what was asked for; also if that had been done.
        @Test(arguments: [Fault.status(502), .status(503), .cut(after: 0)])
        func whatIsAnsweredByNobodyIsAskedForAgain(fault: Fault) async throws {
            let stage = try await Stage.make(channels: true)
            let proxy = try await FaultProxy(to: stage.server.port, path: "action=", [])
            let steps: [(words: [String], field: String, value: JSONValue)] = [
                (["disable", stage.uuid], "state", "disabled"), (["enable", stage.uuid], "state", "active"),
                (["set", stage.uuid, "description=x"], "description", "x"),
                (["channel-add", "release", stage.uuid], "channels", ["dev", "release"]),
                (["channel-remove", "release", stage.uuid], "channels", ["dev"]),
            ]
            for (words, field, value) in steps {
                proxy.set([fault])
                let run = try await stage.box.imgadm(
                    ["remote"] + words + [proxy.url], environment: ["IMGADM_TOKEN": "secret"])
                #expect(run.status == 0, "\(words): \(run)")
                let shown = try JSONValue(parsing: try await stage.remote("show", stage.uuid).output)
                #expect(shown[field] == value, "\(words): \(shown.text())")
            }
            #expect(proxy.requests.count >= 2 * steps.count - 1, "\(proxy.requests.count)")
            // What is refused is not asked for again.
            proxy.set([.status(500)])
            let run = try await stage.box.imgadm(
                "remote", "disable", stage.uuid, proxy.url, environment: ["IMGADM_TOKEN": "secret"])
            #expect(run.status == 1, "\(run)")
        }

        /// There is nobody whom such a server knows, and everybody is its operator.
        @Test func onAnOpenServerADisabledImageIsFoundByItsName() async throws {
            let (box, uuid) = (try await Sandbox.make(), TestUUID.make())
            try HostFile.makeFolder(box.path("server/images"))
            try box.write(
                #"{"v":2,"uuid":"\#(uuid)","owner":"00000000-0000-0000-0000-000000000000","name":"web","version":"1.0","type":"other","os":"other","public":true,"state":"active","disabled":false,"published_at":"2026-01-01T00:00:00Z","files":[]}"#,
                to: "server/images/\(uuid).json")
            let server = try TestServer(box.path("server"))
            let off = try await box.imgadm("remote", "disable", "web", server.url)
            #expect(off.status == 0, "\(off)")
            let list = try await box.imgadm("remote", "list", "-Ho", "uuid", "state=disabled", server.url)
            #expect(list.output == "\(uuid)\n", "\(list)")
            let on = try await box.imgadm("remote", "enable", "web", server.url)
            #expect(on.output == "Enabled image \(uuid) (web@1.0)\n", "\(on)")
        }

        /// Images are named as everywhere, and what was done is told as everywhere.
        @Test func namesAndAnswersAreThoseOfOtherCommands() async throws {
            let stage = try await Stage.make(channels: true)
            let newer = TestUUID.make()
            let first = try #require(try stage.box.read("server/images/\(stage.uuid).json"))
            try stage.box.write(
                first.replacing(stage.uuid, with: newer).replacing("\"1.0\"", with: "\"2.0\"").replacing(
                    "2026-01", with: "2026-02"),
                to: "server/images/\(newer).json")
            try stage.box.write("", to: "server/images/\(newer).file")
            let server = try TestServer(
                stage.box.path("server"), arguments: ["--tokens", stage.box.path("tokens").string])
            func remote(_ words: String...) async throws -> Sandbox.Run {
                try await stage.box.imgadm(["remote"] + words + [server.url], environment: ["IMGADM_TOKEN": "secret"])
            }
            for (word, uuid) in [
                ("web@latest", newer), ("web@1.0", stage.uuid), (String(newer.prefix(13)), newer),
                (newer.uppercased(), newer),
            ] {
                let shown = try await remote("show", word)
                #expect(shown.output.contains(uuid), "\(word): \(shown)")
            }
            let both = try await remote("disable", "web")
            #expect(both.status == 1 && both.errors.contains("AmbiguousName") && both.errors.contains(newer), "\(both)")
            func answer(_ words: String...) async throws -> JSONValue {
                let run = try await stage.box.imgadm(
                    ["remote"] + words + ["-j", server.url], environment: ["IMGADM_TOKEN": "secret"])
                return try JSONValue(parsing: run.output)
            }
            let off = try await answer("disable", "web@latest", String(stage.uuid.prefix(8)))
            #expect(off["command"] == "remote" && off["ok"] == true && off["changed"] == true, "\(off.text())")
            #expect(off["images"]?.arrayValue?.map { $0["uuid"]?.stringValue } == [newer, stage.uuid], "\(off.text())")
            #expect(
                off["images"]?[0]?["action"] == "disabled" && off["images"]?[0]?["state"] == "disabled", "\(off.text())"
            )
            #expect(off["images"]?[0]?["destination"]?.stringValue == server.url, "\(off.text())")
            let set = try await answer("set", newer, "description=x")
            #expect(
                set["images"]?[0]?["action"] == "updated" && set["images"]?[0]?["fields"] == ["description"],
                "\(set.text())")
            let added = try await answer("channel-add", "release", newer)
            #expect(
                added["images"]?[0]?["action"] == "channelAdded" && added["images"]?[0]?["channel"] == "release",
                "\(added.text())")
            #expect(try await answer("channel-remove", "release", newer)["images"]?[0]?["action"] == "channelRemoved")
            let none = try await answer("channel-remove", "release", newer)
            #expect(none["changed"] == false && none["images"]?[0]?["action"] == "unchanged", "\(none.text())")
            let failed = try await answer("delete", newer, "nobody")
            #expect(failed["ok"] == false && failed["error"]?["code"] == "ImageNotFound", "\(failed.text())")
            #expect(failed["images"]?.arrayValue == [] && failed["changed"] == false, "\(failed.text())")
            #expect(try await remote("show", newer).status == 0)
        }

        /// Of a name, what is meant does not change while its images do.
        @Test func allNamesAreKnownBeforeTheFirstChange() async throws {
            let stage = try await Stage.make(channels: true)
            let newer = TestUUID.make()
            let first = try #require(try stage.box.read("server/images/\(stage.uuid).json"))
            try stage.box.write(
                first.replacing(stage.uuid, with: newer).replacing("\"1.0\"", with: "\"2.0\"").replacing(
                    "2026-01", with: "2026-02"),
                to: "server/images/\(newer).json")
            try stage.box.write("", to: "server/images/\(newer).file")
            let server = try TestServer(
                stage.box.path("server"), arguments: ["--tokens", stage.box.path("tokens").string])
            func remote(_ words: String...) async throws -> Sandbox.Run {
                try await stage.box.imgadm(["remote"] + words + [server.url], environment: ["IMGADM_TOKEN": "secret"])
            }
            let list = ["list", "-Ho", "uuid,state,channels", "-s", "version"]
            func state() async throws -> String {
                try await stage.box.imgadm(
                    ["remote"] + list + [server.url], environment: ["IMGADM_TOKEN": "secret"]
                ).output
            }
            let before = try await state()
            for words in [
                ["delete", "web@latest", "nobody"], ["disable", "web@latest", "nobody"],
                ["channel-add", "release", "web@latest", "nobody"], ["channel-remove", "dev", "web@latest", "web@1.0"],
            ] {
                let run = try await stage.box.imgadm(
                    ["remote"] + words + [server.url], environment: ["IMGADM_TOKEN": "secret"])
                #expect(run.status != 0 && run.output.isEmpty, "\(words): \(run)")
                #expect(try await state() == before, "\(words)")
            }
            let two = try await remote("delete", "nobody", "noone", "web@latest")
            #expect(two.errors.contains("\"nobody\"") && two.errors.contains("\"noone\""), "\(two)")
            let gone = try await remote("delete", "web@latest", "web@latest", newer)
            #expect(gone.lines.count == 1 && gone.lines[0].hasPrefix("Deleted image \(newer)"), "\(gone)")
            #expect(try await state().hasPrefix("\(stage.uuid)  active"))
        }

        @Test func channelsAreAddedAndRemoved() async throws {
            let stage = try await Stage.make(channels: true)
            for _ in 0..<2 {
                let added = try await stage.remote("channel-add", "release", "web")
                #expect(added.output == "Added image \(stage.uuid) (web@1.0) to channel \"release\"\n", "\(added)")
            }
            func channels() async throws -> [String] {
                try JSONValue(parsing: try await stage.remote("show", "web").output)["channels"]?.arrayValue?
                    .compactMap(\.stringValue) ?? []
            }
            #expect(try await channels() == ["dev", "release"])
            let unknown = try await stage.remote("channel-add", "stable", "web")
            #expect(unknown.status == 1 && unknown.errors.contains("unknown channel: stable"), "\(unknown)")
            #expect(unknown.errors.contains("hint: its channels are dev, release"), "\(unknown)")
            let near = try await stage.remote("channel-add", "relaese", "web")
            #expect(near.errors.contains("hint: did you mean \"release\"?"), "\(near)")
            #expect(try await stage.remote("channel-remove", "dev", "web").status == 0)
            #expect(try await channels() == ["release"])
            #expect(try await stage.remote("channel-remove", "dev", "web").output.hasSuffix("no change\n"))
            // Taken out of its last channel, an image would be gone.
            let last = try await stage.remote("channel-remove", "release", "web")
            #expect(last.status == 2 && last.errors.contains("in no other channel"), "\(last)")
            #expect(try await channels() == ["release"])
            // It is not in the default channel any more, and is found and changed all the same.
            #expect(try await stage.remote("disable", "web").status == 0)
            _ = try await stage.remote("channel-add", "dev", "web")
            #expect(try await stage.remote("delete", "web", channel: "dev").status == 0)
            #expect(try await channels() == ["release"])
            #expect(try await stage.remote("list", "-Ho", "uuid", channel: "dev").output.isEmpty)
        }

        @Test func whatTheAnswerShowsUndoneIsAnError() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            // A name of two lines stays in its line.
            let server = try await CannedServer([
                "/images/\(uuid)":
                    #"{"v":2,"uuid":"\#(uuid)","name":"n\nX","version":"1","state":"active","tags":{},"public":true,"channels":["dev"]}"#
            ])
            let title = #"\#(uuid) (n\nX@1)"#
            let rows: [(words: [String], says: String)] = [
                (["disable", uuid], "image \(title) is still active"),
                (["set", uuid, "name=zz", "public=false"], #"image \#(title) still has name="n\nX", public=true"#),
                (["set", uuid, "public=null"], "still has public=true"),
                (["channel-add", "release", uuid], "image \(title) is not in channel \"release\""),
            ]
            for (words, says) in rows {
                let run = try await box.imgadm(["remote"] + words + [server.url], environment: ["IMGADM_TOKEN": "x"])
                #expect(run.status == 1 && run.output.isEmpty, "\(words): \(run)")
                #expect(run.errors.contains("error (UploadError)") && run.errors.contains(says), "\(words): \(run)")
            }
            // What is as it should be, and what the server does not show, is no error.
            for (words, says) in [
                (["enable", uuid], "Enabled image \(title)"),
                (["set", uuid, "version=1", "tags=null", "acl=[]"], "Updated version, tags, acl of image \(title)"),
                (["set", uuid, "billing_tags=[\"a\"]"], "Updated billing_tags of image \(title)"),
                (["channel-add", "dev", uuid], "Added image \(title) to channel \"dev\""),
            ] {
                let run = try await box.imgadm(["remote"] + words + [server.url], environment: ["IMGADM_TOKEN": "x"])
                #expect(run.status == 0 && run.lines.count == 1 && run.output.hasPrefix(says), "\(words): \(run)")
            }
        }

        @Test func whatCannotBeDoneIsToldWithWhatToDo() async throws {
            let stage = try await Stage.make(channels: false)
            let rows: [(words: [String], status: Int32, says: String)] = [
                ([], 2, "what is to be done"), (["lst", stage.server.url], 2, "did you mean \"list\""),
                (["list"], 2, "missing argument: URL"), (["enable", stage.server.url], 2, "missing argument: IMAGE"),
                (["set", "web", stage.server.url], 2, "FIELD=VALUE"),
                (["set", "web", "descripton=x", stage.server.url], 2, "did you mean \"description\"?"),
                (["set", "web", "tags.a=1", stage.server.url], 2, "part of a field"),
                (["set", "web", "type=zvol", stage.server.url], 1, "error (ValidationFailed)"),
                (["channel-add", "dev", "web", stage.server.url], 2, "has no channels"),
                (["show", "wob", stage.server.url], 1, "did you mean \"web\""),
                (["show", "a/b c!", stage.server.url], 1, "error (InvalidUUID)"),
                (["disable", "-H", "web", stage.server.url], 2, "go with imgadm remote list"),
                (["list", "oci://127.0.0.1:1/x"], 2, "not the URL of an image server"),
                (["list", "colour=red", stage.server.url], 2, "colour"),
            ]
            for (words, status, says) in rows {
                let run = try await stage.box.imgadm(["remote"] + words, environment: ["IMGADM_TOKEN": "secret"])
                #expect(run.status == status && run.errors.contains(says), "\(words): \(run)")
            }
            let anonymous = try await stage.remote("disable", "web", token: "")
            #expect(
                anonymous.status == 1 && anonymous.errors.contains("error (UnauthorizedError)")
                    && anonymous.errors.contains("--token-file FILE"), "\(anonymous)")
            #expect(try await stage.remote("show", "web").output.contains("\"disabled\": false"))
        }
    }
}
