import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What a stream may not do, and which streams make no image (state.md, "Crash safety").
    @Suite struct StreamTests {
        /// A `zfs` before the real one, which keeps what it is called with in `calls` and what it receives in `received`.
        private func watchedZFS(_ box: Sandbox, after: String = "") async throws -> [String: String] {
            let real = try await Tool.shell("PATH=$PATH:/usr/sbin:/sbin; command -v zfs").dropLast()
            let folder = box.path("front")
            try box.write(
                """
                #!/bin/bash
                echo "$@" >> '\(box.root)/calls'
                if [[ $1 = receive && $# -gt 1 ]]; then tee '\(box.root)/received' | \(real) "$@"; else \(real) "$@"; fi
                result=$?
                \(after)
                exit $result
                """, to: "front/zfs")
            try await Tool.run("chmod", "+x", folder.appending("zfs").string)
            return ["PATH": "\(folder):\(ProcessEnvironment.variables["PATH"] ?? "")"]
        }

        /// A file and the manifest that goes with it.
        private func image(
            _ box: Sandbox, _ file: FilePath, _ changes: JSONObject = [:]
        ) async throws -> (uuid: String, arguments: [String]) {
            let uuid = TestUUID.make()
            let sha1 = try await Tool.run("sha1sum", file.string).prefix(40)
            var manifest: JSONObject = [
                "v": 2, "uuid": .string(uuid), "name": "x", "version": "1", "os": "linux", "type": "lx-dataset",
                "files": [
                    [
                        "sha1": .string(String(sha1)), "size": .number(JSONNumber(Int(try HostFile.size(file) ?? 0))),
                        "compression": "none",
                    ]
                ],
            ]
            for (key, value) in changes { manifest[key] = value }
            try box.write(JSONValue.object(manifest).text(), to: "\(uuid).json")
            return (uuid, ["install", "-m", box.path("\(uuid).json").string, "-f", file.string])
        }

        private func clean(_ box: Sandbox, _ uuid: String) async throws {
            #expect(try await box.datasets().allSatisfy { !$0.contains(uuid) })
            #expect(try box.recordNames().allSatisfy { !$0.contains(uuid) } && box.leftovers().isEmpty)
        }

        @Test(arguments: ["-p", "-R"])
        func propertiesOfTheStreamNeverReachZFS(option: String) async throws {
            let box = try await Sandbox.make()
            let source = "\(box.pool)/source"
            try await Tool.run(
                "zfs", "create", "-o", "canmount=noauto", "-o", "sharenfs=on", "-o", "sharesmb=on", "-o", "setuid=off",
                "-o", "devices=off", "-o", "exec=off", "-o", "org.example:note=evil", "-o", "imgadm:ignore=true",
                "-o", "mountpoint=\(box.root)/elsewhere", source)
            try await Tool.shell(
                """
                zfs mount \(source); echo content > '\(box.root)/elsewhere/file'
                zfs set quota=1g \(source); zfs set reservation=1m \(source)
                zfs snapshot \(source)@any; zfs send \(option) \(source)@any > '\(box.root)/image'
                zfs send \(source)@any > '\(box.root)/plain'
                zfs unmount \(source); rmdir '\(box.root)/elsewhere'
                """)
            let (uuid, install) = try await image(box, box.path("image"))
            let run = try await box.imgadm(install, environment: try await watchedZFS(box))
            #expect(run.status == 0, "\(run)")
            try await Tool.run("cmp", box.path("plain").string, box.path("received").string)
            let calls = try box.read("calls") ?? ""
            #expect(!calls.contains("set ") && !calls.contains("inherit"), "\(calls)")
            let sources = try await Tool.run("zfs", "get", "-H", "-o", "source", "all", "\(box.pool)/\(uuid)")
            #expect(!sources.contains("received") && !sources.contains("local"), "\(sources)")
            #expect(try await box.datasets().contains("\(uuid)@final") && !HostFile.exists(box.path("elsewhere")))
            #expect(try await box.imgadm("get", uuid).status == 0)
        }

        /// Kind, features, type, flags and the guid it builds on, as BEGIN has them; the manifest's type; the error.
        static let refused: [(what: String, begin: [UInt64], type: String, code: String)] = [
            ("redacted", [1, 1 << 21, 2, 0, 0], "lx-dataset", "UnsupportedImage"),
            ("raw", [1, 1 << 24 | 1 << 22, 2, 0, 0], "zone-dataset", "UnsupportedImage"),
            ("the rest of one", [1, 1 << 20, 2, 0, 0], "lx-dataset", "UnsupportedImage"),
            ("a volume", [1, 0, 3, 0, 0], "lx-dataset", "InvalidStream"),
            ("a volume", [1, 0, 3, 0, 0], "zone-dataset", "InvalidStream"),
            ("a file system", [1, 0, 2, 0, 0], "zvol", "InvalidStream"),
            ("something else", [1, 0, 4, 0, 0], "other", "InvalidStream"),
            ("incremental to its past", [1, 0, 2, 0, 99], "lx-dataset", "UnexpectedOrigin"),
            ("incremental without origin", [1, 0, 2, 1, 99], "lx-dataset", "UnexpectedOrigin"),
            ("of no known kind", [0, 0, 2, 0, 0], "lx-dataset", "InvalidStream"),
        ]

        @Test(arguments: refused)
        func whatIsNoImageIsRefusedBeforeItIsReceived(
            what: String, begin: [UInt64], type: String, code: String
        ) async throws {
            let box = try await Sandbox.make()
            func bytes(_ value: UInt64, _ width: Int) -> [UInt8] {
                (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
            }
            var stream = bytes(0, 8) + bytes(0x2_F5ba_cbac, 8) + bytes(begin[0] | begin[1] << 2, 8) + bytes(0, 8)
            stream += bytes(begin[2], 4) + bytes(begin[3], 4) + bytes(5, 8) + bytes(begin[4], 8) + Array("a/b@c".utf8)
            stream += [UInt8](repeating: 0, count: 100_000 - stream.count)
            try HostFile.write(stream, to: box.path("image"))
            var changes: JSONObject = ["type": .string(type)]
            if type == "zvol" {
                changes["nic_driver"] = "virtio"
                changes["disk_driver"] = "virtio"
                changes["cpu_type"] = "host"
                changes["image_size"] = 8
            }
            let (uuid, install) = try await image(box, box.path("image"), changes)
            let run = try await box.imgadm(install, environment: try await watchedZFS(box))
            #expect(run.status == 1 && run.errors.contains("error (\(code))"), "\(what): \(run)")
            #expect(try box.read("calls")?.contains("receive") == false, "\(what)")
            try await clean(box, uuid)
        }

        @Test func incrementsOfRealDatasetsThatAreNoImages() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let source = "\(box.pool)/source"
            try await Tool.shell(
                """
                zfs create \(source); zfs snapshot \(source)@a; echo more > "$(zfs get -H -o value mountpoint \(source))/more"
                zfs snapshot \(source)@b; zfs send -i @a \(source)@b > '\(box.root)/past'
                zfs clone \(source)@a \(source)2; zfs snapshot \(source)2@c
                zfs send -i \(source)@a \(source)2@c > '\(box.root)/clone'
                """)
            let past = try await image(box, box.path("past"))
            let first = try await box.imgadm(past.arguments)
            #expect(first.status == 1 && first.errors.contains("an earlier snapshot of its own dataset"), "\(first)")
            let (uuid, install) = try await image(box, box.path("clone"))
            let second = try await box.imgadm(install)
            #expect(second.status == 1 && second.errors.contains("its manifest states no origin"), "\(second)")
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", images.base.uuid).status == 0)
            let foreign = try await image(box, box.path("clone"), ["origin": .string(images.base.uuid)])
            let third = try await box.imgadm(foreign.arguments)
            #expect(third.status == 1 && third.errors.contains("error (UnexpectedOrigin)"), "\(third)")
            for uuid in [past.uuid, uuid, foreign.uuid] { try await clean(box, uuid) }
        }

        /// Its first bytes tell: the rest of it is not fetched.
        @Test(arguments: ["none", "gzip", "bzip2", "zstd"])
        func whatBuildsOnAnotherOriginIsRefusedAtItsBeginning(compression: String) async throws {
            let images = try await Fixture.get()
            let other = try await images.workshop.make(name: "other-origin", bytes: 1000)
            let image = try await images.workshop.make(
                name: "built-on-other", compression: compression, origin: other, bytes: 6_000_000)
            var manifest = image.manifest
            manifest["origin"] = .string(images.base.uuid)
            try images.workshop.save(manifest, image.uuid)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let run = try await box.imgadm("import", image.uuid)
            #expect(run.status == 1 && run.errors.contains("error (UnexpectedOrigin)"), "\(run)")
            #expect(!run.output.contains("Downloaded"), "\(run)")
            #expect(try await box.datasets() == [images.base.uuid, "\(images.base.uuid)@final"])
            #expect(try HostFile.names(in: box.path("var/tmp/.imgadm-downloads")).isEmpty)
        }

        /// What an earlier download has left may be of another file, or damaged: that is no reason to refuse the one that is there.
        @Test func aPartThatBuildsOnAnotherOriginIsThrownAway() async throws {
            let images = try await Fixture.get()
            let other = try await images.workshop.make(name: "origin-of-part", bytes: 1000)
            let wrong = try await images.workshop.make(
                name: "part", compression: "none", origin: other, bytes: 1_000_000)
            let right = try await images.workshop.make(
                name: "right", compression: "none", origin: images.base, bytes: 1_000_000)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let folder = box.path("var/tmp/.imgadm-downloads")
            try await Tool.shell(
                "mkdir -p -m 700 '\(folder)'; head -c 200000 '\(wrong.file)' > '\(folder)/\(right.uuid).file.partial'")
            let run = try await box.imgadm("import", right.uuid)
            #expect(run.status == 0 && run.errors.contains("starting anew"), "\(run)")
            #expect(try HostFile.names(in: folder).isEmpty)
        }

        @Test func aSnapshotThatIsTakenMeanwhileIsNotTheStreams() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try await Tool.shell("gzip -dc '\(images.base.file)' > '\(box.root)/image'")
            let (uuid, install) = try await image(box, box.path("image"))
            let zfs = try await watchedZFS(
                box,
                after: "[[ $1 != receive ]] || PATH=$PATH:/usr/sbin:/sbin zfs snapshot -r \(box.pool)@autosnap_x")
            let run = try await box.imgadm(install, environment: zfs)
            #expect(run.status == 0, "\(run)")
            let found = try await box.datasets().filter { $0.contains(uuid) }
            #expect(Set(found) == [uuid, "\(uuid)@final", "\(uuid)@autosnap_x"])
            #expect(try await box.imgadm("get", uuid).status == 0)
        }

        /// Two images of one file have the same snapshot. A ZFS that can be told takes the right one.
        @Test func anOriginThatIsThereTwice() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try await Tool.shell("gzip -dc '\(images.base.file)' > '\(box.root)/base'")
            try await Tool.shell("xz -dc '\(images.middle.file)' > '\(box.root)/middle'")
            var bases: [String] = []
            for _ in 0..<2 {
                let (uuid, install) = try await image(box, box.path("base"))
                bases.append(uuid)
                #expect(try await box.imgadm(install).status == 0)
            }
            var outcomes: [Int32] = []
            for base in bases {
                let (uuid, install) = try await image(box, box.path("middle"), ["origin": .string(base)])
                let run = try await box.imgadm(install)
                outcomes.append(run.status)
                if run.status == 0 {
                    let origin = try await Tool.run("zfs", "get", "-H", "-o", "value", "origin", "\(box.pool)/\(uuid)")
                    #expect(origin == "\(box.pool)/\(base)@final\n")
                } else {
                    #expect(run.errors.contains("they are the same snapshot"), "\(run)")
                    try await clean(box, uuid)
                }
            }
            let canChoose = try await Tool.shell("zfs receive 2>&1 | grep -c 'receive .*\\[-o ' || true") != "0\n"
            #expect(outcomes.sorted() == (canChoose ? [0, 0] : [0, 1]))
        }

        @Test func aFileWithoutAnyChecksumIsNotTakenSilently() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            var manifest = images.base.manifest
            manifest["files"] = nil
            try box.write(JSONValue.object(manifest).text(), to: "m")
            let install = try await box.imgadm("install", "-m", box.path("m").string, "-f", images.base.file.string)
            #expect(install.status == 0 && install.errors.contains("warning: the file of image"), "\(install)")
            #expect(try await box.imgadm("delete", images.base.uuid).status == 0)

            let server = try await CannedServer([:])
            try box.use(server.url)
            let bytes = try #require(try HostFile.read(images.base.file))
            let sha256 = try await Tool.run("sha256sum", images.base.file.string).prefix(64)
            for (digest, status, warns) in [(nil, 0, true), (sha256, 0, false), (Substring("00"), 1, false)] {
                var file: JSONObject = ["size": .number(JSONNumber(images.base.size)), "compression": "gzip"]
                if let digest {
                    file["digest"] = .string("sha256:" + digest + String(repeating: "0", count: 64 - digest.count))
                }
                manifest["files"] = [.object(file)]
                server.answer("/images/\(images.base.uuid)", bytes: Array(JSONValue.object(manifest).text().utf8))
                server.answer("/images/\(images.base.uuid)/file", bytes: bytes)
                let run = try await box.imgadm("import", images.base.uuid)
                #expect(run.status == status && run.errors.contains("warning: the file of image") == warns, "\(run)")
                if status == 0 { #expect(try await box.imgadm("delete", images.base.uuid).status == 0) }
            }
            // Nor does one count that is none, which its author takes for a check.
            for field in ["files.0.digest", "tags.file_digest"] {
                var file = try #require(images.base.manifest["files"]?[0]?.objectValue)
                file["digest"] = field == "files.0.digest" ? "sha256:ab" : nil
                manifest["files"] = [.object(file)]
                manifest["tags"] = field == "files.0.digest" ? [:] : ["file_digest": "blake3:ab"]
                server.answer("/images/\(images.base.uuid)", bytes: Array(JSONValue.object(manifest).text().utf8))
                let run = try await box.imgadm("import", images.base.uuid)
                #expect(run.status == 0 && run.errors.contains("is not checked by the \(field) of its"), "\(run)")
                #expect(try await box.imgadm("delete", images.base.uuid).status == 0)
            }
        }
    }
}
