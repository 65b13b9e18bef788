import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// While an image is made of a machine, and when that was broken off, the machine is a machine: for this root, and for others.
    @Suite struct CreateOthersTests {
        private let box: Sandbox
        private let other: [String: String]

        init() async throws {
            box = try await Sandbox.make()
            other = ["IMGADM_ROOT": box.path("other").string]
            // Every `zfs send` waits until it may go on.
            let real = try await Tool.shell("PATH=$PATH:/usr/sbin:/sbin; command -v zfs").dropLast()
            try box.write(
                """
                #!/bin/bash
                if [[ $1 = send ]]; then
                    touch '\(box.path("sending"))'
                    until [[ -e '\(box.path("go"))' ]]; do sleep 0.05; done
                fi
                exec \(real) "$@"

                """, to: "front/zfs")
            try await Tool.run("chmod", "+x", box.path("front/zfs").string)
        }

        private func create(_ vm: BareMachine, ending: String) async throws -> Sandbox.Run {
            let path = "\(box.path("front")):\(ProcessEnvironment.variables["PATH"] ?? "")"
            return try await box.shell(
                """
                PATH='\(path)' \(Binaries.imgadm) create -f -o '\(box.path("made"))' \(vm.uuid) \(BareMachine.fields.joined(separator: " ")) & pid=$!
                until [[ -e '\(box.path("sending"))' ]]; do sleep 0.05; done
                \(ending)
                wait $pid
                """)
        }

        private func machine(isClone: Bool) async throws -> BareMachine {
            guard isClone else { return try await BareMachine.make(in: box) }
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            return try await BareMachine.make(in: box, origin: images.base.uuid)
        }

        @Test(arguments: [true, false]) func nobodyTakesItForAnImage(isClone: Bool) async throws {
            let vm = try await machine(isClone: isClone)
            let before = try await vm.everything()
            async let made = create(vm, ending: "until [[ -e '\(box.path("go"))' ]]; do sleep 0.05; done")
            for _ in 0..<6000 where try !HostFile.exists(box.path("sending")) {
                try await Task.sleep(for: .milliseconds(50))
            }
            for environment in [[:], other] {
                let listed = try await box.imgadm(["list", "-H", "-o", "uuid,name"], environment: environment)
                // What is no clone may be an image whose record is lost, as it may without `create`.
                #expect(listed.status == 0 && (!isClone || !listed.output.contains(vm.uuid)), "\(listed)")
                let deleted = try await box.imgadm(["delete", vm.uuid], environment: environment)
                #expect(deleted.status == (isClone ? 3 : 1), "\(deleted)")
                #expect(isClone || deleted.errors.contains("error (NotAnImage)"), "\(deleted)")
                let vacuum = try await box.imgadm(["vacuum", "-f"], environment: environment)
                #expect(vacuum.status == 0 && !"\(vacuum)".contains("Deleted image"), "\(vacuum)")
                let create = try await box.imgadm(
                    ["create", "-o", box.path("second").string, vm.uuid] + BareMachine.fields, environment: environment)
                #expect(create.errors.contains("error (VmNotStopped): another imgadm is making an image"), "\(create)")
            }
            if isClone {
                let forced = try await box.imgadm("delete", "-f", vm.uuid)
                #expect(forced.status == 3, "\(forced)")
            }
            try box.write("", to: "go")
            let run = try await made
            #expect(run.status == 0, "\(run)")
            #expect(try await vm.everything() == before)
        }

        @Test func whatABrokenOffRunLeavesIsNoImage() async throws {
            let vm = try await machine(isClone: true)
            let before = try await vm.everything()
            let killed = try await create(vm, ending: "kill -9 $pid; touch '\(box.path("go"))'")
            #expect(killed.status == 137, "\(killed)")
            try await box.settle()
            #expect(try await box.datasets().contains("\(vm.uuid)@final"))
            let listed = try await box.imgadm(["list", "-H", "-o", "uuid"], environment: other)
            #expect(listed.status == 0 && !listed.output.contains(vm.uuid), "\(listed)")
            let deleted = try await box.imgadm(["delete", vm.uuid], environment: other)
            #expect(deleted.status == 3, "\(deleted)")
            let again = try await box.imgadm(
                ["create", "-o", box.path("second").string, vm.uuid] + BareMachine.fields, environment: other)
            #expect(
                again.status == 0 && again.lines.contains("Cleared leftover snapshot \(vm.dataset)@final"), "\(again)")
            #expect(try await box.imgadm("list", "-H").status == 0)
            #expect(try await vm.everything() == before)
        }

        /// A mark that somebody has given an image's own `@final` makes it no leftover.
        @Test func theSnapshotOfAnImageStays() async throws {
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let final = "\(box.pool)/\(images.base.uuid)@final"
            func guid() async throws -> String { try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", final) }
            let before = try await guid()
            try await Tool.run("zfs", "set", "imgadm:machine=true", final)
            let run = try await box.imgadm(
                ["create", "-o", box.path("made").string, images.base.uuid] + BareMachine.fields)
            #expect(run.status == 0 && !run.output.contains("Cleared"), "\(run)")
            #expect(try await guid() == before)
            #expect(try await box.imgadm("delete", images.base.uuid).status == 0)
        }

        /// Another `@final` has its name meanwhile, which goes.
        @Test func nobodyBuildsOnAnImageOfWhichAnotherIsMade() async throws {
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let final = "\(box.pool)/\(images.base.uuid)@final"
            func guid() async throws -> String { try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", final) }
            let before = try await guid()
            let image = BareMachine(box: box, uuid: images.base.uuid, folder: box.root)
            async let made = create(image, ending: "until [[ -e '\(box.path("go"))' ]]; do sleep 0.05; done")
            for _ in 0..<6000 where try !HostFile.exists(box.path("sending")) {
                try await Task.sleep(for: .milliseconds(50))
            }
            let imported = try await box.imgadm(
                ["import", "-q", images.middle.uuid], environment: ["IMGADM_LOCK_PATIENCE": "2"])
            #expect(imported.status == 1 && imported.errors.contains("error (LockTimeout)"), "\(imported)")
            try box.write("", to: "go")
            let run = try await made
            #expect(run.status == 0, "\(run)")
            #expect(try await guid() == before)
            #expect(try await box.datasets().filter { $0.contains("@final-") }.isEmpty)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
        }

        // MARK: What comes while a script runs

        /// What a script has begun is no image's content.
        @Test func ofAHalfPreparedMachineNoImageIsMade() async throws {
            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            let killed = try await prepare(vm, meanwhile: "kill -9 $(pgrep -P $pid imgadm || echo $pid)")
            #expect(killed.status == 137, "\(killed)")
            let run = try await box.imgadm(
                ["create", "-o", box.path("second").string, vm.uuid] + BareMachine.fields, environment: other)
            #expect(run.status == 1 && run.errors.contains("error (DatasetExists): snapshot"), "\(run)")
            #expect(run.errors.contains("--recover \(vm.uuid) there"), "\(run)")
            #expect(try await box.imgadm("list", "-H").status == 0)
            #expect(try await vm.everything() == before)
        }

        /// - Parameter meanwhile: shell, run while the script waits in the machine.
        private func prepare(_ vm: BareMachine, meanwhile: String) async throws -> Sandbox.Run {
            try box.write(
                BareMachine.script(
                    """
                    echo > /begun
                    until [ -e /end ]; do sleep 0.05; done
                    mdata-put prepare-image:state success
                    """), to: "script")
            let folder = vm.folder.appending("root")
            return try await box.shell(
                """
                imgadm create -s '\(box.path("script"))' -o '\(box.path("made"))' \(vm.uuid) \(BareMachine.fields.joined(separator: " ")) & pid=$!
                until [[ -e '\(folder)/begun' ]]; do sleep 0.05; done
                \(meanwhile)
                touch '\(folder)/end'
                wait $pid
                """)
        }

        @Test func snapshotsThatGoWithTheRollbackAreTold() async throws {
            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            let run = try await prepare(vm, meanwhile: "zfs snapshot \(vm.dataset)@hourly")
            #expect(run.status == 0, "\(run)")
            #expect(
                run.lines.contains(
                    "Destroyed snapshot \(vm.dataset)@hourly, which came while the script ran (cleanup)"),
                "\(run)")
            #expect(try await vm.everything() == before)
        }

        /// What cannot be undone is said, and is not undone later unasked: the owner may have used the machine since.
        @Test func aRollbackThatIsRefusedIsDoneOnlyWhenAskedFor() async throws {
            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            let run = try await prepare(
                vm, meanwhile: "zfs snapshot \(vm.dataset)@mine; zfs hold keep \(vm.dataset)@mine")
            #expect(
                run.status == 1 && run.errors.contains("error (RecoveryError): the image is made; then VM"), "\(run)")
            #expect(
                run.errors.contains("\(vm.dataset)@mine\" is held") && run.errors.contains("create --recover"), "\(run)"
            )
            try await Tool.run("zfs", "release", "keep", "\(vm.dataset)@mine")
            let work = vm.folder.appending("root/work")
            try Tool.write("important", to: work)
            let listed = try await box.imgadm("list", "-H")
            #expect(listed.status == 0 && listed.errors.contains("imgadm create --recover \(vm.uuid)"), "\(listed)")
            #expect(try HostFile.exists(work))
            #expect(try await box.datasets().contains("\(vm.uuid)@mine"))
            let recovered = try await box.imgadm("create", "--recover", vm.uuid)
            #expect(
                recovered.status == 0 && recovered.output.contains("Destroyed snapshot \(vm.dataset)@mine"),
                "\(recovered)")
            #expect(try await vm.everything() == before)
        }
    }
}
