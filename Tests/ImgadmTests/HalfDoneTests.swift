import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What a run that was killed has not come to, the next one does; and lines of others on zfs's stderr are no errors.
    @Suite struct HalfDoneTests {
        /// A `zfs` that runs a line of shell before or after the real one.
        private func zfs(_ box: Sandbox, before: String = "", after: String = "") async throws -> [String: String] {
            let folder = box.path("bin")
            for name in ["zfs", "zpool"] {
                let real = try await Tool.shell("command -v \(name)").dropLast()
                try Tool.write(
                    "#!/bin/sh\n\(before)\n\(real) \"$@\"; rc=$?\n\(after)\nexit $rc\n", to: folder.appending(name))
            }
            try await Tool.run("chmod", "-R", "+x", folder.string)
            return ["PATH": "\(folder):\(ProcessEnvironment.variables["PATH"] ?? "")"]
        }

        private func isMounted(_ box: Sandbox, _ uuid: String) async throws -> Bool {
            try await Tool.run("zfs", "get", "-Ho", "value", "mounted", "\(box.pool)/\(uuid)") == "yes\n"
        }

        @Test func killedBeforeTheMount() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let killing = try await zfs(
                box, after: "case \"$1 $2 $3\" in \"rename \"*-partial\\ *) kill -9 $PPID;; esac")
            let first = try await box.imgadm("import", images.base.uuid, environment: killing)
            #expect(first.status != 0)
            try await box.settle()
            #expect(try await !isMounted(box, images.base.uuid))
            let check = try await box.imgadm("check", "-P", box.pool, "--format", "jsonl")
            #expect(check.output.contains("not-mounted"), "\(check)")
            let again = try await box.imgadm("import", images.base.uuid)
            #expect(again.status == 0 && again.output.contains("already installed"), "\(again)")
            #expect(try await isMounted(box, images.base.uuid))
            try await Tool.run("zfs", "unmount", "\(box.pool)/\(images.base.uuid)")
            #expect(try await box.imgadm("check", "--repair", "-P", box.pool).status == 0)
            #expect(try await isMounted(box, images.base.uuid))
        }

        @Test(arguments: ["rename", "destroy"])
        func vacuumThatWasKilledIsFinished(step: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let killing = try await zfs(box, after: "[ \"$1 $rc\" != '\(step) 0' ] || kill -9 $PPID")
            #expect(try await box.imgadm("vacuum", "-f", environment: killing).status != 0)
            try await box.settle()
            let again = try await box.imgadm("vacuum", "-f")
            #expect(again.status == 0 && again.output.contains("Cleared leftover"), "\(again)")
            #expect(try await box.datasets().isEmpty && box.recordNames().isEmpty && box.leftovers().isEmpty)
        }

        /// The rename of a run that died comes to its end while the next run is at work: what it leaves keeps nothing from going.
        @Test func aRenameThatOutlivesItsRunIsFinished() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            let (top, base) = ("\(box.pool)/\(images.middle.uuid)", images.base.uuid)
            // After the first look at what there is, which finds no leftover.
            let renaming = try await zfs(
                box,
                after: """
                    case "$1" in list) if mkdir '\(box.root)/once' 2>/dev/null; then : ; \
                        elif mkdir '\(box.root)/twice' 2>/dev/null; then zfs unmount \(top); zfs rename \(top) \(top)-partial; fi;; esac
                    """)
            let run = try await box.imgadm("vacuum", "-f", environment: renaming)
            let again = run.status == 0 ? run : try await box.imgadm("vacuum", "-f")
            #expect(again.status == 0, "\(run)\(again)")
            #expect(
                try await box.datasets().isEmpty && box.recordNames().isEmpty && box.leftovers().isEmpty,
                "\(base) \(run)")
        }

        /// A run that was killed when all but giving its lock back was done has left nothing but the file of the lock.
        @Test(arguments: [["vacuum", "-f"], ["update"]])
        func theLockFileOfADeadRunIsSwept(command: [String]) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            try box.write("1\n", to: "var/run/img.\(TestUUID.make()).import.lock")
            let run = try await box.imgadm(command)
            #expect(run.status == 0, "\(run)")
            #expect(try box.leftovers().isEmpty)
        }

        @Test func deletingGoesOnAfterWhateverFailure() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.top.uuid).status == 0)
            let stranger = TestUUID.make()
            try await Tool.run("zfs", "create", "\(box.pool)/\(stranger)")
            let run = try await box.imgadm(
                "delete", images.base.uuid, stranger, images.middle.uuid, TestUUID.make(), images.top.uuid)
            #expect(run.status == 1, "\(run)")
            #expect(run.errors.contains("NotAnImage") && run.errors.contains("ImageNotInstalled"), "\(run)")
            #expect(run.lines == [images.top, images.middle, images.base].map { "Deleted image \($0.uuid)" }, "\(run)")
            #expect(try await box.datasets() == [stranger])
        }

        /// A destruction that fails half-way is not put back as if it were an image.
        @Test func aRuinIsNoImage() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let failing = try await zfs(
                box,
                before: """
                    case "$1 $2" in "destroy "*@final) : ;; "destroy "*) echo "cannot destroy '$2': I/O error" >&2; exit 1;; esac
                    """)
            let run = try await box.imgadm("delete", images.base.uuid, environment: failing)
            #expect(run.status == 1 && run.errors.contains("not put back"), "\(run)")
            #expect(try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)").output.isEmpty)
            #expect(try await box.imgadm("delete", images.base.uuid).status == 0)
            #expect(try await box.datasets().isEmpty && box.recordNames().isEmpty)
        }

        /// Mounted elsewhere, and not to be mounted here any more: both are told.
        @Test func whatKeepsAnImageFromBeingPutBackDoesNotHideWhoUsesIt() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let failing = try await zfs(
                box, before: "[ \"$1\" != mount ] || { echo \"cannot mount '$2': out of luck\" >&2; exit 1; }")
            let run = try await box.shell(
                """
                mkfifo '\(box.path("ready"))'
                unshare -m --propagation private sh -c "echo > '\(box.path("ready"))'; exec sleep 600" &
                read -r < '\(box.path("ready"))'
                imgadm delete \(images.base.uuid); status=$?; kill $!; wait; exit $status
                """, environment: failing)
            #expect(run.status == 1 && run.errors.contains("error (DatasetBusy)"), "\(run)")
            #expect(run.errors.contains("in the namespace of process") && run.errors.contains("out of luck"), "\(run)")
            #expect(try await box.imgadm("import", images.base.uuid).status == 0)
            #expect(try await isMounted(box, images.base.uuid))
        }

        @Test func whatOthersWriteOnStandardErrorIsNoFailure() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let noise = try await zfs(
                box,
                before: "echo 'WARNING: userland and kernel module versions differ' >&2; echo \"cannot find 'x'\" >&2")
            func run(_ words: String...) async throws -> Sandbox.Run { try await box.imgadm(words, environment: noise) }
            let absent = TestUUID.make()
            #expect(try await run("get", absent).status == 3)
            #expect(try await run("delete", absent).status == 3)
            #expect(try await run("import", "-q", images.middle.uuid).status == 0)
            #expect(try await run("list", "-Ho", "name", "zpool=\(box.pool)").lines.sorted() == ["base", "middle"])
            #expect(try await run("delete", images.middle.uuid, images.base.uuid).status == 0)
        }
    }
}
