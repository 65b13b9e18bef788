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
                try box.write("deploy secret\n", to: "tokens")
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
