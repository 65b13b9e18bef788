import Host
import ImageModel
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Repositories of registries as sources, with no image server in between: what one host publishes, others list and import.
    @Suite struct RepositorySourceTests {
        /// An empty registry, and a host whose only source is a repository of it.
        private struct Stage {
            let registry: RegistryServer
            let box: Sandbox
            var url: String { "oci://\(registry.host)/vm/images" }

            static func make(_ access: RegistryServer.Access = .everybody) async throws -> Stage {
                let stage = Stage(registry: try await RegistryServer(access), box: try await Sandbox.make())
                try stage.box.use(stage.url, type: "oci")
                return stage
            }

            func publish(_ image: TestImage, _ changes: JSONObject = [:]) async throws -> Sandbox.Run {
                var manifest = image.manifest
                for (key, value) in changes { manifest[key] = value }
                try box.write(JSONValue.object(manifest).text(), to: "image.json")
                return try await box.imgadm(
                    "publish", "-m", box.path("image.json").string, "-f", image.file.string, url)
            }

            /// The same repository, by a proxy before the registry.
            func url(by proxy: FaultProxy) -> String { "oci://\(proxy.url.dropFirst("http://".count))/vm/images" }

            func tags() async throws -> Set<String> {
                let list = try await Tool.shell("curl -s '\(registry.url)/v2/vm/images/tags/list'")
                return Set(try JSONValue(parsing: list)["tags"]?.arrayValue?.compactMap(\.stringValue) ?? [])
            }
        }

        @Test func isAddedCheckedAndDeleted() async throws {
            let registry = try await RegistryServer()
            let box = try await Sandbox.make()
            let run = try await box.shell(
                """
                imgadm sources -d https://images.smartos.org
                imgadm sources -a oci://\(registry.host)/vm/images
                imgadm sources -t oci -a \(registry.host)/vm/images/
                imgadm sources -t oci -a https://\(registry.host)/vm/images
                imgadm sources -j
                imgadm sources -c
                imgadm sources -d oci://\(registry.host)/vm/images
                """)
            let url = "oci://\(registry.host)/vm/images"
            #expect(run.status == 0 && run.output.contains("Added \"oci\" image source \"\(url)\"\n"), "\(run)")
            #expect(
                run.lines.filter { $0 == "Already have \"oci\" image source \"\(url)\", no change" }.count == 2,
                "\(run)")
            #expect(
                run.output.contains("\"url\": \"\(url)\"") && run.output.contains("\(url)  oci   true  -"), "\(run)")
            #expect(run.lines.last == "Deleted \"oci\" image source \"\(url)\"", "\(run)")
        }

        static let noRepositories = [
            "oci://", "oci://registry.example", "oci://registry.example/Upper", "oci://registry.example/a:tag",
            "oci://registry.example/a@sha256:\(String(repeating: "0", count: 64))", "oci://registry.example/a//b",
            "oci://user@registry.example/a", "oci://registry.example/../v2", "oci://registry.example/a?channel=dev",
            "oci://registry.example:0/a", "ftp://registry.example/a", "oci://registry.example/%61",
        ]

        @Test func whatIsNoRepositoryIsAUsageError() async throws {
            let box = try await Sandbox.make()
            for url in Self.noRepositories {
                let run = try await box.imgadm("sources", "-f", "-t", "oci", "-a", url)
                #expect(run.status == 2, "\(url): \(run)")
            }
        }

        /// The list that is kept goes by the index; a name that it does not have is looked for among the tags.
        @Test func aNameThatTheIndexDoesNotHaveIsFoundByItsTag() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make()
            let name = "late-\(TestUUID.make().prefix(8))"
            let late = try await images.workshop.make(name: name)
            #expect(try await stage.publish(images.base).status == 0)
            let index = "'\(stage.registry.url)/v2/vm/images/manifests/index'"
            let type = "application/vnd.oci.image.index.v1+json"
            let old = stage.box.path("index.json")
            try await Tool.shell("curl -sf -H 'Accept: \(type)' \(index) -o '\(old)'")
            #expect(try await stage.box.imgadm("avail", "-Ho", "name").lines == ["base"])
            #expect(try await stage.publish(late).status == 0)
            try await Tool.shell("curl -sf -X PUT -H 'Content-Type: \(type)' --data-binary '@\(old)' \(index)")
            #expect(try await stage.box.imgadm("avail", "-Ho", "name").lines == ["base"])
            let run = try await stage.box.imgadm("import", name)
            #expect(run.status == 0 && run.lines.last == "Imported image \(late.uuid) (\(name)@1.0.0)", "\(run)")
        }

        @Test func whoLeavesOutTheSchemeIsToldOfIt() async throws {
            let stage = try await Stage.make()
            let run = try await stage.box.imgadm("sources", "-a", "\(stage.registry.host)/vm/images")
            #expect(run.status == 1 && run.errors.contains("sources -a \(stage.url)"), "\(run)")
            let bare = try await stage.box.imgadm("sources", "-a", stage.registry.host)
            #expect(bare.status == 1 && bare.errors.contains("-t docker"), "\(bare)")
        }

        @Test func whatIsNoRegistryIsNotAdded() async throws {
            let box = try await Sandbox.make()
            let none = try await CannedServer()
            let run = try await box.imgadm("sources", "-a", "oci://127.0.0.1:\(none.port)/vm/images")
            #expect(run.status == 1 && run.errors.contains("error (SourcePing)"), "\(run)")
        }

        @Test func whatOneHostPublishesAnotherImportsByName() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make()
            let early = try await stage.publish(images.middle)
            #expect(early.status == 1 && early.errors.contains("error (OriginDoesNotExist)"), "\(early)")
            #expect(try await stage.tags().isEmpty)
            for image in [images.base, images.middle, images.top] {
                let run = try await stage.publish(image)
                let compression = image.manifest["files"]?[0]?["compression"]?.stringValue ?? ""
                #expect(
                    run.status == 0
                        && run.lines == [
                            "Added file \"\(image.file)\" (compression \"\(compression)\") to image \(image.uuid)",
                            "Activated image \(image.uuid)",
                            "Successfully published image \(image.uuid) to \(stage.url)",
                        ], "\(run)")
            }
            let uuids = [images.base, images.middle, images.top].map(\.uuid)
            #expect(
                try await stage.tags() == Set(uuids + ["base-1.0.0", "middle-1.0.0", "top-1.0.0", "index"]))
            let other = try await Sandbox.make()
            try other.use(stage.url, type: "oci")
            #expect(
                try await other.imgadm("avail", "-Ho", "uuid,name,version,size", "-s", "name").lines.map {
                    $0.split(separator: " ").map(String.init)
                }
                    == [images.base, images.middle, images.top].map { [$0.uuid, $0.name, "1.0.0", "\($0.size)"] })
            #expect(try await other.imgadm("avail", "-Ho", "uuid", "name=middle").lines == [images.middle.uuid])
            let imported = try await other.imgadm("import", "top@1.0.0")
            #expect(
                imported.status == 0
                    && imported.lines.first == "Importing \(images.top.uuid) (top@1.0.0) from \"\(stage.url)\"",
                "\(imported)")
            #expect(Set(try await other.imgadm("list", "-Ho", "uuid").lines) == Set(uuids))
            let shown = try JSONValue(parsing: try await other.imgadm("show", "top").output)
            #expect(shown["state"] == "active" && shown["origin"] == .string(images.middle.uuid))
            #expect(shown["activated"] == nil && shown["files"]?[0]?["mtime"] == nil)
            let updated = try await other.imgadm("update")
            #expect(updated.status == 0 && updated.output.isEmpty, "\(updated)")
            let got = try JSONValue(parsing: try await other.imgadm("get", images.top.uuid).output)
            #expect(got["source"] == .string(stage.url))
        }

        @Test func aServerAndHostsShareARepository() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make()
            #expect(try await stage.publish(images.base).status == 0)
            let server = try TestServer(stage.registry)
            let client = try await Sandbox.make()
            try client.use(server.url)
            #expect(try await client.imgadm("avail", "-Ho", "name").lines == ["base"])
            // By the server, and then found without it.
            try stage.box.write(JSONValue.object(images.middle.manifest).text(), to: "m")
            let published = try await stage.box.imgadm(
                "publish", "-m", stage.box.path("m").string, "-f", images.middle.file.string, server.url)
            #expect(published.status == 0, "\(published)")
            #expect(try await stage.box.imgadm("avail", "-Ho", "name", "-s", "name").lines == ["base", "middle"])
            let imported = try await stage.box.imgadm("import", "middle")
            #expect(imported.status == 0, "\(imported)")
            // Disabled is not listed, and not imported either, whatever an index may say.
            _ = try await Tool.shell("curl -sf -X POST '\(server.url)/images/\(images.base.uuid)?action=disable'")
            let other = try await Sandbox.make()
            try other.use(stage.url, type: "oci")
            let refused = try await other.imgadm("import", images.base.uuid)
            #expect(refused.status == 1 && refused.errors.contains("error (ImageNotActive)"), "\(refused)")
            var names: [String] = []
            for _ in 0..<100 where names != ["middle"] {
                names = try await other.imgadm("avail", "-Ho", "name").lines
            }
            #expect(names == ["middle"])
        }

        @Test func typedAgainItIsDoneAndAnotherImageIsRefused() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make()
            #expect(try await stage.publish(images.base).status == 0)
            let again = try await stage.publish(images.base)
            #expect(again.lines == ["Image \(images.base.uuid) is published on \(stage.url) already"], "\(again)")
            #expect(again.status == 0, "\(again)")
            for change: JSONObject in [["name": "other"], ["tags": ["a": "b"]]] {
                let run = try await stage.publish(images.base, change)
                #expect(
                    run.status == 1 && run.errors.contains("error (ImageUuidAlreadyExists)")
                        && run.errors.contains("with another \(change.keys[0])"), "\(run)")
            }
            let file = try await stage.box.shell(
                "imgadm publish -m '\(stage.box.path("image.json"))' -f '\(images.middle.file)' \(stage.url)")
            #expect(file.status == 1, "\(file)")
            #expect(try await stage.tags() == [images.base.uuid, "base-1.0.0", "index"])
        }

        /// The requests of a publish, at which it is killed: so many of that path are answered before.
        static let steps: [(path: String, answered: Int)] = [
            ("/manifests/UUID", 0), ("/blobs/uploads/", 0), ("/blobs/uploads/", 1), ("/blobs/uploads/", 2),
            ("/blobs/uploads/", 4), ("/manifests/UUID", 2), ("/manifests/base-1.0.0", 0), ("/manifests/base-1.0.0", 1),
            ("/manifests/index", 0), ("/manifests/index", 1),
        ]

        @Test func killedAtAnyStepItCompletesWhenTypedAgain() async throws {
            let images = try await Fixture.get()
            for (path, answered) in Self.steps {
                let stage = try await Stage.make()
                try stage.box.write(JSONValue.object(images.base.manifest).text(), to: "m")
                let words = ["publish", "-m", stage.box.path("m").string, "-f", images.base.file.string]
                let proxy = try await FaultProxy(
                    to: stage.registry.port, path: path.replacing("UUID", with: images.base.uuid),
                    Array(repeating: .pass, count: answered), then: .stall(after: 0))
                let killed = Task { try await stage.box.imgadm(words + [stage.url(by: proxy)], killedAfter: 600) }
                while proxy.requests.count <= answered { try await Task.sleep(for: .milliseconds(20)) }
                _ = try await Tool.shell("pkill -KILL -f '^[^ ]*imgadm publish .*\(stage.box.path("m"))' || true")
                // A connection that was let pass brings later requests, too: a run that was done before the kill came is as good.
                _ = try await killed.value
                let again = try await stage.box.imgadm(words + [stage.url])
                #expect(again.status == 0, "\(path) \(answered): \(again)")
                #expect(try await stage.tags() == [images.base.uuid, "base-1.0.0", "index"], "\(path) \(answered)")
                #expect(try await stage.box.imgadm("avail", "-Ho", "uuid").lines == [images.base.uuid])
                let shown = try await stage.box.imgadm("show", images.base.uuid)
                #expect(shown.status == 0, "\(path) \(answered): \(shown)")
            }
        }

        @Test func aListThatHasNotChangedIsOneRequestAndStandsWhileTheRegistryIsAway() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make()
            #expect(try await stage.publish(images.base).status == 0)
            let proxy = try await FaultProxy(to: stage.registry.port, path: "/", [], then: .pass)
            try stage.box.use(stage.url(by: proxy), type: "oci")
            #expect(try await stage.box.imgadm("avail", "-Ho", "name").lines == ["base"])
            let before = proxy.requests.count
            #expect(try await stage.box.imgadm("avail", "-Ho", "name").lines == ["base"])
            #expect(proxy.requests.count == before + 1, "\(proxy.requests)")
            stage.registry.kill()
            let away = try await stage.box.imgadm("avail", "-Ho", "name")
            #expect(away.status == 0 && away.lines == ["base"] && away.errors.contains("is away"), "\(away)")
        }

        @Test func aRegistryMayWantAPassword() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make(.password)
            let refused = try await stage.publish(images.base)
            #expect(refused.status == 1 && refused.errors.contains("error (Unauthorized)"), "\(refused)")
            let added = try await stage.box.imgadm("sources", "-a", "\(stage.url)/more")
            #expect(added.status == 1 && added.errors.contains("docker login"), "\(added)")
            let config = "{\"auths\":{\"\(stage.registry.host)\":{\"username\":\"reader\",\"password\":\"secret\"}}}"
            try stage.box.write(config, to: "config.json")
            let run = try await stage.box.shell(
                """
                export DOCKER_CONFIG='\(stage.box.root)'
                imgadm publish -q -m '\(stage.box.path("image.json"))' -f '\(images.base.file)' \(stage.url) &&
                imgadm import -q base
                """)
            #expect(run.status == 0, "\(run)")
        }

        @Test func aFileThatIsNotWhatItsDigestSaysIsNotImported() async throws {
            let images = try await Fixture.get()
            let stage = try await Stage.make()
            #expect(try await stage.publish(images.base).status == 0)
            let proxy = try await FaultProxy(
                to: stage.registry.port, path: "/blobs/", [.pass], then: .corrupt(at: 1000))
            try stage.box.use(stage.url(by: proxy), type: "oci")
            let run = try await stage.box.imgadm("import", images.base.uuid)
            #expect(run.status == 1, "\(run)")
            #expect(try await stage.box.datasets() == [] && stage.box.recordNames() == [])
        }

        /// What a registry may say of an image, none of which may reach a terminal, a path or ZFS.
        static let lies: [(config: String, size: Int?)] = [
            ("{\"v\":2,\"uuid\":\"00000000-0000-4000-8000-000000000001\",\"name\":\"x\"}", nil), ("[]", nil), ("", nil),
            (
                "{\"v\":2,\"uuid\":\"UUID\",\"name\":\"\\u001b[31mx\",\"version\":\"1\",\"type\":\"zvol\",\"os\":\"linux\"}",
                nil
            ),
            (
                "{\"v\":2,\"uuid\":\"UUID\",\"name\":\"../x\",\"version\":\"\\n\",\"type\":\"zvol\",\"os\":\"linux\"}",
                nil
            ),
            (
                "{\"v\":2,\"uuid\":\"UUID\",\"name\":\"x\",\"version\":\"1\",\"type\":\"zone-dataset\",\"os\":\"linux\",\"files\":[]}",
                nil
            ),
            (
                "{\"v\":2,\"uuid\":\"UUID\",\"name\":\"x\",\"version\":\"1\",\"type\":\"zone-dataset\",\"os\":\"linux\",\"files\":[{\"sha1\":\"0000000000000000000000000000000000000000\",\"size\":5,\"compression\":\"none\"}]}",
                6
            ),
            (
                "{\"v\":2,\"uuid\":\"UUID\",\"name\":\"x\",\"version\":\"1\",\"type\":\"zone-dataset\",\"os\":\"linux\",\"files\":[{\"sha1\":\"0000000000000000000000000000000000000000\",\"size\":5,\"compression\":\"none\"}]}",
                9_223_372_036_854_775_807
            ),
        ]

        @Test func whatARegistryMakesUpIsNoImage() async throws {
            let box = try await Sandbox.make()
            for lie in Self.lies { try await expectNoImage(of: lie, in: box) }
            #expect(try await box.datasets() == [] && box.recordNames() == [])
        }

        private func expectNoImage(of lie: (config: String, size: Int?), in box: Sandbox) async throws {
            let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"
            let config = Array(lie.config.replacing("UUID", with: uuid).utf8)
            let digest = ContentDigest(.sha256, of: config).description
            let layer = lie.size.map {
                "{\"mediaType\":\"application/vnd.imgadm.image.file.v1\",\"digest\":\"\(digest)\",\"size\":\($0)}"
            }
            let manifest = """
                {"schemaVersion":2,"artifactType":"application/vnd.imgadm.image.v1","config":{"mediaType":"x","digest":"\(digest)",\
                "size":\(config.count)},"layers":[\(layer ?? "")]}
                """
            let server = try await CannedServer(["/v2/": "{}", "/v2/vm/images/tags/list": "{\"tags\":[\"\(uuid)\"]}"])
            server.answer("/v2/vm/images/manifests/\(uuid)", bytes: Array(manifest.utf8))
            server.answer("/v2/vm/images/blobs/\(digest)", bytes: config)
            try box.use("oci://127.0.0.1:\(server.port)/vm/images", type: "oci")
            for words in [["import", uuid], ["import", "x"], ["import", "x@1"]] {
                let run = try await box.imgadm(words)
                #expect(run.status == 1 && !run.errors.contains("\u{1B}") && !run.output.contains("\u{1B}"), "\(run)")
            }
            let list = try await box.imgadm("avail", "-Ho", "uuid,name")
            #expect(list.status == 0 && !list.output.contains("\u{1B}"), "\(list)")
        }
    }
}
