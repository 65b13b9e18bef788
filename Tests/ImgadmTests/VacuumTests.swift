import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Images that nothing depends on go, and nothing else (cli.md §3, vacuum and delete).
    @Suite struct VacuumTests {
        /// A pool with a chain of three and one more image.
        private func filled(_ images: Fixture) async throws -> Sandbox {
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.top.uuid).status == 0)
            return box
        }

        @Test func aChainGoesFromItsTopDown() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let chain = [images.top, images.middle, images.base]
            let dry = try await box.imgadm("vacuum", "-n")
            #expect(dry.status == 0, "\(dry)")
            #expect(dry.lines == chain.map { "[dry-run] Deleted image \($0.uuid) (\($0.name)@1.0.0)" })
            #expect(dry.errors.contains("3 images on zpool \"\(box.pool)\", "), "\(dry)")
            #expect(try await box.datasets().count == 6)
            let asked = try await box.imgadm("vacuum")
            #expect(asked.status == 2 && asked.errors.contains("-f"), "\(asked)")
            #expect(try await box.datasets().count == 6)
            let run = try await box.imgadm("vacuum", "-f")
            #expect(run.lines == chain.map { "Deleted image \($0.uuid) (\($0.name)@1.0.0)" }, "\(run)")
            #expect(try await box.datasets().isEmpty && box.recordNames().isEmpty && box.leftovers().isEmpty)
            let again = try await box.imgadm("vacuum", "-f")
            #expect(again.status == 0 && again.output.isEmpty)
        }

        /// What a run has left that died, a clone of an image as well, is named by a dry run, and keeps nothing.
        @Test func aDryRunNamesRests() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let name = "\(box.pool)/\(TestUUID.make())-partial"
            try await Tool.run("zfs", "clone", "\(box.pool)/\(images.top.uuid)@final", name)
            try await Tool.run("zfs", "set", "imgadm:own=true", name)
            let before = try await box.datasets()
            let dry = try await box.imgadm("vacuum", "-n")
            let chain = [images.top, images.middle, images.base].map { "Deleted image \($0.uuid) (\($0.name)@1.0.0)" }
            #expect(
                dry.status == 0
                    && dry.lines == (["Cleared leftover dataset \(name)"] + chain).map { "[dry-run] \($0)" }, "\(dry)")
            #expect(try await box.datasets() == before)
            let run = try await box.imgadm("vacuum", "-f")
            #expect(run.status == 0 && run.lines == ["Cleared leftover dataset \(name)"] + chain, "\(run)")
            #expect(try await box.datasets().isEmpty)
        }

        @Test(arguments: ["VM", "VM-disk0", "VM/disk0", "some-name", "folder/deep"])
        func whatSomethingIsACloneOfStays(form: String) async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let vm = TestUUID.make()
            let name = form.hasPrefix("VM") ? vm + form.dropFirst(2) : form
            for parent in ["folder", vm] where name.hasPrefix("\(parent)/") {
                try await Tool.run("zfs", "create", "\(box.pool)/\(parent)")
            }
            if name.hasPrefix(vm + "/") {
                // A bhyve VM's own dataset is a clone of nothing; it says that it is no image.
                try await Tool.run("zfs", "set", "imgadm:ignore=true", "\(box.pool)/\(vm)")
            }
            try await Tool.run("zfs", "clone", "\(box.pool)/\(images.middle.uuid)@final", "\(box.pool)/\(name)")
            let run = try await box.imgadm("vacuum", "-f")
            #expect(run.lines == ["Deleted image \(images.top.uuid) (top@1.0.0)"], "\(run)")
            let left = try await box.datasets()
            #expect(left.contains(name) && left.contains(images.middle.uuid) && left.contains(images.base.uuid))
        }

        @Test func whatIsNoImageForSureStays() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            // Somebody's dataset with a UUID's name; an image whose record is lost; one without @final; one with something below.
            let other = TestUUID.make()
            try await Tool.run("zfs", "create", "\(box.pool)/\(other)")
            try await Tool.run("rm", box.path("var/imgadm/images/\(box.pool)-\(images.top.uuid).json").string)
            let run = try await box.imgadm("vacuum", "-f")
            #expect(run.status == 0 && run.output.isEmpty, "\(run)")
            #expect(try await box.datasets().count == 7)
            #expect(try await box.imgadm("delete", images.top.uuid).status == 0)
            try await Tool.run("zfs", "create", "\(box.pool)/\(images.middle.uuid)/mine")
            #expect(try await box.imgadm("vacuum", "-f").output.isEmpty)
            #expect(try await box.datasets().contains("\(images.middle.uuid)/mine"))
        }

        /// What somebody has put to an image is no part of it, and goes with it only if that is meant.
        @Test(arguments: [
            (
                "echo precious > \"$(zfs get -Ho value mountpoint IMG)/mine\" && sync && zfs snapshot IMG@mine",
                "it has a snapshot of its own, IMG@mine", "ImageHasSnapshots"
            ),
            (
                "zfs snapshot IMG@mine && zfs hold keep IMG@mine", "it has a snapshot of its own, IMG@mine",
                "ImageHasSnapshots"
            ),
            ("zfs hold keep IMG@final", "its snapshot IMG@final is held", "DatasetBusy"),
        ])
        func somebodysSnapshotsKeepAnImage(addition: String, reason: String, code: String) async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let image = "\(box.pool)/\(images.middle.uuid)"
            try await Tool.shell(addition.replacing("IMG", with: image))
            let snapshots = try await box.datasets().filter { $0.hasPrefix(images.middle.uuid) }
            let line = "Kept image \(images.middle.uuid) (middle@1.0.0): \(reason.replacing("IMG", with: image))"
            let dry = try await box.imgadm("vacuum", "-n")
            #expect(
                dry.lines == ["[dry-run] \(line)", "[dry-run] Deleted image \(images.top.uuid) (top@1.0.0)"], "\(dry)")
            let run = try await box.imgadm("vacuum", "-f")
            #expect(run.status == 0 && run.lines == [line, "Deleted image \(images.top.uuid) (top@1.0.0)"], "\(run)")
            let refused = try await box.imgadm("delete", images.middle.uuid)
            #expect(refused.status == 1 && refused.errors.contains("(\(code))"), "\(refused)")
            #expect(try await box.datasets().filter { $0.hasPrefix(images.middle.uuid) } == snapshots)
            try await Tool.shell(
                "for s in mine final; do zfs release keep \(image)@$s 2> /dev/null || true; done; zfs list \(image)@final"
            )
            let forced = try await box.imgadm("delete", "-f", images.middle.uuid)
            #expect(forced.status == 0 && forced.lines.last == "Deleted image \(images.middle.uuid)", "\(forced)")
            // One that holds nothing is not spoken of.
            #expect(
                forced.output.contains("Destroyed snapshot \(image)@mine with image") == addition.contains("precious"),
                "\(forced)")
        }

        /// Programs take snapshots of every dataset of a pool: those hold nothing that the image has not.
        @Test func snapshotsThatAreTheSameAsTheImageKeepNone() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            for image in [images.base, images.middle, images.top] {
                for name in ["auto-1", "auto-2"] {
                    try await Tool.run("zfs", "snapshot", "\(box.pool)/\(image.uuid)@\(name)")
                }
            }
            let deleted = try await box.imgadm("delete", images.top.uuid)
            #expect(deleted.output == "Deleted image \(images.top.uuid)\n", "\(deleted)")
            let run = try await box.imgadm("vacuum", "-f")
            #expect(
                run.lines == [images.middle, images.base].map { "Deleted image \($0.uuid) (\($0.name)@1.0.0)" },
                "\(run)")
            #expect(try await box.datasets().isEmpty && box.recordNames().isEmpty && box.leftovers().isEmpty)
        }

        @Test func choices() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let workshop = images.workshop
            var versions: [TestImage] = []
            for day in 1...3 {
                let image = try await workshop.make(
                    name: "many", bytes: 1000,
                    manifest: ["published_at": .string("2026-02-0\(day)T00:00:00.000Z"), "version": .string("\(day)")])
                versions.append(image)
            }
            try box.use(images.server.url)
            for image in versions { #expect(try await box.imgadm("import", image.uuid).status == 0) }
            func names(_ words: String...) async throws -> [String] {
                try await box.imgadm(["vacuum", "-n"] + words).lines.map {
                    String($0.split(separator: "@").last?.dropLast() ?? "")
                }.sorted()
            }
            #expect(try await names() == ["1", "2", "3"])
            #expect(try await names("--keep", "many=2") == ["1"])
            #expect(try await names("--keep", "other=2") == ["1", "2", "3"])
            // What is on other hosts only is told, and a slip of the keyboard lets nothing go.
            let absent = try await box.imgadm("vacuum", "-n", "--keep", "other=2")
            #expect(absent.errors.contains("warning: no image is called \"other\""), "\(absent)")
            for mode in ["-n", "-f"] {
                let slip = try await box.imgadm("vacuum", mode, "--keep", "mnay=1")
                #expect(slip.status == 3 && slip.output.isEmpty, "\(slip)")
                #expect(slip.errors.contains("did you mean \"many\"?"), "\(slip)")
            }
            #expect(try await names("-x", "\(versions[0].uuid),\(versions[1].uuid)") == ["3"])
            #expect(try await names("-x", versions[0].uuid, "-x", versions[2].uuid) == ["2"])
            #expect(try await names("version=2") == ["2"])
            #expect(try await names("name=~an", "version=3") == ["3"])
            #expect(try await names("--older-than", "30d") == [])
            #expect(try await names("--older-than", "0s") == ["1", "2", "3"])
            for wrong in [
                ["--older-than", "x"], ["--older-than", "-1d"], ["--keep", "many"], ["--keep", "many=0"], ["filter"],
                ["--older-than", "99999999999999999999d"],
            ] {
                #expect(try await box.imgadm(["vacuum", "-n"] + wrong).status == 2, "\(wrong)")
            }
            #expect(try await box.imgadm("vacuum", "-n", "-x", "y").errors.contains("ImageNotInstalled"))
        }

        @Test func severalAreDeletedAtOnceInAnyOrder() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let run = try await box.imgadm("delete", images.base.uuid, images.top.uuid, images.middle.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines == [images.top, images.middle, images.base].map { "Deleted image \($0.uuid)" })
            #expect(try await box.datasets().isEmpty)
        }

        @Test func oneThatCannotGoKeepsNoOther() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            for name in ["a", "b"] {
                try await Tool.run("zfs", "clone", "\(box.pool)/\(images.middle.uuid)@final", "\(box.pool)/\(name)")
            }
            let run = try await box.imgadm(
                "delete", "-v", images.middle.uuid, TestUUID.make(), images.top.uuid)
            #expect(run.status == 1 && run.errors.contains("ImageHasDependentClones"), "\(run)")
            #expect(run.errors.contains("ImageNotInstalled"), "\(run)")
            let left = try await box.datasets()
            #expect(!left.contains(images.top.uuid) && left.contains(images.middle.uuid))
            let verbose = try await box.imgadm("delete", "-v", images.middle.uuid)
            for name in ["a", "b"] { #expect(verbose.errors.contains("\(box.pool)/\(name)"), "\(verbose)") }
            #expect(verbose.errors.contains("hint:") && !verbose.errors.contains("delete -v"), "\(verbose)")
        }

        /// All names are right before the first image goes.
        @Test func aNameThatNamesNothingKeepsAll() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let there = try await box.datasets()
            for words in [["top", "nosuch"], ["nosuch", "top"], [images.top.uuid, "top@9"]] {
                let run = try await box.imgadm(["delete"] + words)
                #expect(run.status == 3 && run.output.isEmpty, "\(words): \(run)")
                #expect(run.errors.contains("imgadm delete: nothing is deleted"), "\(words): \(run)")
                #expect(try await box.datasets() == there, "\(words)")
            }
            let typed = try await box.imgadm("delete", "nobody", "base@9", images.top.uuid)
            #expect(typed.status == 3, "\(typed)")
            for word in ["\"nobody\" was not", "\"base@9\" was not"] {
                #expect(typed.errors.contains(word), "\(typed)")
            }
            #expect(try await box.datasets() == there)
        }

        @Test func whatAllArgumentsHaveInCommonIsTheStatus() async throws {
            let box = try await Sandbox.make()
            for words in [["nosuch", "web@9"], [TestUUID.make(), TestUUID.make()]] {
                let run = try await box.imgadm(["delete"] + words)
                #expect(run.status == 3 && run.errors.contains("error (MultiError)"), "\(run)")
            }
        }

        /// What is neither y nor yes is no.
        @Test(arguments: [("y", true), ("Yes", true), ("n", false), ("", false), ("yy", false)])
        func theQuestionIsAnswered(answer: String, deletes: Bool) async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let chain = [images.top, images.middle, images.base]
            let run = try await box.terminal("vacuum", answers: [("Delete these 3 images? [y/N] ", "\(answer)\n")])
            #expect(run.status == 0, "\(run)")
            let asked = try #require(run.output.components(at: "[y/N] "))
            for image in chain { #expect(asked.before.contains("\(image.uuid) (\(image.name)@1.0.0)"), "\(run)") }
            let deleted = asked.after.lines.filter { $0.hasPrefix("Deleted") }
            #expect(asked.after.lines.contains("Aborting") == !deletes, "\(run)")
            #expect(
                deleted == (deletes ? chain.map { "Deleted image \($0.uuid) (\($0.name)@1.0.0)" } : []), "\(run)")
            #expect(try await box.datasets().count == (deletes ? 0 : 6))
            #expect(try box.recordNames().count == (deletes ? 0 : 3))
        }

        @Test func oneImageIsAskedAboutAsOne() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let run = try await box.terminal("vacuum", answers: [("Delete this image? [y/N] ", "y\n")])
            #expect(run.status == 0 && run.output.contains("Deleted image \(images.base.uuid)"), "\(run)")
            #expect(try await box.datasets().isEmpty)
        }

        @Test func aSignalEndsTheQuestion() async throws {
            let images = try await Fixture.get()
            let box = try await filled(images)
            let run = try await box.terminal("vacuum", answers: [("[y/N] ", "\u{3}")])
            #expect(run.status == 130 && !run.output.contains("Deleted"), "\(run)")
            #expect(
                run.output.components(at: "[y/N] ")?.after.lines.last?.contains("stopped by a signal") == true, "\(run)"
            )
            #expect(try await box.datasets().count == 6)
        }
    }
}

extension String {
    /// What is before the first of a text, and after it; nil if it is not there.
    fileprivate func components(at text: String) -> (before: String, after: String)? {
        firstRange(of: text).map { (String(self[..<$0.lowerBound]), String(self[$0.upperBound...])) }
    }

    /// As a terminal shows them.
    fileprivate var lines: [String] { split(whereSeparator: \.isNewline).map(String.init) }
}
