import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Images of the VMs of a manager: `vmadm`, played by a stand-in over real datasets.
    @Suite struct CreateVmadmTests {
        /// A zone made of an installed image, and what it looked like at first.
        private struct Zone {
            let box: Sandbox
            let manager: VMStandIn
            let uuid: String
            let image: TestImage

            static func make(state: String = "stopped", brand: String = "joyent", _ more: JSONObject = [:]) async throws
                -> Zone
            {
                let images = try await Fixture.get()
                let manager = try VMStandIn()
                let box = try await Sandbox.make(environment: manager.environment)
                try box.use(images.server.url)
                #expect(try await box.imgadm("import", images.base.uuid).status == 0)
                let uuid = TestUUID.make()
                let dataset = "\(box.pool)/\(uuid)"
                try await Tool.run("zfs", "clone", "\(box.pool)/\(images.base.uuid)@final", dataset)
                var vm: JSONObject = [
                    "uuid": .string(uuid), "brand": .string(brand), "state": .string(state), "zpool": .string(box.pool),
                    "zfs_filesystem": .string(dataset), "image_uuid": .string(images.base.uuid),
                    "customer_metadata": ["mine": "kept", "prepare-image:state": "old"],
                ]
                // With one, a VM of the stand-in stops when that ends.
                if state == "stopped" { vm["internal_metadata"] = ["operator-script": "#!/bin/sh\n: its own\n"] }
                for (key, value) in more { vm[key] = value }
                try manager.add(vm)
                return Zone(box: box, manager: manager, uuid: uuid, image: images.base)
            }

            func script(_ lines: String) throws -> String {
                try box.write(
                    "#!/bin/sh\nmdata-put prepare-image:state running\n\(lines)\nmdata-put prepare-image:state success\n",
                    to: "script")
                return box.path("script").string
            }

            /// Files, snapshots, metadata; not which process a running VM is.
            func everything() async throws -> [String] {
                let vm = try manager.vm(uuid)
                let members = ["state", "customer_metadata", "internal_metadata"].flatMap { key in
                    (vm[key]?.objectValue ?? [:]).map { "\(key) \($0.key) \($0.value.text())" } + [
                        "\(vm[key]?.stringValue ?? "")"
                    ]
                }
                let root = try await box.rootFolder(uuid).removingLastComponent()
                // The kernel keeps the time of a root folder across a rollback in zfs-fuse.
                return try await TreeListing.of(root).filter { !$0.hasSuffix(" . -> ") }
                    + box.datasets().filter { $0.contains(uuid) }
                    + members.sorted() + HostFile.names(in: box.path("var/imgadm/create"))
            }

            func create(_ words: String..., environment: [String: String] = [:]) async throws -> Sandbox.Run {
                try await box.imgadm(
                    ["create", "-o", box.path("made").string] + words + [uuid, "name=web", "version=1"],
                    environment: environment)
            }

            /// Begins to make an image, and kills that when something is so of the zone's `$folder`.
            func create(_ script: String, killedWhen isSo: String) async throws -> Sandbox.Run {
                try await box.shell(
                    """
                    folder=$(zfs get -H -o value mountpoint '\(box.pool)/\(uuid)')
                    \(Binaries.imgadm) create -s '\(script)' -o '\(box.path("made"))' \(uuid) name=web version=1 & pid=$!
                    until \(isSo); do kill -0 $pid || break; sleep 0.05; done
                    kill -9 $pid; wait $pid
                    """)
            }
        }

        @Test func aZoneInheritsFromItsImage() async throws {
            let zone = try await Zone.make()
            let before = try await zone.everything()
            let run = try await zone.create("-i", "-c", "gzip")
            #expect(run.status == 0, "\(run)")
            #expect(run.output.contains("Inheriting from origin image \(zone.image.uuid) (base 1.0.0)\n"))
            let manifest = try JSONValue(parsing: try HostFile.read(zone.box.path("made.imgmanifest")) ?? [])
            #expect(manifest["origin"]?.stringValue == zone.image.uuid)
            #expect(manifest["requirements"] == ["min_platform": ["7.0": "20260101T000000Z"]])
            let difference = Set(try await zone.everything()).symmetricDifference(before).sorted()
            #expect(difference == [])
        }

        /// An increment to another snapshot than @final could be installed nowhere.
        @Test func aCloneOfAnotherSnapshotHasNoIncrement() async throws {
            let zone = try await Zone.make()
            let (image, dataset) = ("\(zone.box.pool)/\(zone.image.uuid)", "\(zone.box.pool)/\(zone.uuid)")
            try await SandboxPool.destroyDataset(dataset)
            try await Tool.run("zfs", "snapshot", "\(image)@mine")
            try await Tool.run("zfs", "clone", "\(image)@mine", dataset)
            let before = try await zone.everything()
            let run = try await zone.create("-i")
            #expect(run.status == 1 && run.errors.contains("error (OriginHasNoFinalSnapshot)"), "\(run)")
            #expect(run.errors.contains("\(image)@mine"), "\(run)")
            #expect(try await zone.everything() == before)
            #expect(try HostFile.names(in: zone.box.root).allSatisfy { !$0.hasPrefix("made") })
            let whole = try await zone.create()
            #expect(whole.status == 0, "\(whole)")
        }

        static let requirements: [(brand: String, more: JSONObject, fields: [String], expected: JSONValue?)] = [
            ("joyent-minimal", [:], [], ["min_platform": ["7.0": "20260101T000000Z"]]),
            ("joyent", [:], ["requirements.min_platform="], nil),
            (
                "joyent", [:], ["requirements={\"min_platform\":{\"7.0\":\"20200101T000000Z\"}}"],
                ["min_platform": ["7.0": "20200101T000000Z"]]
            ),
            ("lx", [:], [], ["brand": "lx"]), ("lx", [:], ["requirements.brand="], nil),
        ]

        @Test(arguments: requirements)
        func requirementsOfABrand(brand: String, more: JSONObject, fields: [String], expected: JSONValue?) async throws
        {
            let zone = try await Zone.make(brand: brand, more)
            let run = try await zone.box.imgadm(
                ["create", "-o", zone.box.path("made").string, zone.uuid, "name=web", "version=1"] + fields)
            #expect(run.status == 0, "\(run)")
            let manifest = try JSONValue(parsing: try HostFile.read(zone.box.path("made.imgmanifest")) ?? [])
            #expect(manifest["requirements"] == expected)
        }

        @Test(arguments: ["stopped", "running"])
        func aScriptRunsAndEverythingIsAsItWas(state: String) async throws {
            let zone = try await Zone.make(state: state)
            let before = try await zone.everything()
            let run = try await zone.create("-s", try zone.script("echo prepared > prepared; rm -rf root/etc"))
            #expect(run.status == 0, "\(run)")
            let difference = Set(try await zone.everything()).symmetricDifference(before).sorted()
            #expect(difference == [])
            #expect(run.lines.contains("Stopping VM \(zone.uuid) to snapshot it") == (state == "running"))
            #expect(run.lines.contains("Restarting VM \(zone.uuid) (cleanup)") == (state == "running"))
            let other = try await Sandbox.make()
            let install = try await other.imgadm(
                "install", "-m", zone.box.path("made.imgmanifest").string, "-f", zone.box.path("made.zfs").string)
            #expect(install.status == 0, "\(install)")
            let manifest = try JSONValue(parsing: try HostFile.read(zone.box.path("made.imgmanifest")) ?? [])
            let root = try await other.rootFolder(manifest["uuid"]?.stringValue ?? "").removingLastComponent()
            #expect(try HostFile.exists(root.appending("prepared")) && !HostFile.exists(root.appending("root/etc")))
        }

        @Test func aRunningZoneWithoutAScriptIsLeftAlone() async throws {
            let zone = try await Zone.make(state: "running")
            let run = try await zone.create()
            #expect(run.status == 1 && run.errors.contains("error (VmNotStopped)"), "\(run)")
        }

        @Test func anUnknownVM() async throws {
            let manager = try VMStandIn()
            let box = try await Sandbox.make(environment: manager.environment)
            let run = try await box.imgadm("create", TestUUID.make(), "name=x", "version=1", "type=other", "os=linux")
            #expect(run.status == 1 && run.errors.contains("error (VmNotFound)"), "\(run)")
        }

        static let troubles: [(step: String, how: String, code: String)] = [
            ("get", "fail", "VmManagerError"), ("get", "nonsense", "VmManagerError"), ("stop", "fail", ""),
            ("start", "fail", "VmManagerError"), ("update", "fail", "RecoveryError"), ("get", "hang", "CommandFailed"),
            ("start", "hang", "CommandFailed"), ("update", "hang", "RecoveryError"),
            ("boot", "silent", "PrepareImageDidNotRun"),
            ("boot", "crash", "PrepareImageError"), ("get", "unfound", "VmManagerError"),
        ]

        @Test(arguments: troubles)
        func aManagerThatFails(step: String, how: String, code: String) async throws {
            let zone = try await Zone.make()
            let before = try await zone.everything()
            try zone.manager.misbehave(step, how)
            // What hangs is left soon; a boot that crashes or says nothing has come to its script before.
            let limit = ["crash", "silent"].contains(how) ? "10" : how == "hang" ? "3" : "60"
            let run = try await zone.create("-s", try zone.script(":"), environment: ["IMGADM_PREPARE_TIMEOUT": limit])
            try zone.manager.behave(step)
            // A VM that was stopped need not be told to stop.
            if step == "stop" { return #expect(run.status == 0, "\(run)") }
            #expect(run.status == 1, "\(step) \(how): \(run)")
            #expect(run.errors.contains("error (\(code))"), "\(step) \(how): \(run)")
            // What could not be put back then is put back by whichever imgadm comes next.
            let next = try await zone.box.imgadm("list", "-H")
            #expect(next.status == 0, "\(next)")
            let difference = Set(try await zone.everything()).symmetricDifference(before).sorted()
            #expect(difference == [], "\(step) \(how): \(run) \(next)")
        }

        @Test func aVMThatCannotBeStoppedStays() async throws {
            let zone = try await Zone.make(state: "running")
            try zone.manager.misbehave("stop", "fail")
            let before = try await zone.everything()
            let run = try await zone.create("-s", try zone.script(":"))
            #expect(run.status == 1 && run.errors.contains("went wrong on purpose"), "\(run)")
            let difference = Set(try await zone.everything()).symmetricDifference(before).sorted()
            #expect(difference == [])
        }

        @Test func recoveryOnDemand() async throws {
            let zone = try await Zone.make()
            let before = try await zone.everything()
            let script = try zone.script("rm -rf root; sleep 100")
            let killed = try await zone.create(script, killedWhen: "[ ! -e \"$folder/root\" ]")
            #expect(killed.status == 137, "\(killed)")
            let run = try await zone.box.imgadm("create", "--recover", zone.uuid)
            #expect(run.status == 0, "\(run)")
            #expect("\(run)".contains("Recovering VM \(zone.uuid)"), "\(run)")
            let difference = Set(try await zone.everything()).symmetricDifference(before).sorted()
            #expect(difference == [])
            let again = try await zone.box.imgadm("create", "--recover", zone.uuid)
            #expect(again.status == 0 && again.output == "VM \(zone.uuid) needs no recovery\n", "\(again)")
        }

        @Test func whatTheOwnerDidSinceIsKept() async throws {
            let zone = try await Zone.make()
            let script = try zone.script("echo prepared > prepared; sleep 100")
            let killed = try await zone.create(script, killedWhen: "[ -e \"$folder/prepared\" ]")
            #expect(killed.status == 137, "\(killed)")
            #expect(try await zone.box.datasets().contains("\(zone.uuid)@imgadm-create-pre-prepare"))
            // Somebody has put the VM in order by hand, and has used it since.
            #expect(try await zone.box.shell("vmadm stop \(zone.uuid)").status == 0)
            var vm = try zone.manager.vm(zone.uuid).objectValue ?? [:]
            vm["internal_metadata"] = [:]
            vm["state"] = "running"
            try zone.manager.add(vm)
            let file = try await zone.box.rootFolder(zone.uuid).appending("precious")
            try Tool.write("do not lose me", to: file)
            let next = try await zone.box.imgadm("list", "-H")
            #expect(next.status == 0 && next.errors.contains("Recovered VM \(zone.uuid)"), "\(next)")
            #expect(try HostFile.exists(file))
            #expect(try zone.manager.vm(zone.uuid)["state"] == "running")
            #expect(try await zone.box.datasets().allSatisfy { !$0.contains("imgadm-create") })
            #expect(try HostFile.names(in: zone.box.path("var/imgadm/create")).isEmpty)
        }

        @Test(arguments: ["INT", "TERM"])
        func aSignalPutsTheVMBackAtOnce(signal: String) async throws {
            let zone = try await Zone.make(state: "running")
            let before = try await zone.everything()
            let script = try zone.script("rm -rf root; sleep 100")
            let run = try await zone.box.shell(
                """
                imgadm create -s '\(script)' -o '\(zone.box.path("made"))' \(zone.uuid) name=web version=1 & pid=$!
                until [ ! -e "$(zfs get -H -o value mountpoint '\(zone.box.pool)/\(zone.uuid)')/root" ]; do sleep 0.05; done
                kill -\(signal) "$(pgrep -P $pid imgadm || echo $pid)"; wait $pid
                """)
            #expect(run.status == (signal == "INT" ? 130 : 143), "\(run)")
            let difference = Set(try await zone.everything()).symmetricDifference(before).sorted()
            #expect(difference == [], "\(run)")
        }
    }
}
