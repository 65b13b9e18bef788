import Failure
import Glibc
import Host
import ImageCatalog
import ImageModel
import ImageServer
import JSON
import Logging
import NIOCore
import NIOPosix
import Synchronization
import SystemPackage
import TestHost
import Testing

/// The folder changes under the running server.
@Suite struct FolderTests {
    private static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    @Test func whatComesAndGoesCountsAtOnce() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root) { server in
            var names: Set<String> = []
            for round in 0..<30 {
                let uuid = ImageUUID()
                try root.add(uuid, ["name": .string("n\(round)")])
                names.insert("n\(round)")
                #expect(Set(try await server.get("/images").list("name")) == names)
                if round % 3 == 0 {
                    try root.add(uuid, ["name": .string("m\(round)")])
                    try await #expect(server.get("/images/\(uuid)").json?["name"]?.stringValue == "m\(round)")
                    try root.remove("images/\(uuid).json")
                    names.remove("n\(round)")
                    try await #expect(server.get("/images/\(uuid)").status == 404)
                }
            }
        }
    }

    @Test func aManifestWrittenOverInPlaceCountsAtOnce() async throws {
        let root = try ImageRoot()
        let (uuid, other) = (ImageUUID(), ImageUUID())
        try root.add(other)
        try root.add(uuid, ["name": "name-00"])
        let path = root.path.appending("images/\(uuid).json")
        let text = String(decoding: try HostFile.read(path) ?? [], as: UTF8.self)
        try await RunningServer.serving(root) { server in
            for round in 10..<60 {
                let file = try FileDescriptor.open(path, .writeOnly)
                try file.closeAfter { _ = try file.writeAll(text.replacing("name-00", with: "name-\(round)").utf8) }
                // Not even its time tells: a tool may set that back.
                if round.isMultiple(of: 3) { try await Tool.shell("touch -d 2020-01-02 '\(path)'") }
                if round.isMultiple(of: 2) {
                    try await #expect(server.get("/images/\(uuid)").json?["name"]?.stringValue == "name-\(round)")
                } else {
                    try await #expect(server.get("/images?name=name-\(round)").list("uuid") == ["\(uuid)"])
                }
                if round == 30 { try await Task.sleep(for: .milliseconds(300)) }
            }
        }
    }

    /// A mirror brings an image that lies here unactivated: until its file is in place, what is stored is what was there, without the file.
    @Test func whatANewFileComesWithCountsOnceItIsThere() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.add(uuid, bytes: Array("old".utf8), sha1: "aa", ["state": "unactivated", "published_at": .null])
        let repository = try await NIOThreadPool.singleton.runIfActive {
            try FolderRepository(root: root.path, mode: .public, logger: Self.silent)
        }
        let upload = try await repository.upload(.file, of: uuid)
        try await upload.append(ByteBuffer(string: "new"))
        let seen = Mutex<[JSONObject?]>([])
        try await upload.commit { stored in
            seen.withLock { $0.append(stored) }
            var new = stored ?? [:]
            (new["state"], new["activated"]) = (nil, true)
            new["published_at"] = "2024-01-01T00:00:00.000Z"
            new["files"] = [["sha1": "bb", "size": 3, "compression": "none"]]
            return new
        }
        let stored = seen.withLock { $0 }
        #expect(stored.count == 2)
        #expect(stored.last??["activated"] != true && stored.last??["state"] != "active", "\(stored)")
        #expect(stored.last??["files"]?.arrayValue?.isEmpty ?? true, "\(stored)")
        let image = try #require(try await repository.catalog(.now).image(uuid))
        #expect(image.imageState == .active && image.files.first?.sha1 == "bb")
    }

    @Test func aFolderThatCannotBeReadIsNoEmptyOne() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.add(uuid)
        try await RunningServer.serving(root, authentication: Authentication(anonymous: .writes)) { server in
            try await #expect(server.get("/images").list("uuid") == ["\(uuid)"])
            try await Tool.shell("mv '\(root.path)/images' '\(root.path)/away'; echo x > '\(root.path)/images'")
            for target in ["/images", "/images/\(uuid)", "/images/\(uuid)/file", "/", "/metrics", "/channels"] {
                let reply = try await server.get(target)
                #expect(reply.status == 503, "\(target): \(reply)")
            }
            try await Tool.shell("rm '\(root.path)/images'; mv '\(root.path)/away' '\(root.path)/images'")
            try await #expect(server.get("/images").list("uuid") == ["\(uuid)"])
            // What was a mounted folder may be gone as a whole.
            try await Tool.shell("mv '\(root.path)' '\(root.path)-away'")
            try await #expect(server.get("/images").status == 503)
            try await Tool.shell("mv '\(root.path)-away' '\(root.path)'")
            try await #expect(server.get("/images/\(uuid)").status == 200)
        }
    }

    /// Where everybody may write, somebody else's folder of images is not served; where only its owner may, it is his choice.
    @Test(.enabled(if: geteuid() == 0)) func imagesThatSomebodyElsePlantedAreNotServed() async throws {
        let root = try ImageRoot()
        try root.add(ImageUUID())
        try await Tool.shell("chown 65534 '\(root.path)/images'")
        _ = try FolderRepository(root: root.path, mode: .public, logger: Self.silent)
        try await Tool.shell("chmod 1777 '\(root.path)'")
        let failure = #expect(throws: UnsafeFolder.self) {
            try FolderRepository(root: root.path, mode: .public, logger: Self.silent)
        }
        #expect(failure?.code == .unsafeFolder)
        try await Tool.shell("chown 0 '\(root.path)/images'")
        _ = try FolderRepository(root: root.path, mode: .public, logger: Self.silent)
    }

    @Test(.timeLimit(.minutes(20))) func whatIsNoFileHoldsNobodyUp() async throws {
        let root = try ImageRoot()
        let good = ImageUUID()
        try root.add(good, bytes: Array("hello".utf8), sha1: "aa", ["icon": true])
        let (linked, pipe, folder, device, huge) = (ImageUUID(), ImageUUID(), ImageUUID(), ImageUUID(), ImageUUID())
        let files: JSONObject = ["files": [["sha1": "aa", "size": 5, "compression": "none"]]]
        for uuid in [linked, pipe, folder, device] { try root.add(uuid, files) }
        try await Tool.shell(
            """
            cd '\(root.path)/images'; ln -s /etc/hostname \(linked).file; mkfifo \(pipe).file; mkdir \(folder).file
            mknod \(device).file c 1 5; truncate -s 3G \(huge).json; mkfifo \(good).icon
            ln -s '\(good).json' \(ImageUUID()).json; mkfifo \(ImageUUID()).json; mkdir \(ImageUUID()).json
            mknod \(ImageUUID()).json c 1 5; mkfifo .upload-x; ln -s /etc/passwd .upload-y; mkdir .upload-z
            """)
        try await RunningServer.serving(root, authentication: Authentication(anonymous: .writes)) { server in
            let listed = Set(try await server.get("/images").list("uuid"))
            #expect(listed == Set([good, linked, pipe, folder, device].map(\.description)))
            for uuid in [linked, pipe, folder, device] {
                let reply = try await server.get("/images/\(uuid)/file")
                #expect(reply.status == 503 && !reply.text.contains("/etc"), "\(reply)")
            }
            try await #expect(server.get("/images/\(good)/icon").status == 503)
            try await #expect(server.get("/images/\(good)/file").text == "hello")
        }
        try await Tool.shell("mkfifo '\(root.path)/channels.json'")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(throws: Failure.self) { try FolderRepository(root: root.path, mode: .public, logger: logger) }
    }

    @Test func channelsComeAndGoToo() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.add(uuid, ["channels": ["dev"]])
        try await RunningServer.serving(root) { server in
            try await #expect(server.get("/channels").status == 404)
            try root.write(#"[{"name":"dev","default":true}]"#, to: "channels.json")
            try await #expect(server.get("/channels").json == [["name": "dev", "default": true]])
            try await #expect(server.get("/images/\(uuid)", ["Accept-Version": "~2"]).json?["channels"] == ["dev"])
            try root.write("[{]", to: "channels.json")
            try await #expect(server.get("/channels").json == [["name": "dev", "default": true]])
            try root.remove("channels.json")
            try await #expect(server.get("/channels").status == 404)
            try await #expect(server.get("/images/\(uuid)", ["Accept-Version": "~2"]).json?["channels"] == nil)
        }
    }

    @Test func whatIsNoGoodManifestIsLeftOut() async throws {
        let root = try ImageRoot()
        let good = ImageUUID()
        try root.add(good, ["name": "good"])
        let texts = [
            "", "{", "[]", "null", #"{"v":2}"#, "\u{0}", String(repeating: "[", count: 100_000),
            #"{"v":2,"uuid":"\#(good)","name":"x","version":"1"}"#,
        ]
        for text in texts { try root.write(text, to: "images/\(ImageUUID()).json") }
        let changes: [JSONObject] = [
            ["uuid": .string("\(ImageUUID())")], ["uuid": 5], ["name": "a\nb"], ["name": .null], ["type": "x"],
            ["public": false], ["files": 5],
            ["files": [["size": 5]]], ["v": .null], ["published_at": "yesterday"], ["tags": 5], ["acl": ["x"]],
        ]
        for change in changes { try root.add(ImageUUID(), change) }
        try root.write("{}", to: "images/readme.json")
        try root.write("{}", to: "images/\(ImageUUID()).json.tmp")
        try await RunningServer.serving(root) { server in
            try await #expect(server.get("/images").list("name") == ["good"])
        }
    }

    @Test func aHandMadeManifestNeedsOnlyTheMinimum() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.write(
            #"{"v":2,"uuid":"\#(uuid)","name":"x","version":"1","type":"other","os":"linux"}"#,
            to: "images/\(uuid).json")
        try await RunningServer.serving(root) { server in
            try await #expect(
                server.get("/images/\(uuid)").json?.text()
                    == #"{"v":2,"uuid":"\#(uuid)","owner":"00000000-0000-0000-0000-000000000000","name":"x","version":"1","state":"active","disabled":false,"public":true,"type":"other","os":"linux","files":[]}"#
            )
            try await #expect(server.get("/images").list("name") == ["x"])
        }
    }

    @Test func aHandMadeManifestMaySpellNumbersAsText() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.write(
            #"{"v":"2","uuid":"\#(uuid)","name":"x","version":7,"type":"other","os":"linux","files":[{"sha1":"aa","size":"5","compression":"none"}]}"#,
            to: "images/\(uuid).json")
        try root.write("hello", to: "images/\(uuid).file")
        try await RunningServer.serving(root) { server in
            let image = try await server.get("/images/\(uuid)").json
            #expect(image?["v"] == 2 && image?["version"] == "7" && image?["files"]?[0]?["size"] == 5)
            // The file is known to be that of the manifest, by its size.
            try await #expect(server.get("/images/\(uuid)/file").headers["etag"] == "aa")
        }
    }

    @Test func manifestsOfTheFirstVersion() async throws {
        let root = try ImageRoot()
        let uuid = ImageUUID()
        try root.write(
            """
            {"uuid":"\(uuid)","name":"old","version":"1","type":"zone-dataset","os":"smartos","creator_uuid":"352971aa-31ba-496c-9ade-a379feaecd52",
             "published_at":"2012-01-02T03:04:05Z","files":[{"path":"x.gz","sha1":"aa","size":1,"url":"http://x/"}]}
            """, to: "images/\(uuid).json")
        try await RunningServer.serving(root) { server in
            let image = try await server.get("/images/\(uuid)").json
            #expect(
                image?["v"] == 2 && image?["owner"] == "352971aa-31ba-496c-9ade-a379feaecd52", "\(image?.text() ?? "")")
        }
    }

    @Test func foldersThatCannotBeServed() throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(throws: Failure.self) { try FolderRepository(root: "/nonexistent/x", mode: .public, logger: logger) }
        #expect(throws: FileError.self) { try FolderRepository(root: "/etc/hostname", mode: .public, logger: logger) }
        for channels in [
            "{", "{}", "[5]", #"[{"name":"A"}]"#, #"[{"name":""}]"#, #"[{"name":"a"},{"name":"a"}]"#,
            #"[{"name":"a","default":true},{"name":"b","default":true}]"#,
        ] {
            let root = try ImageRoot()
            try root.write(channels, to: "channels.json")
            #expect(throws: Failure.self, "\(channels)") {
                try FolderRepository(root: root.path, mode: .public, logger: logger)
            }
        }
    }

    @Test func aLongListing() async throws {
        let root = try ImageRoot()
        try root.addMany(1000) { ["name": .string("image-\($0)"), "tags": ["number": .number(JSONNumber($0))]] }
        try await RunningServer.serving(root) { server in
            let reply = try await server.get("/images")
            #expect(reply.status == 200 && reply.headers["content-length"] == "\(reply.body.count)")
            #expect(reply.json?.arrayValue?.count == 1000)
            try await #expect(server.get("/images?tag.number=999").list("name") == ["image-999"])
            let uuid = ImageUUID()
            try root.add(uuid, ["name": "late"])
            try await #expect(server.get("/images/\(uuid)").status == 200)
        }
    }
}
