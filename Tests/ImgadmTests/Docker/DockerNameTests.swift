import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Docker references where an installed image is named, listed and deleted.
    @Suite struct DockerNameTests {
        /// A repository with a base of two layers that is an image itself, and an image of one layer more.
        private struct Chain {
            let registry: RegistryServer
            let box: Sandbox
            /// `HOST/REPO`
            let name: String
            /// Base first.
            let uuids: [String]

            static func make(_ repository: String) async throws -> Chain {
                let registry = try await RegistryFixture.get().registry
                var layers: [PushedLayer] = []
                for number in 1...3 {
                    layers.append(try await registry.layer(repository, "echo \(number) > f\(number)"))
                }
                try await registry.image(repository, "base", Array(layers.prefix(2)))
                try await registry.image(repository, "base-too", Array(layers.prefix(2)))
                try await registry.image(repository, "app", layers)
                return Chain(
                    registry: registry, box: try await Sandbox.make(), name: "\(registry.host)/\(repository)",
                    uuids: try await RegistryFixture.uuids(layers))
            }

            func pull(_ tags: String...) async throws {
                for tag in tags {
                    let run = try await box.imgadm("import", "-q", "\(name):\(tag)")
                    #expect(run.status == 0, "\(run)")
                }
            }

            /// What was mounted just now is busy for a moment.
            func endMachine() async throws {
                try await Tool.shell(
                    "for i in $(seq 1000); do zfs destroy \(box.pool)/machine 2>/dev/null && exit 0; sleep 0.05; done; exit 1"
                )
            }

            func installed() async throws -> Set<String> {
                Set(try await box.datasets().filter { !$0.contains("@") })
            }
        }

        @Test func aReferenceNamesAnImageEverywhere() async throws {
            let chain = try await Chain.make("names/everywhere")
            let box = chain.box
            try await chain.pull("app", "base")
            func uuid(_ word: String) async throws -> String {
                let run = try await box.imgadm("get", word)
                guard run.status == 0 else { return "\(run)" }
                return try JSONValue(parsing: run.output)["manifest"]?["uuid"]?.stringValue ?? ""
            }
            let record = try JSONValue(
                parsing: try #require(try box.read("var/imgadm/images/\(box.pool)-\(chain.uuids[2]).json")))
            let digest = try #require(record["pulls"]?.objectValue?.map(\.value).first?.stringValue)
            for (word, place) in [
                ("\(chain.name):app", 2), ("docker:\(chain.name):app", 2), ("\(chain.name)@\(digest)", 2),
                ("\(chain.name):base", 1),
            ] { #expect(try await uuid(word) == chain.uuids[place], "\(word)") }
            // The id that list --docker shows.
            let id = try await box.imgadm("list", "--docker", "-Ho", "image_id", "uuid=\(chain.uuids[2])").lines.first
            #expect(try await uuid(try #require(id)) == chain.uuids[2])
            #expect(
                try await box.imgadm("ancestry", "-Ho", "uuid", "\(chain.name):app").lines == chain.uuids.reversed())
            #expect(try await box.imgadm("inspect", "\(chain.name):base").status == 0)
            #expect(
                try await box.imgadm("export", "-o", box.path("base.tar").string, "\(chain.name):base").status == 0)
            try box.use(try await Fixture.get().server.url)
            // No source has them by a UUID, and that is no news.
            for words in [["-n", "\(chain.name):app"], [chain.uuids[2]], []] {
                let update = try await box.imgadm(["update"] + words)
                #expect(update.status == 0 && update.output.isEmpty && update.errors.isEmpty, "\(words): \(update)")
            }
            #expect(
                try await box.imgadm("push", "\(chain.name):base", "\(chain.registry.host)/names/pushed:1").status == 0)
            for word in ["reference=\(chain.name):app", "reference=\(chain.name)@\(digest)"] {
                #expect(try await box.imgadm("list", "-Ho", "uuid", word).lines == [chain.uuids[2]], "\(word)")
            }
            for (word, uuid) in [
                ("origin=\(chain.name):base", chain.uuids[2]), ("uuid=\(chain.name):base", chain.uuids[1]),
            ] {
                #expect(try await box.imgadm("list", "-Ho", "uuid", word).lines == [uuid], "\(word)")
            }
            #expect(try await box.imgadm("list", "-Ho", "uuid", "origin=nothing:here").output.isEmpty)
            let vacuum = try await box.imgadm("vacuum", "-n", "-P", box.pool, "-x", "\(chain.name):app")
            #expect(vacuum.status == 0 && vacuum.output.isEmpty, "\(vacuum)")
            // No tag is latest, as with docker; what there is is told.
            for word in [chain.name, "\(chain.name):bas", "docker:\(chain.name):none"] {
                let run = try await box.imgadm("get", word)
                #expect(run.status == 3 && run.output.isEmpty, "\(run)")
                #expect(run.errors.contains("there is \(chain.name):"), "\(run)")
            }
            let elsewhere = try await Sandbox.make()
            let wrong = try await box.imgadm("get", "-P", elsewhere.pool, "\(chain.name):app")
            #expect(wrong.status == 3 && wrong.errors.contains("\"\(box.pool)\": -P \(box.pool)"), "\(wrong)")
        }

        @Test func aNameComesBeforeAReference() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            let record: JSONValue = [
                "manifest": [
                    "v": 2, "uuid": .string(images.middle.uuid), "name": "docker-layer", "version": "1",
                    "type": "docker",
                    "tags": ["docker:repo": "base", "docker:tag:latest": true],
                ], "zpool": .string(box.pool), "source": "https://docker.io",
            ]
            try box.write(record.text(), to: "var/imgadm/images/\(box.pool)-\(images.middle.uuid).json")
            for (word, uuid) in [
                ("base", images.base.uuid), ("imgapi:base", images.base.uuid), ("docker:base", images.middle.uuid),
                ("base:latest", images.middle.uuid), ("docker.io/library/base", images.middle.uuid),
            ] {
                let run = try await box.imgadm("ancestry", "-Ho", "uuid", word)
                #expect(run.lines.first == uuid, "\(word): \(run)")
            }
        }

        @Test func oneRowIsADockerImage() async throws {
            let chain = try await Chain.make("names/rows")
            let box = chain.box
            let run = try await box.imgadm("import", "\(chain.name):app")
            #expect(
                run.lines.filter { $0.hasPrefix("Imported") } == [
                    "Imported image \(chain.uuids[2]) (\(chain.name):app)"
                ])
            for line in ["Unpacked layer 1 of 3", "Unpacked layer 2 of 3"] {
                #expect(run.lines.contains(line), "\(run)")
            }
            #expect(run.lines.contains { $0.hasPrefix("Downloaded layer 3 of 3 (") }, "\(run)")
            let filter = "zpool=\(box.pool)"
            func rows(_ words: String...) async throws -> [String] {
                try await box.imgadm(["list", filter] + words).lines.map {
                    String($0.split(separator: " ").prefix(2).joined(separator: " "))
                }
            }
            #expect(try await rows() == ["UUID NAME", "\(chain.uuids[2]) \(chain.name):app"])
            try await chain.pull("base", "base-too")
            let both = "\(chain.uuids[1]) \(chain.name):base,\(chain.name):base-too"
            #expect(Set(try await rows().dropFirst()) == [both, "\(chain.uuids[2]) \(chain.name):app"])
            #expect(try await rows("-a").count == 4)
            // A layer that is asked for is shown.
            #expect(try await rows("uuid=\(chain.uuids[0])").count == 2)
            // Programs have what they always had.
            #expect(try await rows("-H").count == 3)
            #expect(Set(try await rows("-Ho", "uuid,name")) == Set(chain.uuids.map { "\($0) docker-layer" }))
            let json = try JSONValue(parsing: try await box.imgadm("list", "-j", filter).output)
            #expect(json.arrayValue?.count == 3)
            #expect(
                try await box.imgadm("list", "-Ho", "reference", filter, "uuid=\(chain.uuids[2])").lines
                    == ["[\"\(chain.name):app\"]"])
        }

        @Test func deletingTakesTheLayersAlongThatNothingElseNeeds() async throws {
            let chain = try await Chain.make("names/delete")
            let (box, name, uuids) = (chain.box, chain.name, chain.uuids)
            try await chain.pull("app", "base", "base-too")
            // Of several tags, one.
            let untagged = try await box.imgadm("delete", "\(name):base-too")
            #expect(
                untagged.lines == ["Untagged \(name):base-too of image \(uuids[1]): it is still \(name):base"],
                "\(untagged)")
            #expect(try await box.imgadm("get", "\(name):base-too").status == 3)
            // The last tag of what is a layer of another.
            let layer = try await box.imgadm("delete", "\(name):base")
            #expect(
                layer.lines == ["Untagged \(name):base of image \(uuids[1]): it stays as a layer of others"], "\(layer)"
            )
            #expect(try await chain.installed() == Set(uuids))
            // A tag keeps its layers.
            try await chain.pull("base")
            let app = try await box.imgadm("delete", "\(name):app")
            #expect(
                app.lines == [
                    "Deleted image \(uuids[2]) (\(name):app)",
                    "Kept image \(uuids[1]) (layer 2 of \(name):app): it is \(name):base",
                ], "\(app)")
            #expect(try await box.imgadm("delete", "\(name):app").status == 3)
            // A machine keeps the layer that it is a clone of.
            try await Tool.run("zfs", "clone", "\(box.pool)/\(uuids[0])@final", "\(box.pool)/machine")
            let base = try await box.imgadm("delete", "\(name):base")
            #expect(
                base.lines == [
                    "Deleted image \(uuids[1]) (\(name):base)",
                    "Kept image \(uuids[0]) (layer 1 of \(name):base): \(box.pool)/machine builds on it",
                ], "\(base)")
            try await chain.endMachine()
            // All of it, and what is named twice goes once.
            try await chain.pull("app", "base", "base-too")
            try await Tool.run("zfs", "clone", "\(box.pool)/\(uuids[2])@final", "\(box.pool)/machine")
            let refused = try await box.imgadm("delete", "\(name):app")
            #expect(refused.status == 1 && refused.errors.contains("ImageHasDependentClones"), "\(refused)")
            #expect(try await box.imgadm("get", "\(name):app").status == 0)
            try await chain.endMachine()
            let all = try await box.imgadm(
                "delete", "\(name):base", "\(name):base-too", uuids[2], "\(name):app", "\(name):app")
            #expect(all.status == 0, "\(all)")
            #expect(try await box.datasets().isEmpty)
            #expect(try box.recordNames().isEmpty && box.leftovers().isEmpty)
        }

        /// Nobody has named the layer: what somebody has put to it does not go with another image.
        @Test(arguments: [
            (
                "zfs set readonly=off BASE && echo precious > \"$(zfs get -Ho value mountpoint BASE)/mine\" && sync && zfs snapshot BASE@backup",
                "it has a snapshot of its own, BASE@backup", "zfs rollback -r BASE@final"
            ),
            ("zfs hold keep BASE@final", "its snapshot BASE@final is held", "zfs release keep BASE@final"),
            (
                "zfs snapshot BASE@backup && zfs hold keep BASE@backup", "it has a snapshot of its own, BASE@backup",
                "zfs release keep BASE@backup && zfs destroy BASE@backup"
            ),
            (
                "zfs set readonly=off BASE && echo precious > \"$(zfs get -Ho value mountpoint BASE)/mine\" && sync",
                "data was written to BASE since its snapshot @final", "zfs rollback BASE@final"
            ),
        ])
        func aLayerThatSomebodyHasPutSomethingToStays(addition: String, reason: String, undoing: String) async throws {
            let chain = try await Chain.make("names/own-\(TestUUID.make().prefix(8))")
            let (box, name, uuids) = (chain.box, chain.name, chain.uuids)
            try await chain.pull("app")
            let base = "\(box.pool)/\(uuids[0])"
            try await Tool.shell(addition.replacing("BASE", with: base))
            let before = try await box.datasets().filter { $0.hasPrefix(uuids[0]) }
            let run = try await box.imgadm("delete", "\(name):app")
            #expect(run.status == 0, "\(run)")
            #expect(
                run.lines == [
                    "Deleted image \(uuids[2]) (\(name):app)",
                    "Deleted image \(uuids[1]) (layer 2 of \(name):app)",
                    "Kept image \(uuids[0]) (layer 1 of \(name):app): \(reason.replacing("BASE", with: base))",
                ], "\(run)")
            #expect(try await box.datasets() == before)
            try await chain.pull("app")
            try await Tool.shell(undoing.replacing("BASE", with: base))
            #expect(try await box.imgadm("delete", "\(name):app").status == 0)
            #expect(try await box.datasets().isEmpty && box.recordNames().isEmpty)
        }

        /// Whoever looks for what takes the disk sees what it was, and can name it.
        @Test func anImageWhoseTagHasMovedIsNamedByItsDigest() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let name = "\(registry.host)/names/moved"
            let base = try await registry.layer("names/moved", "echo base > base")
            var heads: [String] = []
            var layers = [base]
            for number in 1...2 {
                let own = try await registry.layer("names/moved", "echo \(number) > own")
                try await registry.image("names/moved", "latest", [base, own])
                #expect(try await box.imgadm("import", "-q", "\(name):latest").status == 0)
                layers = [base, own]
                heads.append(try await RegistryFixture.uuids(layers)[1])
            }
            let json = try JSONValue(parsing: try await box.imgadm("get", heads[0]).output)
            let reference = try #require(json["references"]?[0]?.stringValue)
            #expect(reference.hasPrefix("\(name)@sha256:"), "\(json.text())")
            let rows = try await box.imgadm("list", "zpool=\(box.pool)").lines.dropFirst().map {
                $0.split(separator: " ").prefix(2).joined(separator: " ")
            }
            #expect(Set(rows) == ["\(heads[0]) \(reference)", "\(heads[1]) \(name):latest"], "\(rows)")
            #expect(try await box.imgadm("list", "-Ho", "uuid", "reference=\(reference)").lines == [heads[0]])
            let deleted = try await box.imgadm("delete", reference)
            #expect(
                deleted.status == 0 && deleted.lines.first == "Deleted image \(heads[0]) (\(reference))", "\(deleted)")
            #expect(try await box.imgadm("get", "\(name):latest").status == 0)
            // What has become a layer of the new one is no image of its own.
            let more = try await registry.layer("names/moved", "echo more > more")
            try await registry.image("names/moved", "latest", layers + [more])
            #expect(try await box.imgadm("import", "-q", "\(name):latest").status == 0)
            #expect(try await box.imgadm("delete", "\(name):latest").status == 0)
            #expect(try await box.datasets().isEmpty)
        }

        /// Sentences and objects call a docker image what docker calls it.
        @Test func whatIsSaidOfADockerImageHasItsReference() async throws {
            let chain = try await Chain.make("names/said")
            let (box, name, uuids) = (chain.box, chain.name, chain.uuids)
            func images(_ words: String...) async throws -> [JSONValue] {
                let run = try await box.imgadm(words)
                #expect(run.status == 0, "\(run)")
                return try JSONValue(parsing: run.output)["images"]?.arrayValue ?? []
            }
            let dry = try await box.imgadm("import", "-n", "\(name):app")
            let said = dry.lines.filter { $0.contains("Imported") }
            #expect(
                said.count == 1 && said[0].hasPrefix("[dry-run] Imported image \(uuids[2]) (\(name):app): "), "\(dry)")
            #expect(said.first?.contains(" in 3 layers from \"") == true, "\(dry)")
            let imported = try await images("import", "-q", "-j", "\(name):app")
            #expect(imported.map { $0["reference"]?.stringValue } == [nil, nil, "\(name):app"])
            #expect(
                try await images("import", "-q", "-j", "\(name):app").map { $0["reference"] } == [
                    .string("\(name):app")
                ])
            let vacuum = try await box.imgadm("vacuum", "-n", "-P", box.pool)
            #expect(
                vacuum.lines == [
                    "[dry-run] Deleted image \(uuids[2]) (\(name):app)",
                    "[dry-run] Deleted image \(uuids[1]) (layer of \(name))",
                    "[dry-run] Deleted image \(uuids[0]) (layer of \(name))",
                ], "\(vacuum)")
            #expect(try await images("vacuum", "-nj", "-P", box.pool).first?["reference"]?.stringValue == "\(name):app")
            let ancestry = try await box.imgadm("ancestry", "\(name):app")
            #expect(ancestry.lines[1].contains(" \(name):app "), "\(ancestry)")
            #expect(try await box.imgadm("ancestry", "-Ho", "name", "\(name):app").lines.first == "docker-layer")
            for filter in ["name=\(name):app", "name=~said:ap"] {
                #expect(try await box.imgadm("list", "-Ho", "uuid", filter).lines == [uuids[2]], "\(filter)")
            }
            let target = "\(chain.registry.host)/names/pushed-said:1"
            let push = try await box.imgadm("push", "\(name):app", target)
            #expect(push.lines.first == "Pushing image \(uuids[2]) (\(name):app) to \(target)", "\(push)")
            let again = try await box.imgadm("push", "\(name):app", target)
            #expect(again.status == 0 && again.lines.last?.hasSuffix("nothing to push") == true, "\(again)")
            let answer = try JSONValue(parsing: try await box.imgadm("push", "-j", "\(name):app", target).output)
            #expect(answer["changed"] == false && answer["images"]?[0]?["action"] == "present", "\(answer.text())")
            #expect(try await images("delete", "-j", uuids[2]).first?["reference"]?.stringValue == "\(name):app")
        }

        /// A row that stands for layers says what all of them take.
        @Test func theRowOfADockerImageHasTheSumOfItsLayers() async throws {
            let chain = try await Chain.make("names/sum")
            let box = chain.box
            try await chain.pull("app")
            let sizes = try await box.imgadm("list", "-Ho", "used", "zpool=\(box.pool)").lines.compactMap { Int($0) }
            #expect(sizes.count == 3)
            let long = try await box.imgadm("list", "-l", "zpool=\(box.pool)")
            #expect(long.lines.count == 2, "\(long)")
            let one = try await box.imgadm("list", "-la", "zpool=\(box.pool)").lines.dropFirst()
            #expect(one.count == 3)
            // Of several pools, each row says on which it is, as in other listings.
            let other = try await Sandbox.make()
            #expect(try await box.imgadm("import", "-q", "-P", other.pool, "\(chain.name):app").status == 0)
            let both = try await box.shell("imgadm list --docker && imgadm list --docker -H")
            let rows = both.lines.filter {
                $0.contains("names/sum") && ($0.hasSuffix(box.pool) || $0.hasSuffix(other.pool))
            }
            #expect(both.lines.first?.hasSuffix("POOL") == true && rows.count == 2, "\(both)")
            #expect(try await box.imgadm("delete", "-P", other.pool, "\(chain.name):app").status == 0)
        }

        @Test func theUUIDDeletesTheOneImage() async throws {
            let chain = try await Chain.make("names/uuid")
            try await chain.pull("app")
            let run = try await chain.box.imgadm("delete", chain.uuids[2])
            #expect(run.output == "Deleted image \(chain.uuids[2])\n", "\(run)")
            #expect(try await chain.installed() == Set(chain.uuids.prefix(2)))
        }

        /// Killed at whatever moment and typed again, the whole image is gone.
        @Test func deletionMayBeKilledAtAnyMoment() async throws {
            let points = 8
            let chain = try await Chain.make("names/kill")
            let box = chain.box
            try await chain.pull("app")
            let start = ContinuousClock.now
            #expect(try await box.imgadm("delete", "\(chain.name):app").status == 0)
            let duration = (ContinuousClock.now - start) / .seconds(1)
            var killed = 0
            for point in 0..<points {
                try await chain.pull("app")
                let moment = duration * 1.1 * Double(point + 1) / Double(points)
                let first = try await box.imgadm(["delete", "\(chain.name):app"], killedAfter: moment)
                if first.status == 137 { killed += 1 }
                try await box.settle()
                let again = try await box.imgadm("delete", "\(chain.name):app")
                // Where the first had come to its end, there is nothing left to name.
                let isDone = again.status == 0 || again.status == 3
                #expect(isDone, "after a kill at \(moment) s: \(first) \(again)")
                #expect(try await box.datasets().isEmpty, "after a kill at \(moment) s: \(first) \(again)")
                #expect(try box.recordNames().isEmpty, "after a kill at \(moment) s: \(first) \(again)")
            }
            #expect(killed > 0)
        }
    }
}
