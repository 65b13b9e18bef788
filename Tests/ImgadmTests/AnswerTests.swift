import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Commands tell programs what they did: one object on standard output (docs/programs.md).
    @Suite struct AnswerTests {
        /// The one object, and the sentences, which are on standard error.
        private func answer(_ run: Sandbox.Run) throws -> JSONValue {
            try JSONValue(parsing: Array(run.output.utf8))
        }

        private func images(_ answer: JSONValue) -> [JSONValue] { answer["images"]?.arrayValue ?? [] }

        @Test func anImportIsToldWholeAndOnlyOnce() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let first = try await box.imgadm("import", "-q", "--format", "json", images.middle.uuid)
            #expect(first.status == 0, "\(first)")
            let answer = try answer(first)
            #expect(answer["command"] == "import" && answer["ok"] == true && answer["changed"] == true)
            #expect(answer["dryRun"] == false && answer["error"] == nil && answer["warnings"] == [])
            let rows = self.images(answer)
            #expect(rows.map { $0["uuid"]?.stringValue } == [images.base.uuid, images.middle.uuid])
            #expect(rows.map { $0["action"] } == ["imported", "imported"])
            #expect(rows.map { $0["requested"] } == [false, true])
            for (row, image) in zip(rows, [images.base, images.middle]) {
                #expect(row["name"]?.stringValue == image.name && row["version"] == "1.0.0")
                #expect(row["zpool"]?.stringValue == box.pool && row["source"]?.stringValue == images.server.url)
                let file = image.manifest["files"]?[0]
                #expect(row["bytes"] == file?["size"] && row["check"]?["sha1"] == file?["sha1"])
                #expect(row["signature"] == "none")
            }
            // The sentences of the contract are there, elsewhere.
            #expect(first.errors.contains("Imported image \(images.middle.uuid) (middle@1.0.0)\n"), "\(first)")
            // What builds on what is there.
            let second = try self.answer(try await box.imgadm("import", "-qj", images.top.uuid))
            #expect(self.images(second).map { $0["action"] } == ["present", "imported"])
            let third = try await box.imgadm("import", "-qj", images.top.uuid)
            let there = try self.answer(third)
            #expect(third.status == 0 && there["changed"] == false && there["bytes"] == 0)
            #expect(self.images(there).map { $0["action"] } == ["present"])
        }

        /// A record whose dataset is gone is all that there is to clear.
        @Test func whatAVacuumClearsIsToldAsAChange() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            try await SandboxPool.destroyDataset("\(box.pool)/\(images.base.uuid)")
            for words in [["-n"], ["-f"]] {
                let run = try await box.imgadm(["vacuum", "-j", "-P", box.pool] + words)
                let answer = try answer(run)
                #expect(run.status == 0 && answer["changed"] == true, "\(run)")
                let rows = self.images(answer)
                #expect(rows.count == 1 && rows[0]["action"] == "cleared" && rows[0]["requested"] == false, "\(run)")
                #expect(rows.first?["uuid"]?.stringValue == images.base.uuid)
                #expect(rows.first?["zpool"]?.stringValue == box.pool)
                #expect(run.errors.contains("Cleared leftover record of image \(images.base.uuid)"), "\(run)")
            }
            let again = try await box.imgadm("vacuum", "-fj", "-P", box.pool)
            #expect(try answer(again)["changed"] == false, "\(again)")
        }

        @Test func whatFailsIsToldWithWhatWasDone() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let other = TestUUID.make()
            let run = try await box.imgadm("delete", "--format", "json", images.base.uuid, other)
            #expect(run.status == 3, "\(run)")
            let answer = try answer(run)
            #expect(answer["ok"] == false && answer["changed"] == true)
            #expect(self.images(answer).map { $0["action"] } == ["deleted"])
            #expect(self.images(answer).first?["name"] == "base" && self.images(answer).first?["bytes"] != nil)
            #expect(answer["error"]?["code"] == "ImageNotInstalled")
            #expect(answer["error"]?["message"]?.stringValue?.contains(other) == true)
            #expect(run.errors.contains("error (ImageNotInstalled)"))
            // With -E the same stands in the record.
            let structured = try await box.imgadm("-E", "delete", "-j", other)
            let last = structured.errors.split(separator: "\n").last ?? ""
            let record = try JSONValue(parsing: Array(last.utf8))
            let told = try self.answer(structured)
            #expect(told["error"] == record["err"], "\(structured)")
            // A mistake in the call, too.
            let call = try await box.imgadm("import", "-j", "a", "b")
            let mistake = try self.answer(call)["error"]
            #expect(call.status == 2 && mistake?["code"] == "Usage" && mistake?["hint"]?.stringValue != nil, "\(call)")
            // What cannot be answered is no answer.
            #expect(try await box.imgadm("import", "--format", "xml", "a").output.isEmpty)
        }

        @Test func vacuumUpdateAndInstall() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let manifest = images.base.manifest
            try box.write(JSONValue.object(manifest).text(), to: "base.json")
            let installed = try answer(
                try await box.imgadm(
                    "install", "-qj", "-m", box.path("base.json").string, "-f", images.base.file.string))
            #expect(self.images(installed).map { $0["action"] } == ["installed"])
            #expect(self.images(installed).first?["source"]?.stringValue == images.base.file.string)
            try await Tool.run("rm", box.path("var/imgadm/images/\(box.pool)-\(images.base.uuid).json").string)
            for (words, isDry) in [(["-n"], true), ([], false)] {
                let run = try await box.imgadm(["update", "-j"] + words + [images.base.uuid])
                let answer = try answer(run)
                #expect(run.status == 0 && answer["dryRun"] == .bool(isDry) && answer["changed"] == true, "\(run)")
                #expect(self.images(answer).map { $0["action"] } == ["described"], "\(run)")
                #expect(
                    run.errors.contains(
                        "\(isDry ? "[dry-run] " : "")Added manifest info for image \(images.base.uuid) from"))
            }
            #expect(
                self.images(try answer(try await box.imgadm("update", "-j", images.base.uuid))).map { $0["action"] }
                    == [
                        "unchanged"
                    ])
            let asked = try await box.imgadm("vacuum", "-j")
            #expect(try asked.status == 2 && answer(asked)["error"]?["code"] == "Usage", "\(asked)")
            let planned = try answer(try await box.imgadm("vacuum", "-nj"))
            #expect(planned["dryRun"] == true && planned["changed"] == true)
            #expect(try await !box.datasets().isEmpty)
            let done = try answer(try await box.imgadm("vacuum", "-fj"))
            #expect(self.images(done).map { $0["uuid"]?.stringValue } == [images.base.uuid])
            #expect(done["images"]?[0]?["action"] == "deleted" && done["bytes"] == planned["bytes"])
            #expect(try await box.datasets().isEmpty)
        }

        @Test func aDryRunTellsTheChainAndLeavesNothing() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            func state() async throws -> [String] {
                let files = try await Tool.run("find", box.root.string, "-type", "f")
                return try await box.datasets() + files.split(separator: "\n").map(String.init).sorted()
            }
            let before = try await state()
            let run = try await box.imgadm("import", "--dry-run", images.top.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.allSatisfy { $0.hasPrefix("[dry-run] ") }, "\(run)")
            #expect(run.lines.contains("[dry-run] Image \(images.base.uuid) already installed"))
            for image in [images.middle, images.top] {
                #expect(
                    run.lines.contains {
                        $0.hasPrefix("[dry-run] Imported image \(image.uuid) (\(image.name)@1.0.0): ")
                            && $0.hasSuffix("from \"\(images.server.url)\", checked by sha1, no signature")
                    }, "\(run)")
            }
            let answer = try answer(try await box.imgadm("import", "-nj", images.top.uuid))
            #expect(answer["dryRun"] == true && answer["changed"] == true)
            #expect(self.images(answer).map { $0["action"] } == ["present", "imported", "imported"])
            #expect(self.images(answer).map { $0["requested"] } == [false, false, true])
            #expect(try await state() == before)
            let there = try self.answer(try await box.imgadm("import", "-nj", images.base.uuid))
            #expect(there["changed"] == false)
            let missing = try await box.imgadm("import", "-n", TestUUID.make())
            #expect(missing.status == 1 && missing.errors.contains("ActiveImageNotFound"))
            // What is told is what then happens.
            let real = try self.answer(try await box.imgadm("import", "-qj", images.top.uuid))
            #expect(real["images"] == answer["images"] && real["bytes"] == answer["bytes"])
        }

        @Test func anExportNamesItsImage() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let output = box.path("x.zfs.gz").string
            let answer = try answer(try await box.imgadm("export", "-qj", "-o", output, images.base.uuid))
            let image = try #require(self.images(answer).first)
            #expect(image["uuid"] == .string(images.base.uuid) && image["zpool"] == .string(box.pool), "\(answer)")
            #expect(image["destination"] == .string(output))
            #expect(image["manifestFile"] == .string(box.path("x.imgmanifest").string))
        }

        @Test func aDockerImageAndItsLayers() async throws {
            let box = try await Sandbox.make()
            let docker = try await RegistryFixture.get()
            let planned = try await box.imgadm("import", "-nj", docker.reference)
            #expect(planned.status == 0 && planned.errors.contains("checked by sha256, no signature"), "\(planned)")
            #expect(try await box.datasets().isEmpty && box.leftovers().isEmpty)
            let real = try answer(try await box.imgadm("import", "-qj", docker.reference))
            #expect(self.images(real).map { $0["layer"] } == ["layer 1 of 3", "layer 2 of 3", "layer 3 of 3"])
            #expect(self.images(real).map { $0["requested"] } == [false, false, true])
            let plan = try answer(planned)
            for key in ["action", "uuid", "layer", "check", "bytes"] {
                #expect(self.images(plan).map { $0[key] } == self.images(real).map { $0[key] }, "\(key): \(planned)")
            }
            let deleted = try answer(try await box.imgadm("delete", "-j", docker.reference))
            #expect(self.images(deleted).map { $0["action"] } == ["deleted", "deleted", "deleted"])
            #expect(self.images(deleted).allSatisfy { $0["bytes"] != nil })
            #expect(try await box.datasets().isEmpty)
        }

        @Test func aSignalIsToldToo() async throws {
            let box = try await Sandbox.make(environment: ["IMGADM_STALL_TIMEOUT": "600"])
            let images = try await Fixture.get()
            let proxy = try await FaultProxy(to: images.server.port, path: "/file", [], then: .stall(after: 100))
            try box.use(proxy.url)
            let run = try await box.shell(
                """
                cd '\(box.root)' && { \(Binaries.imgadm) import -j --progress json \(images.base.uuid) > out 2> err & }
                until grep -q '"begin"' err; do sleep 0.05; done
                kill -TERM $!; wait $!; status=$?; cat out; exit $status
                """)
            #expect(run.status == 143, "\(run)")
            let answer = try answer(run)
            #expect(answer["ok"] == false && answer["changed"] == false && answer["error"]?["code"] == "Stopped")
        }

        @Test func whatCreatePublishesIsTold() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try HostFile.makeFolder(box.path("server/images"))
            let server = try TestServer(box.path("server"))
            let run = try await box.imgadm(["create", "-qj", "-p", server.url, vm.uuid] + BareMachine.fields)
            let answer = try answer(run)
            #expect(run.status == 0 && self.images(answer).map { $0["action"] } == ["published"], "\(run)")
            #expect(self.images(answer).first?["destination"]?.stringValue == server.url)
            let mixed = try await box.imgadm(["create", "-f", "-p", server.url, vm.uuid] + BareMachine.fields)
            #expect(mixed.status == 2, "\(mixed)")
        }

        @Test func aDryRunOfAFile() async throws {
            let box = try await Sandbox.make()
            let made = try await box.shell(
                "cd '\(box.root)' && mkdir -p r/etc && echo ID=x > r/etc/os-release && tar -C r -cf rootfs.tar etc")
            #expect(made.status == 0, "\(made)")
            let path = box.path("rootfs.tar").string
            let words = [path, "name=a", "version=1", "os=linux"]
            let planned = try answer(try await box.imgadm(["import", "-nj"] + words))
            #expect(try await box.datasets().isEmpty && planned["changed"] == true)
            let row = try #require(self.images(planned).first)
            #expect(row["source"]?.stringValue == path && row["bytes"]?.intValue ?? 0 > 0, "\(row.text())")
            #expect(row["check"]?["digest"]?.stringValue?.hasPrefix("sha256:") == true)
            let real = try answer(try await box.imgadm(["import", "-qj"] + words))
            #expect(self.images(real).first?["uuid"] == row["uuid"], "\(real.text())")
        }
    }
}
