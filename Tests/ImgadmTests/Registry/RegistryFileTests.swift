import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm import oci:…`: what others keep in registries becomes images here.
    @Suite struct RegistryFileTests {
        /// A disk of 20 MiB as `disk.raw` and `disk.qcow2`, and what compares it with that of the only image.
        private static let disk = """
            truncate -s 20971520 disk.raw
            seq 1 200000 | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
            head -c 2000000 /dev/urandom | dd of=disk.raw bs=4096 seek=2000 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2
            """
        private static let isDisk = """
            imgadm export -q --force -o back.raw $(imgadm list -H -o uuid)
            cmp back.raw disk.raw
            """

        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        private func box() async throws -> Sandbox {
            let box = try await Sandbox.make()
            let made = try await run(Self.disk, in: box)
            try #require(made.status == 0, "\(made)")
            return box
        }

        private func manifest(_ box: Sandbox) throws -> JSONValue {
            let names = try box.recordNames()
            try #require(names.count == 1)
            let record = try JSONValue(parsing: try #require(try box.read("var/imgadm/images/\(names[0])")))
            return try #require(record["manifest"])
        }

        private func expectNothing(in box: Sandbox) async throws {
            #expect(try await box.datasets() == [])
            #expect(try box.recordNames() == [] && box.leftovers() == [])
        }

        /// Pushes an artifact of files.
        ///
        /// - Parameter files: their names in the sandbox, media types, and annotations.
        @discardableResult
        private func artifact(
            _ registry: RegistryServer, _ repository: String, _ tag: String?, type: String, in box: Sandbox,
            _ files: [(name: String, type: String, notes: JSONObject)], notes: JSONObject = [:]
        ) async throws -> (digest: String, size: Int) {
            let config = try await registry.push([:], to: repository)
            var layers: [JSONValue] = []
            for file in files {
                let path = box.path(file.name)
                let digest = try await registry.push(path, to: repository)
                let size = Int(try HostFile.size(path) ?? 0)
                var layer = RegistryServer.descriptor(file.type, digest, size).objectValue ?? [:]
                layer["annotations"] = .object(file.notes)
                layers.append(.object(layer))
            }
            return try await registry.manifest(
                [
                    "schemaVersion": 2, "mediaType": .string(RegistryServer.manifestType),
                    "artifactType": .string(type),
                    "config": RegistryServer.descriptor(
                        "application/vnd.oci.empty.v1+json", config.digest, config.size),
                    "layers": .array(layers), "annotations": .object(notes),
                ], type: RegistryServer.manifestType, to: repository, tag)
        }

        @Test func aContainerDiskBecomesTheDiskInItAndIsKnownByOneRequest() async throws {
            let box = try await box()
            let registry = try await RegistryFixture.get().registry
            let name = "containerdisks/fedora"
            let layer = try await registry.layer(
                name, "mkdir disk; cp \(box.path("disk.qcow2")) disk/Fedora-Cloud-Base.qcow2; chown -R 107:107 disk")
            try await registry.image(
                name, "43", [layer],
                config: ["config": ["Labels": ["org.opencontainers.image.description": "a cloud image"]]])
            let proxy = try await FaultProxy(to: registry.port, path: "/v2/", [])
            let reference = "oci:\(proxy.url.dropFirst(7))/\(name):43"
            let made = try await run(
                """
                imgadm show \(reference) > shown
                imgadm import \(reference) > said
                \(Self.isDisk)
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let manifest = try manifest(box)
            #expect(manifest["name"] == "fedora" && manifest["version"] == "43" && manifest["os"] == "linux")
            #expect(manifest["type"] == "zvol" && manifest["image_size"] == 20)
            #expect(manifest["description"] == "a cloud image")
            #expect(manifest["published_at"] == "2026-01-02T03:04:05.678Z")
            let shown = try JSONValue(parsing: try #require(try box.read("shown")))
            #expect(shown == manifest)
            // By the rule for files, of the layer.
            let text = "imgadm disk 1 \(layer.digest)"
            let hash = try await Tool.shell("printf '%s' '\(text)' | sha256sum")
            #expect(manifest["uuid"]?.stringValue?.prefix(8) == hash.prefix(8))

            let before = proxy.requests.count
            let again = try await run("imgadm import \(reference)", in: box)
            #expect(again.status == 0 && again.output.contains("already installed, skipping"), "\(again)")
            #expect(
                proxy.requests.dropFirst(before).map { $0.prefix { $0 != "\r\n" } } == [
                    "HEAD /v2/\(name)/manifests/43 HTTP/1.1"
                ])
            #expect(try box.leftovers() == [])
        }

        /// What layers hide counts for nothing, wherever the disk is, and the index says for which machine.
        @Test func layersHideWhatIsBelowThem() async throws {
            let box = try await box()
            let registry = try await RegistryFixture.get().registry
            let name = "containerdisks/layers"
            let layers = [
                try await registry.layer(name, "mkdir disk etc; echo old > disk/old.img; echo a > etc/a"),
                try await registry.layer(name, "mkdir disk; echo older > disk/older.img; touch disk/.wh.old.img"),
                try await registry.layer(
                    name, "mkdir -p disk; touch disk/.wh..wh..opq; cp \(box.path("disk.raw")) disk/new.img",
                    compression: "zstd"),
                try await registry.layer(name, "echo b > beside", compression: "none"),
            ]
            let mine = try await registry.image(name, nil, layers)
            let other = try await registry.image(
                name, nil, [try await registry.layer(name, "mkdir disk; echo x > disk/x")],
                config: ["architecture": "s390x"])
            func entry(_ image: (digest: String, size: Int), _ architecture: String) -> JSONValue {
                var entry =
                    RegistryServer.descriptor(RegistryServer.manifestType, image.digest, image.size).objectValue ?? [:]
                entry["platform"] = ["os": "linux", "architecture": .string(architecture)]
                return .object(entry)
            }
            try await registry.manifest(
                [
                    "schemaVersion": 2, "mediaType": .string(RegistryServer.indexType),
                    "manifests": [entry(other, "s390x"), entry(mine, RegistryServer.architecture)],
                ], type: RegistryServer.indexType, to: name, "latest")
            let made = try await run(
                """
                imgadm import -q oci:\(registry.host)/\(name) version=7 tags.team=web
                \(Self.isDisk)
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let manifest = try manifest(box)
            #expect(manifest["version"] == "7" && manifest["tags"]?["team"] == "web")
            let missing = try await box.imgadm("import", "--platform", "linux/ppc64le", "oci:\(registry.host)/\(name)")
            #expect(missing.status == 1 && missing.errors.contains("PlatformNotFound"), "\(missing)")
        }

        @Test func whatIsNoOneDiskIsRefusedAndNothingStays() async throws {
            let box = try await box()
            let registry = try await RegistryFixture.get().registry
            let disk = "cp \(box.path("disk.qcow2")) disk/a.qcow2"
            let wrong: [(script: [String], code: String)] = [
                (["mkdir disk; \(disk); echo b > disk/b"], "InvalidLayer"),
                (["mkdir disk; echo b > disk/b", "mkdir disk; \(disk)"], "InvalidLayer"),
                (["mkdir disk; \(disk); ln disk/a.qcow2 disk/b"], "InvalidLayer"),
                (["mkdir elsewhere; ln -s elsewhere disk", "mkdir x disk; \(disk); rm -r x"], ""),
                (["mkdir disk; head -c 100000 \(box.path("disk.qcow2")) > disk/a.qcow2"], "InvalidFile"),
            ]
            for (number, one) in wrong.enumerated() {
                let name = "wrong/n\(number)"
                var layers: [PushedLayer] = []
                for script in one.script { layers.append(try await registry.layer(name, script)) }
                try await registry.image(name, "1", layers)
                let run = try await box.imgadm("import", "oci:\(registry.host)/\(name):1")
                if one.code.isEmpty {
                    #expect(run.status == 0, "\(one)\n\(run)")
                    _ = try await self.run("imgadm delete $(imgadm list -H -o uuid)", in: box)
                } else {
                    #expect(run.status == 1 && run.errors.contains("(\(one.code))"), "\(one)\n\(run)")
                }
                try await expectNothing(in: box)
            }
            // A layer below the disk that is not what its digest says: told before the disk is one.
            let name = "wrong/below"
            let below = try await registry.layer(name, "echo below > below", compression: "none")
            try await registry.image(name, "1", [below, try await registry.layer(name, "mkdir disk; \(disk)")])
            let digest = below.digest.dropFirst(7)
            let blob = registry.storage.appending(
                "docker/registry/v2/blobs/sha256/\(digest.prefix(2))/\(digest)/data")
            try await Tool.shell("printf X | dd of='\(blob)' bs=1 seek=1026 conv=notrunc status=none")
            let run = try await box.imgadm("import", "oci:\(registry.host)/\(name):1")
            #expect(run.status == 1 && run.errors.contains("DownloadError"), "\(run)")
            try await expectNothing(in: box)
        }

        /// KubeVirt's exports, podman's machine-os, and what oras pushes.
        /// Blocks of bzip2 are larger than what is looked at first; those of xz with threads come out late.
        @Test(arguments: ["bzip2 -9", "xz -T2"])
        func aFileIsKnownHoweverItIsPacked(packer: String) async throws {
            let box = try await box()
            let registry = try await RegistryFixture.get().registry
            let name = packer.hasPrefix("bzip2") ? "disk.qcow2.bz2" : "disk.qcow2.xz"
            let packed = try await run(
                "qemu-img convert -O qcow2 disk.raw p.qcow2; \(packer) -c p.qcow2 > \(name)", in: box)
            try #require(packed.status == 0, "\(packed)")
            try await artifact(
                registry, "vm/packed", "\(name)", type: "", in: box,
                [(name, "application/octet-stream", ["org.opencontainers.image.title": .string(name)])])
            let made = try await run(
                """
                imgadm show oci:\(registry.host)/vm/packed:\(name) | grep '"image_size": 20'
                imgadm import -q oci:\(registry.host)/vm/packed:\(name)
                \(Self.isDisk)
                """, in: box)
            #expect(made.status == 0, "\(made)")
        }

        @Test func filesOfArtifactsBecomeImages() async throws {
            let box = try await box()
            let registry = try await RegistryFixture.get().registry
            let prepared = try await run(
                """
                zstd -q -c disk.raw > root.raw.zst; echo data > data.raw; truncate -s 1M data.raw
                zstd -q -c data.raw > data.raw.zst; zstd -q -c disk.qcow2 > podman-machine.qemu.qcow2.zst
                mkdir -p tree/etc; printf 'ID=demo\\nVERSION_ID=9\\n' > tree/etc/os-release
                tar -C tree -cJf rootfs.tar.xz .
                """, in: box)
            try #require(prepared.status == 0, "\(prepared)")
            let raw = "application/vnd.kubevirt.disk.raw+zstd"
            try await artifact(
                registry, "vm/export", "1.0", type: "application/vnd.kubevirt.virtualmachine.v1", in: box,
                [
                    ("root.raw.zst", raw, ["io.kubevirt.disk.name": "rootdisk"]),
                    ("data.raw.zst", raw, ["io.kubevirt.disk.name": "datadisk"]),
                ])
            let bare = try await box.imgadm("import", "\(registry.host)/vm/export:1.0")
            #expect(bare.status == 1 && bare.errors.contains("imgadm import oci:"), "\(bare)")
            let machine = try await artifact(
                registry, "vm/machine", nil, type: "", in: box,
                [
                    (
                        "podman-machine.qemu.qcow2.zst", "application/zstd",
                        ["org.opencontainers.image.title": "podman-machine.qemu.qcow2.zst"]
                    )
                ])
            func entry(_ kind: String) -> JSONValue {
                [
                    "mediaType": .string(RegistryServer.manifestType), "digest": .string(machine.digest),
                    "size": .number(JSONNumber(machine.size)), "annotations": ["disktype": .string(kind)],
                    "platform": [
                        "os": "linux",
                        "architecture": .string(RegistryServer.architecture == "amd64" ? "x86_64" : "aarch64"),
                    ],
                ]
            }
            try await registry.manifest(
                [
                    "schemaVersion": 2, "mediaType": .string(RegistryServer.indexType),
                    "manifests": [entry("applehv"), entry("qemu")],
                ], type: RegistryServer.indexType, to: "vm/machine", "5.0")
            try await artifact(
                registry, "vm/oras", "2.1", type: "application/vnd.unknown.artifact.v1", in: box,
                [
                    (
                        "disk.qcow2", "application/octet-stream",
                        ["org.opencontainers.image.title": "out/debian-13.qcow2"]
                    )
                ], notes: ["org.opencontainers.image.title": "web", "org.opencontainers.image.version": "2.1.7"])
            try await artifact(
                registry, "vm/root", "latest", type: "application/x-mine", in: box,
                [
                    (
                        "rootfs.tar.xz", "application/vnd.oci.image.layer.v1.tar",
                        ["org.opencontainers.image.title": "rootfs.tar.xz"]
                    )
                ])
            let host = "oci:\(registry.host)/vm"
            let several = try await box.imgadm("import", "\(host)/export:1.0")
            #expect(several.status == 2 && several.errors.contains("\"rootdisk\", \"datadisk\""), "\(several)")
            for (reference, name) in [
                ("--disk rootdisk \(host)/export:1.0", "export@1.0"), ("\(host)/machine:5.0", "machine@5.0"),
                ("\(host)/oras:2.1", "web@2.1.7"),
            ] {
                let made = try await run(
                    """
                    imgadm show \(reference) > shown
                    imgadm import \(reference) > said
                    \(Self.isDisk)
                    test "$(imgadm list -H -o uuid)" = "$(sed -n 's/.*"uuid": "\\(.*\\)".*/\\1/p' shown)"
                    imgadm import \(reference) | grep 'already installed, skipping'
                    imgadm delete \(name)
                    """, in: box)
                #expect(made.status == 0, "\(reference)\n\(made)")
            }
            // Two of one name: the digest tells them apart.
            let twins = ["root.raw.zst", "data.raw.zst"].map { name in
                (name: name, type: raw, notes: ["io.kubevirt.disk.name": "disk"] as JSONObject)
            }
            try await artifact(
                registry, "vm/twins", "1", type: "application/vnd.kubevirt.virtualmachine.v1", in: box, twins)
            let both = try await box.imgadm("import", "--disk", "disk", "\(host)/twins:1")
            let digest = try await Tool.shell("sha256sum '\(box.path("root.raw.zst"))'").prefix(64)
            #expect(both.status == 2 && both.errors.contains("sha256:\(digest)"), "\(both)")
            for chosen in ["sha256:\(digest)", String(digest.prefix(12))] {
                let made = try await run(
                    "imgadm import --disk \(chosen) \(host)/twins:1\n\(Self.isDisk)\nimgadm delete twins", in: box)
                #expect(made.status == 0, "\(chosen)\n\(made)")
            }
            let none = try await box.imgadm("import", "--disk", "sha256:\(digest.reversed())", "\(host)/twins:1")
            #expect(none.status == 2 && none.errors.contains("has no file that is called"), "\(none)")
            let root = try await run("imgadm import \(host)/root\nimgadm get $(imgadm list -H -o uuid) > got", in: box)
            #expect(root.status == 0, "\(root)")
            #expect(try manifest(box)["name"] == "demo-9" && manifest(box)["type"] == "lx-dataset")
        }

        @Test func anImageToRunBecomesWhatItIsWithoutTheWord() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            let fields = try await box.imgadm("import", "oci:\(fixture.reference)", "name=x")
            #expect(fields.status == 2 && fields.errors.contains("type=zvol"), "\(fields)")
            let forced = try await box.imgadm("import", "oci:\(fixture.reference)", "type=zvol")
            #expect(forced.status == 1 && forced.errors.contains("no file below disk/"), "\(forced)")
            try await expectNothing(in: box)
            let run = try await box.imgadm("import", "oci:\(fixture.reference)")
            let uuids = try await RegistryFixture.uuids(fixture.layers)
            #expect(run.status == 0, "\(run)")
            #expect(Set(try await box.datasets()) == Set(uuids.flatMap { [$0, "\($0)@final"] }), "\(run)")
            let again = try await box.imgadm("import", "oci:\(fixture.reference)")
            #expect(again.status == 0 && again.output.contains("already installed, skipping"), "\(again)")
            let show = try await box.imgadm("show", "oci:\(fixture.reference)")
            #expect(show.output == (try await box.imgadm("show", fixture.reference)).output)
        }

        /// What no image can be made of is called by its name.
        @Test func theOthersAreRefusedByName() async throws {
            let box = try await Sandbox.make()
            let registry = try await RegistryFixture.get().registry
            try box.write(String(repeating: "content ", count: 100), to: "file")
            let wrong: [(type: String, layer: String, message: String)] = [
                ("", "application/vnd.cirruslabs.tart.disk.v2", "a virtual machine of tart"),
                ("", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"),
                ("application/vnd.cncf.helm.config.v1+json", "application/octet-stream", "a chart of Helm"),
                (
                    "application/vnd.imgadm.image.v1", "application/octet-stream",
                    "imgadm sources -a oci://\(registry.host)/others/n3 adds"
                ),
                ("application/x-\u{1b}[31m", "application/octet-stream", "neither a disk nor the archive"),
            ]
            for (number, one) in wrong.enumerated() {
                try await artifact(
                    registry, "others/n\(number)", "1", type: one.type, in: box, [("file", one.layer, [:])])
                let run = try await box.imgadm("import", "oci:\(registry.host)/others/n\(number):1")
                #expect(run.status == 1 && run.errors.contains(one.message), "\(one)\n\(run)")
                #expect(!run.errors.contains("\u{1b}"))
            }
            // Without oci:, and by its UUID, too.
            let uuid = TestUUID.make()
            try await artifact(
                registry, "others/own", uuid, type: "application/vnd.imgadm.image.v1", in: box,
                [("file", "application/octet-stream", [:])])
            for scheme in ["", "oci:"] {
                let run = try await box.imgadm("import", "\(scheme)\(registry.host)/others/own:\(uuid)")
                let says = "hint: imgadm import -S oci://\(registry.host)/others/own \(uuid)\n"
                #expect(run.status == 1 && run.errors.contains(says), "\(run)")
            }
            let helm = try await box.imgadm("import", "\(registry.host)/others/n2:1")
            #expect(helm.errors.contains("imgadm import oci:\(registry.host)/others/n2:1 takes"), "\(helm)")
            let url = try await box.imgadm("import", "oci:\(registry.host)/none:1")
            #expect(url.status == 1 && url.errors.contains("ImageNotFound"), "\(url)")
            let bad = try await box.imgadm("import", "oci:UPPER/case")
            #expect(bad.status != 0 && bad.errors.contains("InvalidReference"), "\(bad)")
            try await expectNothing(in: box)
        }
    }
}
