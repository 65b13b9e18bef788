import Host
import JSON
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm list`, `get`, `ancestry`, `delete`, and what counts as an image (state.md, "Datasets").
    @Suite struct InventoryTests {
        private func installed() async throws -> (box: Sandbox, images: Fixture) {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", images.top.uuid)
            #expect(run.status == 0, "\(run)")
            return (box, images)
        }

        @Test func listShowsInstalledImages() async throws {
            let (box, images) = try await installed()
            let run = try await box.imgadm("list", "zpool=\(box.pool)")
            #expect(
                run.lines.first == "UUID                                  NAME    VERSION  OS     TYPE          PUB")
            #expect(
                run.lines.dropFirst().map { $0.split(separator: " ").map(String.init)[1] } == ["base", "middle", "top"])
            #expect(run.lines[1] == "\(images.base.uuid)  base    1.0.0    linux  zone-dataset  2026-01-02")
            let json = try JSONValue(
                parsing: try await box.imgadm("list", "-j", "uuid=\(images.base.uuid)", "zpool=\(box.pool)").output)
            #expect(json[0]?["manifest"] == .object(images.base.manifest))
            #expect(json[0]?["zpool"]?.stringValue == box.pool)
            #expect(json[0]?["clones"] == 1)
            #expect(json[0]?["cloneNames"] == [.string("\(box.pool)/\(images.middle.uuid)")])
            #expect(json[0]?.objectValue?.keys == ["manifest", "zpool", "source", "cloneNames", "clones", "installed"])
            #expect(try await box.imgadm("list", "--docker").status == 0)
        }

        /// However often a command reads it; at a terminal, people are told as of everything else.
        @Test func aDamagedRecordIsToldOnce() async throws {
            let (box, images) = try await installed()
            let record = "\(box.pool)-\(images.base.uuid).json"
            try box.write("{", to: "var/imgadm/images/\(record)")
            for command in [
                ["list"], ["list", "-P", box.pool, "-l"], ["get", images.base.uuid], ["check", "-P", box.pool],
                ["ancestry", images.top.uuid], ["vacuum", "-n"], ["update", images.top.uuid],
            ] {
                let run = try await box.imgadm(command)
                let told = run.errors.split(separator: "\n").filter { $0.contains(record) }
                #expect(told.count == 1 && told[0].hasPrefix("{"), "\(command) \(run)")
            }
            func atTerminal(_ variables: String) async throws -> [Substring] {
                let command = "\(variables) \(Binaries.imgadm) list -P \(box.pool)"
                return try await box.shell("script -qec '\(command)' /dev/null < /dev/null").output
                    .split(whereSeparator: \.isNewline).filter { $0.contains(record) }
            }
            let lines = try await atTerminal("TERM=xterm NO_COLOR=1")
            #expect(
                lines.count == 1 && lines[0].hasPrefix("imgadm list: warning: image record cannot be used"), "\(lines)")
            let records = try await atTerminal("TERM=xterm IMGADM_LOG_LEVEL=warn")
            #expect(records.count == 1 && records[0].hasPrefix("{"), "\(records)")
        }

        @Test func imagesOfSeveralPoolsHaveAColumnForThat() async throws {
            let (box, images) = try await installed()
            let (other, _) = try await installed()
            let all = try await box.imgadm("list")
            #expect(all.lines[0].hasSuffix("  PUB         POOL"), "\(all)")
            #expect(all.lines.contains { $0.contains(images.base.uuid) && $0.hasSuffix("  \(other.pool)") }, "\(all)")
            #expect(try await box.imgadm("list", "-H").lines.allSatisfy { !$0.hasSuffix(box.pool) })
            let one = try await box.imgadm("list", "-P", box.pool)
            #expect(one.lines.count == 4 && one.lines[0].hasSuffix("  PUB"), "\(one)")
            let fields = ["list", "-P", box.pool, "-Ho", "pool,installed", "uuid=\(images.base.uuid)"]
            let row = try await box.imgadm(fields).lines.first?.split(separator: " ").map(String.init) ?? []
            #expect(row.first == box.pool)
            let dataset = "\(box.pool)/\(images.base.uuid)"
            let creation = try await Tool.run("zfs", "get", "-Hpo", "value", "creation", dataset)
            let date = try await Tool.shell("date -u -d @\(creation.dropLast()) +%Y-%m-%dT%H:%M:%SZ")
            #expect(row.last == String(date.dropLast()))
            #expect(
                try await box.imgadm("list", "-P", box.pool, "-Ho", "name", "installed=\(row.last ?? "")").lines
                    .contains("base"))
            let none = try await box.imgadm("list", "-P", "no-pool-\(box.pool)")
            #expect(none.status == 1 && none.errors.contains("error (PoolNotFound)"), "\(none)")
        }

        @Test func dockerImagesHaveTheirListing() async throws {
            let (box, images) = try await installed()
            let record: JSONValue = [
                "manifest": [
                    "v": 2, "uuid": .string(images.base.uuid), "name": "docker-layer", "version": "0123456789ab",
                    "type": "docker",
                    "os": "linux", "published_at": "2026-01-02T03:04:05.678Z",
                    "tags": [
                        "docker:repo": "alpine", "docker:id": "sha256:0123456789abcdef0123456789abcdef",
                        "docker:tag:3.20": true, "docker:tag:latest": true,
                    ],
                ], "zpool": .string(box.pool), "source": "https://docker.io",
            ]
            try box.write(record.text(.indented(2)), to: "var/imgadm/images/\(box.pool)-\(images.base.uuid).json")
            let run = try await box.imgadm("list", "--docker", "zpool=\(box.pool)")
            #expect(
                run.output == """
                    UUID                                  REPOSITORY  TAG     IMAGE_ID      CREATED
                    \(images.base.uuid)  alpine      3.20    0123456789ab  2026-01-02T03:04:05Z
                    \(images.base.uuid)  alpine      latest  0123456789ab  2026-01-02T03:04:05Z

                    """)
            let chosen = try await box.imgadm(
                "list", "--docker", "-o", "tag,repository,name,docker_tags", "-s", "name", "zpool=\(box.pool)")
            #expect(
                chosen.output == """
                    TAG     REPOSITORY  NAME          DOCKER_TAGS
                    3.20    alpine      docker-layer  ["3.20","latest"]
                    latest  alpine      docker-layer  ["3.20","latest"]

                    """)
            #expect(
                try await box.imgadm("list", "-Ho", "uuid", "type=docker", "zpool=\(box.pool)").output
                    == "\(images.base.uuid)\n")
            #expect(
                try await box.imgadm("list", "-Ho", "docker_short_id,docker_tags", "type=docker", "zpool=\(box.pool)")
                    .output == "0123456789ab  [\"3.20\",\"latest\"]\n")
        }

        @Test func onlyImagesAreImages() async throws {
            let (box, images) = try await installed()
            let names = (0..<6).map { _ in TestUUID.make() }
            try await Tool.shell(
                """
                P=\(box.pool)
                zfs clone $P/\(images.top.uuid)@final $P/\(names[0])        # a VM
                zfs clone $P/\(images.top.uuid)@final $P/\(names[1])-disk0  # a VM's disk
                zfs create -o imgadm:ignore=true $P/\(names[2])
                zfs create -o imgadm:ignore=yes $P/\(names[3])
                zfs create $P/\(names[4])                                   # no clone: an image without a record
                zfs create $P/not-an-image
                zfs create $P/not-an-image/\(names[5])
                zfs snapshot $P/\(names[0])@mine
                """)
            let listed = try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)").lines
            #expect(Set(listed) == [images.base.uuid, images.middle.uuid, images.top.uuid, names[4]])
            for name in [names[0], names[2], names[3], names[5]] {
                for command in ["get", "delete", "ancestry"] {
                    let run = try await box.imgadm(command, name)
                    #expect(run.status == 3 && run.output.isEmpty, "\(command): \(run)")
                    #expect(
                        run.errors
                            == "imgadm \(command): error (ImageNotInstalled): image \"\(name)\" was not found on zpool \"\(box.pool)\"\n"
                    )
                }
            }
            #expect(try await box.datasets().contains(names[0]))
            // What is known of the image without a record is its UUID.
            let get = try JSONValue(parsing: try await box.imgadm("get", names[4]).output)
            #expect(get["manifest"] == ["uuid": .string(names[4])])
            let clones = try JSONValue(parsing: try await box.imgadm("get", "-r", images.top.uuid).output)
            #expect(clones["children"]?["snapshots"] == [.string("\(box.pool)/\(images.top.uuid)@final")])
            #expect(
                Set(clones["children"]?["clones"]?.arrayValue?.compactMap(\.stringValue) ?? [])
                    == ["\(box.pool)/\(names[0])", "\(box.pool)/\(names[1])-disk0"])
        }

        @Test(arguments: [
            "", "{", "null", "[]", "{\"manifest\": 5}",
            "{\"manifest\":{\"uuid\":\"00000000-0000-0000-0000-000000000000\"}}", "\u{0}",
        ])
        func badRecordsAreAWarning(text: String) async throws {
            let (box, images) = try await installed()
            try box.write(text, to: "var/imgadm/images/\(box.pool)-\(images.base.uuid).json")
            let list = try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)")
            #expect(list.status == 0 && list.lines.count == 3, "\(list)")
            #expect(list.errors.contains("\"level\":40"), "\(list)")
            #expect(try await box.imgadm("get", images.base.uuid).status == 0)
        }

        @Test func ancestryGoesToTheBase() async throws {
            let (box, images) = try await installed()
            let run = try await box.imgadm("ancestry", images.top.uuid)
            #expect(
                run.output == """
                    UUID                                  NAME    VERSION  PUBLISHED
                    \(images.top.uuid)  top     1.0.0    2026-01-02T03:04:05Z
                    \(images.middle.uuid)  middle  1.0.0    2026-01-02T03:04:05Z
                    \(images.base.uuid)  base    1.0.0    2026-01-02T03:04:05Z

                    """)
            #expect(try await box.imgadm("ancestry", "-Ho", "name", images.middle.uuid).lines == ["middle", "base"])
            let json = try JSONValue(parsing: try await box.imgadm("ancestry", "-j", images.middle.uuid).output)
            #expect(json[0]?["manifest"]?["name"] == "middle" && json[1]?["manifest"]?["name"] == "base")
        }

        @Test func aGapInTheAncestryIsStatusThree() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            _ = try await box.imgadm("import", images.base.uuid)
            let missing = TestUUID.make()
            let record: JSONValue = [
                "manifest": ["v": 2, "uuid": .string(images.base.uuid), "name": "x", "origin": .string(missing)],
                "zpool": .string(box.pool), "source": "x",
            ]
            try box.write(record.text(), to: "var/imgadm/images/\(box.pool)-\(images.base.uuid).json")
            let run = try await box.imgadm("ancestry", images.base.uuid)
            #expect(run.status == 3 && run.errors.contains(missing) && run.output.isEmpty, "\(run)")
        }

        @Test func deletingIsFromTheTopDown() async throws {
            let (box, images) = try await installed()
            let refused = try await box.imgadm("delete", images.base.uuid)
            #expect(refused.status == 1)
            #expect(
                refused.errors
                    == "imgadm delete: error (ImageHasDependentClones): image \"\(images.base.uuid)\" has dependent clones: \(box.pool)/\(images.middle.uuid)\n"
                    + "  hint: what is a clone of it goes first: imgadm delete takes images, and zfs destroy what else nobody needs\n"
            )
            for image in [images.top, images.middle, images.base] {
                let run = try await box.imgadm("delete", image.uuid)
                #expect(run.output == "Deleted image \(image.uuid)\n" && run.status == 0, "\(run)")
            }
            #expect(try await box.datasets().isEmpty)
            #expect(try box.recordNames().isEmpty && box.leftovers().isEmpty)
            #expect(try await box.imgadm("delete", images.base.uuid).status == 3)
        }

        @Test func manyClonesAreCounted() async throws {
            let (box, images) = try await installed()
            for _ in 0..<3 {
                try await Tool.run(
                    "zfs", "clone", "\(box.pool)/\(images.top.uuid)@final", "\(box.pool)/\(TestUUID.make())")
            }
            let run = try await box.imgadm("delete", images.top.uuid)
            #expect(run.errors.contains(" and 2 others"), "\(run)")
        }

        @Test func nothingBelowAnImageIsDestroyed() async throws {
            let (box, images) = try await installed()
            try await Tool.run("zfs", "create", "\(box.pool)/\(images.top.uuid)/precious")
            let run = try await box.imgadm("delete", images.top.uuid)
            #expect(
                run.status == 1 && run.errors.contains("error (ImageHasChildDatasets)")
                    && run.errors.contains("precious"), "\(run)")
            #expect(try await box.datasets().contains("\(images.top.uuid)/precious"))
        }

        @Test func anImageInUseStays() async throws {
            let (box, images) = try await installed()
            let mountpoint = try await Tool.run(
                "zfs", "get", "-H", "-o", "value", "mountpoint", "\(box.pool)/\(images.top.uuid)"
            ).dropLast()
            let run = try await box.shell("cd '\(mountpoint)/root' && imgadm delete \(images.top.uuid)")
            #expect(run.status == 1 && run.errors.contains("error (DatasetBusy)"), "\(run)")
            #expect(try await box.imgadm("get", images.top.uuid).status == 0)
            #expect(try await box.imgadm("delete", images.top.uuid).status == 0)
        }

        @Test func getAsksAboutItsDatasetAlone() async throws {
            let (box, images) = try await installed()
            let run = try await box.imgadm("-v", "get", images.top.uuid)
            let commands = try run.errors.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                .compactMap { $0["command"]?.stringValue }
            #expect(commands.count == 1, "\(commands)")
            let image = "\(box.pool)/\(images.top.uuid)"
            #expect(
                commands.first?.hasSuffix(" \(box.pool) \(image) \(image)-partial \(image)@final") == true,
                "\(commands)")
        }

        @Test func listNeedsTwoCallsAndNoSnapshotWalk() async throws {
            let (box, _) = try await installed()
            let run = try await box.imgadm("-v", "list")
            let commands = try run.errors.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                .compactMap { $0["command"]?.stringValue }
            // Where its list rounds guids, as that of zfs-fuse does, the pool's is asked for by itself.
            let guids = commands.filter { $0.hasSuffix(" guid \(box.pool)") }
            #expect(commands.count - guids.count == 2 && guids.count <= 1, "\(commands)")
            #expect(commands.allSatisfy { !$0.contains("snapshot") || $0.contains("@final") })
        }

        @Test func oldLayoutsAreTakenOver() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            try box.write(
                "{\"uuid\":\"\(uuid)\",\"name\":\"old\",\"version\":\"1\",\"os\":\"smartos\",\"type\":\"zone-dataset\",\"creator_uuid\":\"352971aa-31ba-496c-9ade-a379feaecd52\",\"published_at\":\"2012-01-02T03:04:05Z\",\"files\":[]}",
                to: "var/db/imgadm/\(uuid).json")
            try box.write(
                "# sources\nhttp://old.example.com/datasets/\n\nhttp://new.example.com\n",
                to: "var/db/imgadm/sources.list")
            #expect(
                try await box.imgadm("sources", "-v").output == """
                    URL                              TYPE    INSECURE
                    http://old.example.com/datasets  dsapi   false
                    http://new.example.com           imgapi  false

                    """)
            // Reading writes nothing.
            #expect(try box.recordNames() == [])
            #expect(try box.read("var/imgadm/imgadm.conf") == nil)
            _ = try await box.imgadm("sources", "-d", "http://new.example.com")
            #expect(try box.recordNames() == ["zones-\(uuid).json"])
            let config = try JSONValue(parsing: try #require(try box.read("var/imgadm/imgadm.conf")))
            #expect(config["upgradedToVer"] == "3.0.0")
            // Once only: what was deleted since does not come back.
            #expect(try await box.imgadm("sources").lines == ["http://old.example.com/datasets"])
        }

        @Test func sourcesWithoutATypeGetOne() async throws {
            let box = try await Sandbox.make()
            try box.write(
                "{\"sources\":[{\"url\":\"http://a.example.com/datasets\"},{\"url\":\"http://b.example.com\"}],\"upgradedToVer\":\"2.9.0\"}",
                to: "var/imgadm/imgadm.conf")
            let json = try JSONValue(parsing: try await box.imgadm("sources", "-j").output)
            #expect(json[0]?["type"] == "dsapi" && json[1]?["type"] == "imgapi")
        }
    }
}
