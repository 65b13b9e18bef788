import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Images of bare datasets (create.md).
    @Suite struct CreateTests {
        static let compressions = ["none", "gzip", "bzip2", "xz", "zstd"]
        static let suffixes = ["none": "", "gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"]

        @Test(arguments: compressions)
        func whatIsMadeCanBeInstalled(compression: String) async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            let run = try await box.imgadm(
                ["create", "-c", compression, "-o", box.root.string, vm.uuid] + BareMachine.fields)
            #expect(run.status == 0, "\(run)")
            #expect(try await vm.everything() == before)
            let file = box.path("web-1.0.0.zfs" + (CreateTests.suffixes[compression] ?? "?"))
            let manifestFile = box.path("web-1.0.0.imgmanifest")
            #expect(
                run.lines.suffix(3) == [
                    "Snapshotting to \"\(vm.dataset)@final\"", "Sending image file to \"\(file)\"",
                    "Saving manifest to \"\(manifestFile)\"",
                ])
            if compression != "none" { try await Tool.shell("\(compression) -tq < '\(file)'") }
            let manifest = try JSONValue(parsing: try HostFile.read(manifestFile) ?? [])
            #expect(manifest["files"]?[0]?["compression"]?.stringValue == compression)
            #expect(try manifest["files"]?[0]?["size"]?.intValue == HostFile.size(file).map { Int($0) })
            let other = try await Sandbox.make()
            let install = try await other.imgadm("install", "-m", manifestFile.string, "-f", file.string)
            #expect(install.status == 0, "\(install)")
            let root = try await other.rootFolder(manifest["uuid"]?.stringValue ?? "")
            #expect(try await TreeListing.of(root) == TreeListing.of(vm.folder.appending("root")))
        }

        @Test func incrementalImages() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.middle.uuid).status == 0)
            let vm = try await BareMachine.make(in: box, origin: images.middle.uuid)
            let run = try await box.imgadm(
                "create", "-i", "-c", "gzip", "-o", box.path("made").string, vm.uuid, "name=web", "version=2")
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.first == "Inheriting from origin image \(images.middle.uuid) (middle 1.0.0)")
            let manifest = try JSONValue(parsing: try HostFile.read(box.path("made.imgmanifest")) ?? [])
            #expect(manifest["origin"]?.stringValue == images.middle.uuid)
            #expect(manifest["type"] == "zone-dataset" && manifest["os"] == "linux")
            let other = try await Sandbox.make()
            try other.use(images.server.url)
            let missing = try await other.imgadm(
                "install", "-m", box.path("made.imgmanifest").string, "-f", box.path("made.zfs.gz").string)
            #expect(missing.status == 3, "\(missing)")
            #expect(try await other.imgadm("import", images.middle.uuid).status == 0)
            let install = try await other.imgadm(
                "install", "-m", box.path("made.imgmanifest").string, "-f", box.path("made.zfs.gz").string)
            #expect(install.status == 0, "\(install)")
            let root = try await other.rootFolder(manifest["uuid"]?.stringValue ?? "")
            #expect(try await TreeListing.of(root) == TreeListing.of(vm.folder.appending("root")))
        }

        /// What is mounted is in use by nobody because a script runs somewhere else.
        @Test func otherImagesCanGoWhileAScriptRuns() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let vm = try await BareMachine.make(in: box)
            try box.write(
                BareMachine.script(
                    """
                    echo > /begun
                    until [ -e /end ]; do sleep 0.05; done
                    rm /begun /end; mdata-put prepare-image:state success
                    """), to: "script")
            async let made = box.imgadm(
                ["create", "-s", box.path("script").string, "-o", box.root.string, vm.uuid] + BareMachine.fields)
            let (begun, end) = (vm.folder.appending("root/begun"), vm.folder.appending("root/end"))
            for _ in 0..<6000 where try !HostFile.exists(begun) { try await Task.sleep(for: .milliseconds(50)) }
            let deleted = try await box.imgadm("delete", images.base.uuid)
            try HostFile.write([], to: end)
            #expect(deleted.status == 0, "\(deleted)")
            let run = try await made
            #expect(run.status == 0, "\(run)")
        }

        /// `--max-origin-depth N`: at most N parents.
        @Test func theChainHasItsLimit() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.top.uuid).status == 0)
            for (origin, most, status) in [(images.top, 2, 1), (images.top, 3, 0), (images.middle, 2, 0)]
                as [(TestImage, Int, Int32)]
            {
                let vm = try await BareMachine.make(in: box, origin: origin.uuid)
                let run = try await box.imgadm(
                    "create", "-f", "-i", "--max-origin-depth", "\(most)", "-o", box.path("deep").string, vm.uuid,
                    "name=web",
                    "version=2")
                #expect(run.status == status, "\(run)")
                guard status != 0 else { continue }
                #expect(run.errors.contains("error (MaxOriginDepth): the image would have 3 parents"), "\(run)")
            }
        }

        /// An image of type docker is an archive; of a dataset on top of it becomes a stream.
        @Test func machinesOfDockerImages() async throws {
            let box = try await Sandbox.make()
            let layer = TestUUID.make()
            try await Tool.shell(
                """
                cd '\(box.root)' && echo x > x && tar -cf layer.tar x
                printf '{"v":2,"uuid":"%s","name":"a","version":"1","type":"docker","os":"linux"}' \(layer) > layer.json
                """)
            let install = try await box.imgadm(
                "install", "-m", box.path("layer.json").string, "-f", box.path("layer.tar").string)
            #expect(install.status == 0, "\(install)")
            let vm = try await BareMachine.make(in: box, origin: layer)
            let before = try await vm.everything()
            let output = ["create", "-o", box.path("made").string, vm.uuid, "name=web", "version=1"]
            let incremental = try await box.imgadm(output + ["-i"])
            #expect(incremental.errors.contains("error (UnsupportedImage)"), "\(incremental)")
            let typed = try await box.imgadm(output + ["type=docker"])
            #expect(typed.errors.contains("error (ManifestValidation)"), "\(typed)")
            #expect(try await vm.everything() == before)
            let run = try await box.imgadm(output)
            #expect(run.status == 0, "\(run)")
            let other = try await Sandbox.make()
            let there = try await other.imgadm(
                "install", "-m", box.path("made.imgmanifest").string, "-f", box.path("made.zfs").string)
            #expect(there.status == 0, "\(there)")
            #expect(try await other.imgadm("list", "-Ho", "type", "zpool=\(other.pool)").lines == ["lx-dataset"])
        }

        @Test func aScriptRunsInTheRootAndLeavesTheMachineAsItWas() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try box.write(
                BareMachine.script(
                    """
                    [ "$(mdata-get prepare-image:state)" = running ] || exit 1
                    [ ! -e /../etc/passwd ] && [ "$$" = 1 ] || exit 2
                    echo prepared > /etc/state; rm /noise; sleep 0.1
                    mdata-put prepare-image:state success
                    """), to: "script")
            let before = try await vm.everything()
            let run = try await box.imgadm(
                ["create", "-s", box.path("script").string, "-o", box.path("made").string, vm.uuid] + BareMachine.fields
            )
            #expect(run.status == 0, "\(run)")
            #expect(try await vm.everything() == before)
            for line in [
                "Snapshotting VM \"\(vm.uuid)\" to @imgadm-create-pre-prepare",
                "Preparing VM \(vm.uuid) (starting it)", "Prepare script is running", "Prepare script succeeded",
                "Prepare script stopped VM \(vm.uuid)", "Rollback VM \(vm.uuid) to pre-prepare snapshot (cleanup)",
            ] { #expect(run.lines.contains(line), "\(line): \(run)") }
            let other = try await Sandbox.make()
            let install = try await other.imgadm(
                "install", "-m", box.path("made.imgmanifest").string, "-f", box.path("made.zfs").string)
            #expect(install.status == 0, "\(install)")
            let manifest = try JSONValue(parsing: try HostFile.read(box.path("made.imgmanifest")) ?? [])
            let root = try await other.rootFolder(manifest["uuid"]?.stringValue ?? "")
            // The image has what the script did, and nothing of what it ran with.
            #expect(try await Tool.run("cat", root.appending("etc/state").string) == "prepared\n")
            #expect(try !HostFile.exists(root.appending("noise")) && HostFile.names(in: root.appending("run")).isEmpty)
        }

        static let failing: [(name: String, script: String, code: String, text: String)] = [
            (
                "it says so", "mdata-put prepare-image:error 'no such disk'; mdata-put prepare-image:state error",
                "PrepareImageError", "no such disk"
            ),
            ("it ends without a word", "rm /noise; exit 0", "PrepareImageError", "stopped"),
            (
                "it fails in the middle", "echo first; echo 'no disk' >&2; exit 1", "PrepareImageError",
                "stopped; the last that it printed: \"no disk\"\n  hint: a script says \"mdata-put"
            ),
            ("it goes on for ever", "while :; do sleep 1; done", "PrepareImageError", "within"),
            (
                "it goes on after its success", "mdata-put prepare-image:state success; sleep 100", "PrepareImageError",
                "did not stop"
            ),
            ("it kills itself", "kill -9 1; kill -9 $$; exit 9", "PrepareImageError", ""),
        ]

        @Test(arguments: failing)
        func aScriptThatFails(name: String, script: String, code: String, text: String) async throws {
            // Of those that go on, it is how long the test takes.
            let box = try await Sandbox.make(environment: [
                "IMGADM_PREPARE_TIMEOUT": name.contains("goes on") ? "6" : "60"
            ])
            let vm = try await BareMachine.make(in: box)
            try box.write(BareMachine.script("rm -r /etc\n\(script)"), to: "script")
            let before = try await vm.everything()
            let run = try await box.imgadm(
                ["create", "-s", box.path("script").string, "-o", box.path("made").string, vm.uuid] + BareMachine.fields
            )
            #expect(run.status == 1 && run.errors.contains("error (\(code))"), "\(name): \(run)")
            #expect(run.errors.contains(text), "\(name): \(run)")
            #expect(try await vm.everything() == before, "\(name)")
            #expect(try HostFile.names(in: box.root).allSatisfy { !$0.hasPrefix("made") })
        }

        /// It is root in there, and can put anything in the place of what it shares with us.
        @Test(arguments: [
            "rm -r /proc/fs/nfsd/metadata; ln -s 'PRECIOUS' /proc/fs/nfsd/metadata",
            "rm -r /proc/fs/nfsd/bin; ln -s 'PRECIOUS' /proc/fs/nfsd/bin",
            "mkdir -p /proc/fs/nfsd/metadata/a/b /proc/fs/nfsd/bin/c; mkfifo /proc/fs/nfsd/metadata/pipe /proc/fs/nfsd/metadata/prepare-image:error",
            "rm -r /proc/fs/nfsd/metadata; mkfifo /proc/fs/nfsd/metadata",
            "echo 'exit 0' > /proc/fs/nfsd/script; echo '1 1' > /proc/fs/nfsd/pid",
        ])
        func aScriptThatMeddles(script: String) async throws {
            let box = try await Sandbox.make(environment: ["IMGADM_PREPARE_TIMEOUT": "60"])
            let vm = try await BareMachine.make(in: box)
            let precious = box.path("precious")
            try box.write("keep", to: "precious/prepare-image:state")
            let lines = script.split(separator: "PRECIOUS", omittingEmptySubsequences: false)
            try box.write(
                BareMachine.script("rm /noise; sleep 1; \(lines.joined(separator: precious.string)); exit 1"),
                to: "script")
            let before = try await vm.everything()
            let run = try await box.imgadm(
                ["create", "-s", box.path("script").string, "-o", box.path("made").string, vm.uuid] + BareMachine.fields
            )
            #expect(run.status == 1 && run.errors.contains("error (PrepareImageError)"), "\(run)")
            #expect(try await vm.everything() == before)
            #expect(try box.read("precious/prepare-image:state") == "keep")
            #expect(try HostFile.names(in: precious) == ["prepare-image:state"])
        }

        @Test func aScriptThatNeverBegins() async throws {
            let box = try await Sandbox.make(environment: ["IMGADM_PREPARE_TIMEOUT": "2"])
            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            for text in ["#!/bin/sh\nsleep 100\n", "#!/no/such/interpreter\n", ""] {
                try box.write(text, to: "script")
                let run = try await box.imgadm(
                    ["create", "-s", box.path("script").string, "-o", box.path("made").string, vm.uuid]
                        + BareMachine.fields)
                #expect(run.status == 1 && run.errors.contains("error (PrepareImageDidNotRun)"), "\(text): \(run)")
                #expect(try await vm.everything() == before)
            }
        }

        @Test func whatIsInUseIsNotStopped() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let run = try await box.shell(
                """
                noise='\(vm.folder)/root/noise'; sleep 600 < "$noise" & pid=$!
                until [ /proc/$pid/fd/0 -ef "$noise" ]; do sleep 0.05; done
                imgadm create -o '\(box.root)' \(vm.uuid) \(BareMachine.fields.joined(separator: " ")); status=$?
                kill $pid; exit $status
                """)
            #expect(run.status == 1 && run.errors.contains("error (VmNotStopped)"), "\(run)")
        }

        @Test func aSnapshotOfTheNameIsTheMachinesAgain() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try await Tool.run("zfs", "snapshot", "\(vm.dataset)@final")
            func guid() async throws -> String {
                try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", "\(vm.dataset)@final")
            }
            let before = (try await vm.everything(), try await guid())
            let create = ["create", "-f", "-o", box.path("made").string, vm.uuid] + BareMachine.fields
            let run = try await box.imgadm(create)
            #expect(run.status == 0, "\(run)")
            #expect(try await vm.everything() == before.0)
            #expect(try await guid() == before.1)
            // Also where it fails, and where it is killed after each step.
            let failing = try await box.imgadm(["create", "-o", "/dev/full/x", vm.uuid] + BareMachine.fields)
            #expect(failing.status != 0)
            #expect(try await guid() == before.1)
            for verb in ["rename", "snapshot", "send", "destroy"] {
                let real = try await Tool.shell("PATH=$PATH:/usr/sbin:/sbin; command -v zfs").dropLast()
                try box.write(
                    "#!/bin/bash\n\(real) \"$@\"; result=$?\nif [[ $1 = \(verb) ]]; then kill -9 $PPID; fi\nexit $result\n",
                    to: "front/zfs")
                try await Tool.run("chmod", "+x", box.path("front/zfs").string)
                let path = "\(box.path("front")):\(ProcessEnvironment.variables["PATH"] ?? "")"
                let killed = try await box.imgadm(create, environment: ["PATH": path])
                #expect(killed.status != 0, "\(verb): \(killed)")
                try await box.settle()
                #expect(try await box.imgadm("list", "-H").status == 0)
                #expect(try await vm.everything() == before.0, "\(verb)")
                #expect(try await guid() == before.1, "\(verb)")
                #expect(try await box.imgadm(create).status == 0, "\(verb)")
            }
        }

        static let mistakes: [(words: [String], status: Int32, code: String)] = [
            (["VM"], 1, "ManifestValidation"), (["VM", "name=x"], 1, "ManifestValidation"),
            (["VM", "nonsense"], 2, "Usage"), (["VM", "=x"], 2, "Usage"), ([], 2, "Usage"), (["x"], 1, "InvalidUUID"),
            (["01234567-89ab-cdef-0123-456789abcdef"], 1, "VmNotFound"), (["-c", "rar", "VM"], 2, "Option"),
            (["-i", "VM", "FIELDS"], 1, "VmHasNoOrigin"), (["--max-origin-depth", "1", "VM"], 2, "Option"),
            (["-s", "/no/script", "VM"], 2, "Usage"), (["-m", "/no/manifest", "VM"], 2, "Usage"),
            (["-o", "/no/folder/x", "VM", "FIELDS"], 2, "Usage"), (["-m", "/dev/null", "VM"], 1, "InvalidManifest"),
            (["--recover", "VM"], 0, ""), (["VM", "FIELDS", "requirements={\"x\":1}"], 1, "ManifestValidation"),
        ]

        @Test(arguments: mistakes)
        func mistakesChangeNothing(words: [String], status: Int32, code: String) async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let before = try await vm.everything()
            let arguments = words.flatMap { $0 == "VM" ? [vm.uuid] : $0 == "FIELDS" ? BareMachine.fields : [$0] }
            let run = try await box.imgadm(["create"] + arguments)
            #expect(run.status == status, "\(words): \(run)")
            #expect(code.isEmpty || run.errors.contains("error (\(code))"), "\(words): \(run)")
            #expect(try await vm.everything() == before)
        }

        @Test func fieldsAndManifest() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try box.write(
                "{\"name\": \"From Manifest\", \"version\": \"1\", \"type\": \"other\", \"os\": \"linux\", \"tags\": {\"a\": \"b\"}}",
                to: "manifest.json")
            let run = try await box.shell(
                """
                cd '\(box.root)' && imgadm create -m manifest.json \(vm.uuid) version=2 public=true requirements.min_ram=64 &&
                imgadm create -m - \(vm.uuid) version=3 < manifest.json
                """)
            #expect(run.status == 0, "\(run)")
            let manifest = try JSONValue(parsing: try HostFile.read(box.path("from-manifest-2.imgmanifest")) ?? [])
            #expect(manifest["name"] == "From Manifest" && manifest["version"] == "2" && manifest["public"] == true)
            #expect(manifest["requirements"] == ["min_ram": 64] && manifest["tags"] == ["a": "b"])
            #expect(try HostFile.exists(box.path("from-manifest-3.zfs")))
        }
    }
}
