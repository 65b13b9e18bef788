import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What an image holds is its own, and not how this host or its pool happens to be set (state.md, "Crash safety").
    @Suite struct ContentTests {
        /// A layer whose files differ in case, or in how a letter is put together, alone.
        private func layer(_ box: Sandbox, origin: String? = nil) async throws -> (uuid: String, arguments: [String]) {
            let uuid = TestUUID.make()
            try await Tool.shell(
                """
                mkdir -p '\(box.root)/tree/inc' && cd '\(box.root)/tree' && printf upper > inc/X.h && printf lower > inc/x.h
                printf composed > $'inc/\\xc3\\xa9' && printf decomposed > $'inc/e\\xcc\\x81' && printf latin > $'inc/\\xe9'
                tar -cf '\(box.root)/layer.tar' inc/X.h inc/x.h inc/*
                """)
            var manifest: JSONObject = [
                "v": 2, "uuid": .string(uuid), "name": "x", "version": "1", "os": "linux", "type": "docker",
            ]
            if let origin { manifest["origin"] = .string(origin) }
            try box.write(JSONValue.object(manifest).text(), to: "\(uuid).json")
            return (uuid, ["install", "-m", box.path("\(uuid).json").string, "-f", box.path("layer.tar").string])
        }

        /// Does something with a pool that changes names.
        private func withOddPool(_ box: Sandbox, _ body: (String) async throws -> Void) async throws {
            let pool = "\(box.pool)odd"
            try await Tool.shell(
                """
                truncate -s 256M '\(box.root)/disk'
                zpool create -o cachefile=none -m '\(box.root)/mnt' -O casesensitivity=insensitive -O normalization=formD \
                    \(pool) '\(box.root)/disk'
                """)
            do {
                try await body(pool)
            } catch {
                Issue.record(error)
            }
            try await Tool.shell(
                "for i in $(seq 600); do if zpool destroy -f \(pool); then exit 0; fi; sleep 0.1; done; exit 1")
        }

        /// Modes are those of the image, whatever mask the command was started with: of a stream, of a layer (also of folders
        /// that it does not mention). The files that `create` makes are the user's, by his mask.
        @Test(arguments: ["000", "077", "777"])
        func theMaskOfTheShellChangesNothing(mask: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let modes = "find . -printf '%P %m %U %G %y\\n' | sort"
            func install(_ words: [String]) async throws {
                let run = try await box.shell("umask \(mask); imgadm \(words.map { "'\($0)'" }.joined(separator: " "))")
                #expect(run.status == 0, "\(run)")
            }

            try box.write(JSONValue.object(images.base.manifest).text(), to: "base.json")
            try await install(["install", "-m", box.path("base.json").string, "-f", images.base.file.string])
            let received = try await Tool.shell("cd '\(box.rootFolder(images.base.uuid))' && \(modes)")
            let made = try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", images.base.dataset)
                .dropLast()
            #expect(try await received == Tool.shell("cd '\(made)/root' && \(modes)"))

            try await Tool.shell(
                """
                mkdir -p '\(box.root)/tree/a/b' '\(box.root)/tree/open' && cd '\(box.root)/tree'
                touch plain; chmod 644 plain; touch all; chmod 666 all; touch set; chmod 4755 set; chmod 1777 open
                touch a/b/file; chmod 640 a/b/file; tar -cf ../modes.tar plain all set open a/b/file
                """)
            let uuid = TestUUID.make()
            try box.write(
                #"{"v":2,"uuid":"\#(uuid)","name":"x","version":"1","os":"linux","type":"docker"}"#, to: "layer.json")
            try await install(["install", "-m", box.path("layer.json").string, "-f", box.path("modes.tar").string])
            let unpacked = try await Tool.shell("cd '\(box.rootFolder(uuid))' && \(modes)")
            #expect(
                unpacked.split(separator: "\n") == [
                    " 755 0 0 d", "a 755 0 0 d", "a/b 755 0 0 d", "a/b/file 640 0 0 f", "all 666 0 0 f",
                    "open 1777 0 0 d", "plain 644 0 0 f", "set 4755 0 0 f",
                ], "\(unpacked)")

            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            let run = try await box.shell(
                "mkdir '\(box.root)/out'; umask \(mask); imgadm create -c gzip -o '\(box.root)/out' \(vm.uuid) \(BareMachine.fields.joined(separator: " "))"
            )
            #expect(run.status == 0, "\(run)")
            #expect(try await vm.everything() == before)
            let files = try await Tool.shell("cd '\(box.root)/out' && \(modes)")
            let own = ["000": "666", "077": "600"][mask] ?? "0"
            #expect(
                files.split(separator: "\n").dropFirst() == [
                    "web-1.0.0.imgmanifest \(own) 0 0 f", "web-1.0.0.zfs.gz \(own) 0 0 f",
                ])
            let state = try await Tool.shell(
                "cd '\(box.root)/var' && find . -perm /022 ! -path './tmp/*' -printf '%P %m\\n'")
            #expect(state.isEmpty, "\(state)")
        }

        @Test func namesStayNamesOfTheirOwnOnEveryPool() async throws {
            let box = try await Sandbox.make()
            try await withOddPool(box) { pool in
                let (uuid, install) = try await layer(box)
                let run = try await box.imgadm(install + ["-P", pool])
                #expect(run.status == 0 && run.errors.contains("casesensitivity=insensitive"), "\(run)")
                #expect(run.errors.contains("normalization=formD") && run.errors.contains("utf8only=on"), "\(run)")
                let root = box.path("mnt/\(uuid)/root")
                let sums = "find . -type f -print0 | sort -z | xargs -0 sha256sum"
                let made = try await Tool.shell("cd '\(root)' && \(sums)")
                #expect(try await made == Tool.shell("cd '\(box.root)/tree' && \(sums)"))
            }
        }

        /// A pool without extended attributes is told of, and the image is made with them: the first layer and those above it.
        @Test func attributesAreKeptOnEveryPool() async throws {
            let box = try await Sandbox.make()
            try await Tool.run("zfs", "set", "xattr=off", box.pool)
            let (below, install) = try await layer(box)
            let (above, another) = try await layer(box, origin: below)
            for (uuid, words) in [(below, install), (above, another)] {
                let run = try await box.imgadm(words)
                #expect(run.status == 0 && run.errors.contains("xattr=off"), "\(run)")
                let value = try await Tool.run("zfs", "get", "-H", "-o", "value", "xattr", "\(box.pool)/\(uuid)")
                #expect(value == "on\n")
            }
        }

        @Test func aLayerOnOneThatConfusesNamesIsRefused() async throws {
            let box = try await Sandbox.make()
            try await withOddPool(box) { pool in
                let below = TestUUID.make()
                try await Tool.shell(
                    "zfs create \(pool)/\(below); mkdir '\(box.root)/mnt/\(below)/root'; zfs snapshot \(pool)/\(below)@final"
                )
                let (uuid, install) = try await layer(box, origin: below)
                let run = try await box.imgadm(install + ["-P", pool])
                #expect(run.status == 1 && run.errors.contains("error (UnsuitablePool)"), "\(run)")
                #expect(run.errors.contains("casesensitivity"), "\(run)")
                let datasets = try await Tool.run("zfs", "list", "-H", "-o", "name", "-r", pool)
                #expect(try box.recordNames().isEmpty)
                #expect(!datasets.contains(uuid))
            }
        }

        @Test func aReceivedFileSystemKeepsNamesAsItsMakerDid() async throws {
            let box = try await Sandbox.make()
            try await withOddPool(box) { pool in
                let images = try await Fixture.get()
                try box.use(images.server.url)
                #expect(try await box.imgadm("import", "-P", pool, images.base.uuid).status == 0)
                let kept = try await Tool.run(
                    "zfs", "get", "-H", "-o", "value", "casesensitivity,normalization", "\(pool)/\(images.base.uuid)")
                #expect(kept == "sensitive\nnone\n" || kept == "none\nsensitive\n")
            }
        }
    }
}
