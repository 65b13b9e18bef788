import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What is known of installed images follows the sources (cli.md §3, update).
    @Suite struct UpdateTests {
        private func record(_ box: Sandbox, _ uuid: String) throws -> JSONValue? {
            try box.read("var/imgadm/images/\(box.pool)-\(uuid).json").map { try JSONValue(parsing: Array($0.utf8)) }
        }

        /// Of an image that several pools have, each line says which is meant.
        @Test func aLineNamesThePoolWhereSeveralHaveTheImage() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "twice", bytes: 1000)
            let (box, other) = (try await Sandbox.make(), try await Sandbox.make())
            try box.use(images.server.url)
            for pool in [box.pool, other.pool] {
                #expect(try await box.imgadm("import", "-q", "-P", pool, image.uuid).status == 0)
            }
            var manifest = image.manifest
            manifest["description"] = "new"
            try images.workshop.save(manifest, image.uuid)
            let run = try await box.imgadm("update", image.uuid)
            let lines = [box.pool, other.pool].map {
                "Updated 1 manifest field for image \(image.uuid) on zpool \"\($0)\" from \"\(images.server.url)\": description"
            }
            #expect(run.status == 0 && run.lines.sorted() == lines.sorted(), "\(run)")
        }

        @Test func fieldsThatDifferAreReplaced() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(
                name: "old", bytes: 1000,
                manifest: [
                    "requirements": ["networks": [["name": "net0", "description": "x"]], "min_ram": 64],
                    "tags": ["a": "x", "b": "y"],
                ])
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let first = try await box.imgadm("import", image.uuid)
            #expect(first.status == 0, "\(first)")
            let same = try await box.imgadm("update", image.uuid)
            #expect(same.status == 0 && same.output.isEmpty && same.errors.isEmpty, "\(same)")
            var manifest = image.manifest
            manifest["description"] = "new"
            // The order of members makes no difference.
            manifest["tags"] = ["b": "y", "a": "x"]
            manifest["requirements"] = ["min_ram": 128, "networks": [["name": "net0", "description": "x"]]]
            try images.workshop.save(manifest, image.uuid)
            let line =
                "Updated 2 manifest fields for image \(image.uuid) from \"\(images.server.url)\": requirements.min_ram, description\n"
            let dry = try await box.imgadm("update", "-n")
            #expect(dry.output.hasPrefix("[dry-run] Updated 2 manifest fields for image \(image.uuid)"), "\(dry)")
            #expect(try record(box, image.uuid)?["manifest"]?["description"] == nil)
            let run = try await box.imgadm("update", image.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(
                Set(run.output.split(whereSeparator: " ,\n".contains))
                    == Set(line.split(whereSeparator: " ,\n".contains)), "\(run)")
            #expect(try record(box, image.uuid)?["manifest"]?["description"]?.stringValue == "new")
            #expect(try await box.imgadm("update", image.uuid).output.isEmpty)
        }

        /// What was given, and what the source says now, need not go together: nothing of it is written down then. The others are
        /// brought up to date all the same.
        @Test func noInvalidManifestComesOfWhatWasGiven() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(
                name: "least", bytes: 1000, manifest: ["requirements": ["max_ram": 512]])
            let other = try await images.workshop.make(name: "other", bytes: 1000)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            for uuid in [image.uuid, other.uuid] { #expect(try await box.imgadm("import", uuid).status == 0) }
            var old = try #require(try record(box, image.uuid)?.objectValue)
            var manifest = try #require(old["manifest"]?.objectValue)
            manifest["requirements"] = ["max_ram": 512, "min_ram": 256]
            old["manifest"] = .object(manifest)
            old["given"] = ["requirements": ["min_ram": 256]]
            let path = "var/imgadm/images/\(box.pool)-\(image.uuid).json"
            try box.write(JSONValue.object(old).text(), to: path)
            let before = try box.read(path)
            #expect(try await box.imgadm("update").output.isEmpty)

            for (image, most) in [(image, 128), (other, 64)] {
                var manifest = image.manifest
                manifest["requirements"] = ["max_ram": .number(JSONNumber(most))]
                try images.workshop.save(manifest, image.uuid)
            }
            let run = try await box.imgadm("update")
            #expect(run.status == 1 && run.errors.contains("(ManifestValidation)"), "\(run)")
            #expect(run.errors.contains("requirements.max_ram (less than min_ram)"), "\(run)")
            #expect(try box.read(path) == before)
            #expect(run.lines.filter { $0.hasPrefix("Updated") && $0.contains(other.uuid) }.count == 1, "\(run)")
            #expect(!run.lines.contains { $0.hasPrefix("Updated") && $0.contains(image.uuid) }, "\(run)")
            // What the source says by itself is its own affair, as before.
            old["given"] = nil
            try box.write(JSONValue.object(old).text(), to: path)
            #expect(try await box.imgadm("update").status == 0)
        }

        @Test func anotherNameIsTold() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "first-name", bytes: 1000)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", image.uuid).status == 0)
            var manifest = image.manifest
            (manifest["name"], manifest["version"]) = ("second-name", "2.0.0")
            try images.workshop.save(manifest, image.uuid)
            let said = "; name: first-name -> second-name, version: 1.0.0 -> 2.0.0\n"
            let dry = try await box.imgadm("update", "-n", image.uuid)
            #expect(dry.status == 0 && dry.output.hasSuffix(said), "\(dry)")
            let run = try await box.imgadm("update", "-j", image.uuid)
            let result = try JSONValue(parsing: run.output)["images"]?[0]
            #expect(result?["name"] == "second-name" && result?["former"]?["name"] == "first-name", "\(run)")
            #expect(result?["former"]?["version"] == "1.0.0" && run.errors.hasSuffix(said), "\(run)")
        }

        @Test func aLostRecordComesBack() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.base.uuid).status == 0)
            try await Tool.run("rm", box.path("var/imgadm/images/\(box.pool)-\(images.base.uuid).json").string)
            let run = try await box.imgadm("update")
            #expect(
                run.output == "Added manifest info for image \(images.base.uuid) from \"\(images.server.url)\"\n",
                "\(run)")
            #expect(try record(box, images.base.uuid)?["source"]?.stringValue == images.server.url)
            #expect(try record(box, images.base.uuid)?["manifest"]?["name"] == "base")
        }

        @Test func whatNoSourceKnowsIsAWarning() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let uuid = TestUUID.make()
            try await Tool.run("zfs", "create", "\(box.pool)/\(uuid)")
            let run = try await box.imgadm("update")
            #expect(run.status == 0 && run.output.isEmpty && run.errors.contains("warning: image \(uuid)"), "\(run)")
            let other = TestUUID.make()
            try await Tool.run("zfs", "create", "\(box.pool)/\(other)")
            let both = try await box.imgadm("update")
            let warnings = both.errors.split(separator: "\n")
            #expect(both.status == 0 && warnings.count == 1, "\(both)")
            #expect(both.errors.contains("2 images are not known") && both.errors.contains(uuid), "\(both)")
            #expect(both.errors.contains(other), "\(both)")
            let missing = try await box.imgadm("update", TestUUID.make())
            #expect(missing.status == 2 && missing.errors.contains("is not installed"), "\(missing)")
        }

        @Test func aSourceThatCannotBeAskedIsAnErrorAtTheEnd() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.middle.uuid).status == 0)
            try await Tool.run("rm", box.path("var/imgadm/images/\(box.pool)-\(images.base.uuid).json").string)
            try box.write(
                "{\"sources\":[{\"url\":\"http://127.0.0.1:1\"},{\"url\":\"\(images.server.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("update")
            #expect(run.status == 1 && run.errors.contains("127.0.0.1:1"), "\(run)")
            // Once, however many images it is asked for.
            #expect(run.errors.contains("error (ConnectionError)"), "\(run)")
            #expect(run.output.contains("Added manifest info"), "\(run)")
            // Whoever is away may know what the others do not.
            let unknown = TestUUID.make()
            try await Tool.run("zfs", "create", "\(box.pool)/\(unknown)")
            let both = try await box.imgadm("update")
            #expect(both.status == 1 && !both.errors.contains("not known to any"), "\(both)")
            try box.use(images.server.url)
            let asked = try await box.imgadm("update")
            #expect(asked.status == 0 && asked.errors.contains("image \(unknown) is not known to any"), "\(asked)")
        }

        /// What builds on the source's could not be installed on top of it.
        @Test func anotherSnapshotOfTheSourceIsAWarning() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "other", bytes: 1000)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", image.uuid).status == 0)
            var manifest = image.manifest
            var file = try #require(manifest["files"]?[0]?.objectValue)
            file["dataset_guid"] = "1"
            manifest["files"] = [.object(file)]
            try images.workshop.save(manifest, image.uuid)
            let run = try await box.imgadm("update")
            #expect(run.status == 0 && run.errors.contains("as another snapshot (guid 1)"), "\(run)")
        }

        /// A record says which snapshot is there, whatever the source has, and `check` sees one that says another.
        @Test func theRecordHasTheGuidThatIsThere() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "own-guid", bytes: 1000)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", image.uuid).status == 0)
            let final = "\(box.pool)/\(image.uuid)@final"
            let guid = String(try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", final).dropLast())
            var manifest = image.manifest
            var file = try #require(manifest["files"]?[0]?.objectValue)
            file["dataset_guid"] = "1"
            manifest["files"] = [.object(file)]
            try images.workshop.save(manifest, image.uuid)
            let path = "var/imgadm/images/\(box.pool)-\(image.uuid).json"
            // A root that knows nothing of it.
            try await Tool.run("rm", box.path(path).string)
            let there = try await box.imgadm("import", image.uuid)
            #expect(there.status == 0 && there.output.contains("is already installed"), "\(there)")
            #expect(there.errors.contains("imgadm update \(image.uuid)"), "\(there)")
            let run = try await box.imgadm("update")
            #expect(run.status == 0 && run.output.hasPrefix("Added manifest info"), "\(run)")
            #expect(run.errors.contains("(guid 1) than is installed here (guid \(guid))"), "\(run)")
            func states(_ guid: String) throws -> Bool {
                try record(box, image.uuid)?["manifest"]?["files"]?[0]?["dataset_guid"]?.stringValue == guid
            }
            #expect(try states(guid) && record(box, image.uuid)?["snapshot_guid"]?.stringValue == guid)
            #expect(try await box.imgadm("check", "-P", box.pool).status == 0)
            #expect(try await box.imgadm("update").output.isEmpty)
            // As versions before this one wrote it.
            for other in [#""snapshot_guid": "\#(guid)","#, ""] {
                let text = JSONValue.object(manifest).text()
                try box.write("{\(other) \"manifest\": \(text), \"zpool\": \"\(box.pool)\"}", to: path)
                #expect(try states("1"))
                let check = try await box.imgadm("check", "-P", box.pool)
                #expect(check.status == 1 && check.output.contains("states the guid 1"), "\(check)")
                let mended = try await box.imgadm("update", image.uuid)
                #expect(
                    mended.output.contains("Updated 1 manifest field") && mended.output.contains("files"), "\(mended)")
                #expect(try states(guid))
                #expect(try await box.imgadm("check", "-P", box.pool).status == 0)
            }
        }

        @Test func theFinalSnapshotComesBack() async throws {
            let images = try await Fixture.get()
            let workshop = images.workshop
            let image = try await workshop.make(name: "final", bytes: 1000)
            let guid = try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", "\(image.dataset)@final")
                .dropLast()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", image.uuid).status == 0)
            let dataset = "\(box.pool)/\(image.uuid)"
            let line = "Renamed image \(image.uuid) original snapshot from \(dataset)@lost to \(dataset)@final"
            try await Tool.run("zfs", "rename", "\(dataset)@final", "\(dataset)@lost")
            // The record knows what was installed, whatever the source states.
            let known = try await box.imgadm("update")
            #expect(known.status == 0 && known.lines.contains(line), "\(known)")
            // One of an older version does not.
            try await Tool.shell("sed -i s/snapshot_guid/unknown/ '\(box.path("var/imgadm/images"))'/*")
            try await Tool.run("zfs", "rename", "\(dataset)@final", "\(dataset)@lost")
            let unknown = try await box.imgadm("update")
            #expect(unknown.status == 0 && unknown.errors.contains("has no snapshot @final"), "\(unknown)")

            var manifest = image.manifest
            let file = try #require(manifest["files"]?[0]?.objectValue)
            func state(_ guid: String) throws {
                var file = file
                file["dataset_guid"] = .string(guid)
                manifest["files"] = [.object(file)]
                try workshop.save(manifest, image.uuid)
            }
            try state("1")
            let missing = try await box.imgadm("update")
            #expect(missing.status == 1 && missing.errors.contains("ImageMissingOriginalSnapshot"), "\(missing)")
            try state(String(guid))
            let dry = try await box.imgadm("update", "-n")
            #expect(dry.lines.contains("[dry-run] " + line), "\(dry)")
            #expect(try await box.datasets().contains("\(image.uuid)@lost"))
            let run = try await box.imgadm("update")
            #expect(run.lines.contains(line), "\(run)")
            #expect(try await box.datasets() == [image.uuid, "\(image.uuid)@final"])
        }

        @Test func aNameThatIsNotInstalledIsToldAsEverywhere() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.base.uuid).status == 0)
            let run = try await box.imgadm("update", "\(images.base.name)@9")
            #expect(run.status == 3 && run.errors.contains("error (ImageNotInstalled)"), "\(run)")
            #expect(run.errors.contains("there is \(images.base.name)@1.0.0"), "\(run)")
        }
    }
}
