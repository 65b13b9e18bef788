import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Images of registries become images here (docker.md).
    @Suite struct DockerImportTests {
        @Test func theTreeIsWhatUmociMakesOfIt() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", fixture.reference)
            #expect(run.status == 0, "\(run)")
            let uuids = try await RegistryFixture.uuids(fixture.layers)
            let theirs = try await RegistryFixture.unpackedByUmoci(fixture.reference)
            defer { TestFolder.remove(theirs.removingLastComponent().removingLastComponent()) }
            let expected = try await TreeListing.of(theirs)
            let actual = try await TreeListing.of(try await box.rootFolder(uuids[2]))
            #expect(Set(actual).symmetricDifference(expected).sorted() == [])
            #expect(expected.count > 30)
            #expect(try box.leftovers().isEmpty)
        }

        @Test func eachLayerIsAnImage() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", fixture.reference)
            let uuids = try await RegistryFixture.uuids(fixture.layers)
            #expect(
                Set(try await box.datasets()) == Set(uuids.flatMap { [$0, "\($0)@final"] }), "\(run)")
            let title = "\(uuids[2]) (\(fixture.reference))"
            #expect(
                run.lines.contains("Importing \(title) from \"\(fixture.registry.url)\"")
                    && run.lines.contains("Imported image \(title)"), "\(run)")
            let get = try await box.imgadm("get", uuids[2])
            let manifest = try #require(try JSONValue(parsing: Array(get.output.utf8))["manifest"])
            let name = "\(fixture.registry.host)/test/three"
            let expected: JSONValue = [
                "v": 2, "uuid": .string(uuids[2]), "owner": "00000000-0000-0000-0000-000000000000",
                "name": "docker-layer", "version": .string(String(fixture.layers[2].digest.dropFirst(7).prefix(12))),
                "disabled": false, "public": true, "published_at": "2026-01-02T03:04:05.678Z", "type": "docker",
                "os": "linux", "description": "made by a test", "origin": .string(uuids[1]),
                "tags": [
                    "docker:repo": .string(name), "docker:id": .string(fixture.layers[2].digest),
                    "docker:architecture": .string(RegistryServer.architecture), "docker:tag:one": true,
                    "docker:config": [
                        "Cmd": ["/bin/sh"], "Entrypoint": .null, "Env": ["PATH=/bin"], "WorkingDir": "/etc",
                    ],
                ],
            ]
            for (key, value) in expected.objectValue ?? [:] { #expect(manifest[key] == value, "\(key)") }
            let show = try await box.imgadm("show", fixture.reference)
            let shown = try JSONValue(parsing: Array(show.output.utf8))
            for (key, value) in expected.objectValue ?? [:] { #expect(shown[key] == value, "\(key)") }
            #expect(try await box.imgadm("list", "-Ho", "uuid", "type=docker", "zpool=\(box.pool)").lines.count == 3)
            let list = try await box.imgadm("list", "--docker", "-H", "zpool=\(box.pool)")
            #expect(list.lines.count == 1, "\(list)")
            let words = list.output.split(whereSeparator: \.isWhitespace).map(String.init)
            let short = String(fixture.layers[2].digest.dropFirst(7).prefix(12))
            #expect(Array(words.prefix(4)) == [uuids[2], name, "one", short], "\(list)")
        }

        @Test func aSecondTagCostsOneManifest() async throws {
            let registry = try await RegistryServer()
            let layers = [
                try await registry.layer("tags", "echo 1 > a"), try await registry.layer("tags", "echo 2 > b"),
            ]
            try await registry.image("tags", "first", layers)
            try await registry.image("tags", "second", layers)
            let proxy = try await FaultProxy(to: registry.port, path: "/v2/", [])
            let host = proxy.url.dropFirst(7)
            let box = try await Sandbox.make()
            #expect(try await box.imgadm("import", "\(host)/tags:first").status == 0)
            let before = proxy.requests.count
            let run = try await box.imgadm("import", "\(host)/tags:second")
            #expect(run.status == 0 && run.output.contains("already installed"), "\(run)")
            #expect(
                proxy.requests.dropFirst(before).map { $0.prefix { $0 != "\r\n" } } == [
                    "GET /v2/tags/manifests/second HTTP/1.1"
                ])
            let rows = try await box.imgadm("list", "--docker", "-H", "zpool=\(box.pool)").lines.map { row in
                row.split(separator: " ").map(String.init)[2]
            }
            #expect(rows.sorted() == ["first", "second"])
            // What is known to be there is not pulled at all.
            let again = try await box.imgadm("import", "\(host)/tags:first")
            #expect(again.status == 0)
            #expect(proxy.requests.last?.hasPrefix("HEAD /v2/tags/manifests/first ") == true)
        }

        /// A repository and its tags belong together, also where a layer is the top of images of two repositories.
        @Test func aNameIsOfItsRepository() async throws {
            let registry = try await RegistryFixture.get().registry
            // Made twice, in different seconds, and the same layer all the same.
            let line = "echo base > base; touch -d @0 base ."
            let base = try await registry.layer("names/lower", line, compression: "none")
            _ = try await registry.layer("names/upper", line, compression: "none")
            try await registry.image("names/lower", "low", [base])
            try await registry.image("names/lower", "both", [base])
            try await registry.image(
                "names/upper", "up", [base, try await registry.layer("names/upper", "echo u > u")])
            try await registry.image("names/upper", "both", [base])
            let box = try await Sandbox.make()
            for name in ["upper:up", "lower:low", "upper:both", "lower:both"] {
                let run = try await box.imgadm("import", "-q", "\(registry.host)/names/\(name)")
                #expect(run.status == 0, "\(run)")
            }
            let rows = try await box.imgadm("list", "--docker", "-Ho", "repository,tag", "zpool=\(box.pool)").lines
            let names = rows.map {
                $0.split(separator: " ").joined(separator: ":").dropFirst("\(registry.host)/".count)
            }
            #expect(names.sorted() == ["names/lower:both", "names/lower:low", "names/upper:both", "names/upper:up"])
        }

        /// A tag that has moved is that of the image which it was last pulled for, and goes back with it.
        @Test func aTagIsOfOneImage() async throws {
            let registry = try await RegistryFixture.get().registry
            let old = try await registry.layer("moving", "echo old > file")
            let new = try await registry.layer("moving", "echo new > file")
            let box = try await Sandbox.make()
            let uuids = try await RegistryFixture.uuids([old]) + RegistryFixture.uuids([new])
            for (place, layer) in [(0, old), (1, new), (0, old)] {
                try await registry.image("moving", "latest", [layer])
                try await registry.image("moving", "v\(place)", [layer])
                for tag in ["v\(place)", "latest"] {
                    let run = try await box.imgadm("import", "-q", "\(registry.host)/moving:\(tag)")
                    #expect(run.status == 0, "\(run)")
                }
                let rows = try await box.imgadm("list", "--docker", "-Ho", "uuid,tag", "zpool=\(box.pool)").lines
                let latest = rows.filter { $0.hasSuffix(" latest") }
                #expect(latest.count == 1 && latest[0].hasPrefix(uuids[place]), "\(rows)")
                #expect(rows.contains { $0.hasSuffix(" v\(place)") }, "\(rows)")
            }
        }

        @Test func imagesShareTheLayersTheyHaveInCommon() async throws {
            let registry = try await RegistryFixture.get().registry
            let base = try await registry.layer("share", "echo base > base")
            try await registry.image("share", "a", [base, try await registry.layer("share", "echo a > own")])
            try await registry.image("share", "b", [base, try await registry.layer("share", "echo b > own")])
            let box = try await Sandbox.make()
            #expect(try await box.imgadm("import", "\(registry.host)/share:a").status == 0)
            #expect(try await box.imgadm("import", "\(registry.host)/share:b").status == 0)
            #expect(try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)").lines.count == 3)
        }

        @Test(arguments: ["gzip", "none", "zstd", "bzip2", "xz", "zstd --long=27 -19", "xz -6", "pigz -11"])
        func layersOfEveryCompression(_ compression: String) async throws {
            let registry = try await RegistryFixture.get().registry
            let name = "compressed/" + compression.filter { $0.isLetter || $0.isNumber }
            // The media type says nothing that would be believed.
            let layer = try await registry.layer(
                name, "seq 100000 > numbers; mkdir d; echo x > d/x", compression: compression,
                mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip")
            try await registry.image(name, "1", [layer])
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/\(name):1")
            #expect(run.status == 0, "\(run)")
            let root = try await box.rootFolder(try await RegistryFixture.uuids([layer])[0])
            #expect(try await Tool.shell("seq 100000 | cmp - '\(root)/numbers' && cat '\(root)/d/x'") == "x\n")
        }

        @Test func anEmptyFileIsAnEmptyLayer() async throws {
            let registry = try await RegistryFixture.get().registry
            let layers = [
                try await registry.layer("empty", "echo 1 > file"),
                try await registry.layer("empty", ":", compression: "empty"),
                try await registry.layer("empty", ":"),
            ]
            try await registry.image("empty", "1", layers)
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/empty:1")
            #expect(run.status == 0, "\(run)")
            let root = try await box.rootFolder(try await RegistryFixture.uuids(layers)[2])
            #expect(try HostFile.names(in: root) == ["file"])
        }

        @Test func manyLayers() async throws {
            let registry = try await RegistryFixture.get().registry
            var layers: [PushedLayer] = []
            for number in 0..<110 {
                let takesAway = number > 0 ? "touch .wh.file\(number - 1);" : ""
                layers.append(try await registry.layer("many", "\(takesAway) echo \(number) > file\(number)"))
            }
            try await registry.image("many", "1", layers)
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "-q", "\(registry.host)/many:1")
            #expect(run.status == 0, "\(run)")
            let root = try await box.rootFolder(try await RegistryFixture.uuids(layers)[109])
            #expect(try HostFile.names(in: root) == ["file109"])
            #expect(try await box.imgadm("list", "--docker", "-H", "zpool=\(box.pool)").lines.count == 1)
        }

        @Test func aLayerMayBeInstalledFromAFile() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            try box.write(
                """
                {"v": 2, "uuid": "\(uuid)", "owner": "00000000-0000-0000-0000-000000000000", "name": "docker-layer",
                 "version": "1", "type": "docker", "os": "linux", "public": true, "disabled": false, "files": []}
                """, to: "layer.json")
            try await Tool.shell(
                "cd '\(box.root)' && mkdir tree && echo here > tree/file && tar -C tree -czf layer.tar.gz .")
            let run = try await box.imgadm(
                "install", "-m", box.path("layer.json").string, "-f", box.path("layer.tar.gz").string)
            #expect(run.status == 0, "\(run)")
            let root = try await box.rootFolder(uuid)
            #expect(try await Tool.run("cat", root.appending("file").string) == "here\n")
            _ = fixture
        }

        @Test func anImageOfTypeDockerFromAnImageServer() async throws {
            let box = try await Sandbox.make()
            let workshop = try await ImageWorkshop.make()
            let uuid = TestUUID.make()
            let file = workshop.folder.appending("images/\(uuid).file")
            try await Tool.shell(
                "cd '\(box.root)' && mkdir tree && echo served > tree/file && tar -C tree -c . | gzip > '\(file)'")
            _ = try await workshop.describe(
                uuid, name: "docker-layer", compression: "gzip", origin: nil, file: file, ["type": "docker"])
            let server = try TestServer(workshop.folder)
            try box.use(server.url)
            let run = try await box.imgadm("import", uuid)
            #expect(run.status == 0, "\(run)")
            let root = try await box.rootFolder(uuid)
            #expect(try await Tool.run("cat", root.appending("file").string) == "served\n")
        }

        @Test func fiveAtATimeMakeOneImage() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            let run = try await box.shell(
                "for i in 1 2 3 4 5; do imgadm import -q \(fixture.reference) & done; for i in 1 2 3 4 5; do wait -n || exit 1; done"
            )
            #expect(run.status == 0, "\(run)")
            #expect(try await box.datasets().count == 6)
            #expect(try box.leftovers().isEmpty)
        }
    }
}
