import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm push`: images of this host go into registries.
    @Suite struct PushTests {
        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        private func manifest(_ registry: RegistryServer, _ repository: String, _ tag: String) async throws -> JSONValue
        {
            let text = try await Tool.run(
                "curl", "-sSf", "-H", "Accept: \(RegistryServer.manifestType)",
                "\(registry.url)/v2/\(repository)/manifests/\(tag)")
            return try JSONValue(parsing: Array(text.utf8))
        }

        private func config(_ registry: RegistryServer, _ repository: String, _ manifest: JSONValue) async throws
            -> JSONValue
        {
            let digest = try #require(manifest["config"]?["digest"]?.stringValue)
            return try JSONValue(
                parsing: Array(
                    try await Tool.run("curl", "-sSf", "\(registry.url)/v2/\(repository)/blobs/\(digest)").utf8))
        }

        /// The layers are the differences between the images: what others unpack of them is the tree that was pushed.
        @Test func othersUnpackTheTreeThatWasPushed() async throws {
            let fixture = try await RegistryFixture.get()
            let registry = fixture.registry
            let box = try await Sandbox.make()
            let uuids = try await RegistryFixture.uuids(fixture.layers)
            #expect(try await box.imgadm("import", "-q", fixture.reference).status == 0)
            let target = "\(registry.host)/pushed/three:one"
            let push = try await box.imgadm("push", uuids[2], target)
            #expect(push.status == 0 && push.output.contains("Sent layer 3 of 3"), "\(push)")
            let theirs = try await RegistryFixture.unpackedByUmoci(target)
            defer { TestFolder.remove(theirs.removingLastComponent().removingLastComponent()) }
            let expected = try await TreeListing.of(try await box.rootFolder(uuids[2]))
            let actual = try await TreeListing.of(theirs)
            #expect(Set(actual).symmetricDifference(expected).sorted() == [])

            let pushed = try await manifest(registry, "pushed/three", "one")
            #expect(pushed["layers"]?.arrayValue?.count == 3 && pushed["artifactType"] == nil)
            let config = try await config(registry, "pushed/three", pushed)
            #expect(config["config"]?["Cmd"] == ["/bin/sh"] && config["config"]?["WorkingDir"] == "/etc")
            #expect(config["architecture"]?.stringValue == RegistryServer.architecture && config["os"] == "linux")
            #expect(config["created"] == "2026-01-02T03:04:05.678Z")
            // A layer has what is different, and the folders on the way to it, to which docker would else give the time of the unpacking.
            let small = try #require(pushed["layers"]?[2]?["size"]?.intValue)
            #expect(small < 5000)
            for layer in pushed["layers"]?.arrayValue ?? [] {
                let digest = try #require(layer["digest"]?.stringValue)
                let names = try await Tool.shell(
                    "curl -sSf '\(registry.url)/v2/pushed/three/blobs/\(digest)' | tar -tzf -"
                ).split(separator: "\n").map { FilePath(String($0)) }
                #expect(
                    names.first == "."
                        && Set(names).isSuperset(
                            of: names.dropFirst().map { $0.removingLastComponent() }.filter { $0 != "" }),
                    "\(names)")
            }

            // Once more, and into another repository: nothing is sent, nothing read.
            for other in ["pushed/three:two", "pushed/other:one"] {
                let again = try await box.imgadm("push", uuids[2], "\(registry.host)/\(other)")
                #expect(again.status == 0 && !again.output.contains("Sent"), "\(again)")
                #expect(again.output.contains("The registry has layer 3 of 3"), "\(again)")
            }
            #expect(try await manifest(registry, "pushed/other", "one") == pushed)

            // Another host, on which objects have other numbers, makes the same.
            let second = try await Sandbox.make()
            let script = """
                zfs create -o mountpoint=none \(second.pool)/other
                imgadm import -q \(fixture.reference)
                imgadm push -q \(uuids[2]) \(registry.host)/pushed/second:one
                """
            let made = try await run(script, in: second)
            #expect(made.status == 0, "\(made)")
            #expect(try await manifest(registry, "pushed/second", "one") == pushed)
        }

        /// What docker-registry gives back is the image again, for this tool, too.
        @Test func whatWasPushedIsImportedAgain() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let target = "\(registry.host)/pushed/root"
            let made = try await run(
                """
                mkdir -p tree/etc tree/deep/er; echo one > tree/etc/one; echo two > tree/deep/er/two; ln tree/etc/one tree/etc/name
                ln -s etc/one tree/link; truncate -s 3M tree/holes; echo end >> tree/holes; chmod 4755 tree/deep/er/two
                setfattr -n user.mine -v value tree/etc/one; chown -h 12:34 tree/link; touch tree/"$(printf 'n%.0s' $(seq 200))"
                tar --xattrs -C tree -cf root-1.tar .
                imgadm import -q root-1.tar name=base version=1 published_at=2026-01-01T00:00:00Z
                echo '{"Cmd": ["/init"], "Env": ["A=b"]}' > config.json
                imgadm push -q --config config.json --platform linux/arm64 --compression zstd base \(target):zstd
                imgadm push --config config.json base \(target):gzip
                imgadm push -q --compression none base \(target):none
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let uuid = try #require(try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)").lines.first)
            let expected = try await TreeListing.of(try await box.rootFolder(uuid))
            for tag in ["zstd", "gzip", "none"] {
                let pushed = try await manifest(registry, "pushed/root", tag)
                #expect(pushed["annotations"]?["org.opencontainers.image.title"] == "base")
                let config = try await config(registry, "pushed/root", pushed)
                #expect(config["architecture"] == (tag == "zstd" ? "arm64" : .string(RegistryServer.architecture)))
                #expect(tag == "none" || config["config"] == ["Cmd": ["/init"], "Env": ["A=b"]])
                let other = try await Sandbox.make()
                let platform = "linux/\(tag == "zstd" ? "arm64" : RegistryServer.architecture)"
                let imported = try await other.imgadm("import", "-q", "--platform", platform, "\(target):\(tag)")
                #expect(imported.status == 0, "\(imported)")
                let layer = try #require(
                    try await other.imgadm("list", "-Ho", "uuid", "zpool=\(other.pool)").lines.first)
                let actual = try await TreeListing.of(try await other.rootFolder(layer))
                #expect(Set(actual).symmetricDifference(expected).sorted() == [], "\(tag)")
            }
        }

        /// A socket is in no layer. What it took the place of is hidden.
        @Test func whatASocketReplacedIsGone() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let target = "\(registry.host)/pushed/sockets:1"
            let made = try await run(
                """
                mkdir -p tree/etc tree/run/folder; echo file > tree/run/file; echo in > tree/run/folder/in; echo more > tree/run/more
                tar -C tree -cf root-1.tar .
                imgadm import -q root-1.tar name=base version=1
                id=$(imgadm list -H -o uuid name=base)
                zfs clone \(box.pool)/$id@final \(box.pool)/c
                m=$(zfs get -H -o value mountpoint \(box.pool)/c)
                cd $m/root/run; rm -r file folder
                python3 -c 'import os, stat; [os.mknod(n, stat.S_IFSOCK | 0o644) for n in ("file", "folder", "new")]'
                cd \(box.root)
                zfs snapshot \(box.pool)/c@final; zfs send -i \(box.pool)/$id@final \(box.pool)/c@final > c.zfs
                uuid=11111111-2222-4333-8444-555555555555
                echo '{"v": 2, "uuid": "'$uuid'", "name": "sockets", "version": "1", "type": "lx-dataset", "os": "linux",
                    "origin": "'$id'", "files": [{"size": '$(stat -c %s c.zfs)', "compression": "none",
                    "sha1": "'$(sha1sum < c.zfs | cut -d' ' -f1)'"}]}' > c.imgmanifest
                imgadm install -q -m c.imgmanifest -f c.zfs
                imgadm push -q $uuid \(target)
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let layers = try #require(try await manifest(registry, "pushed/sockets", "1")["layers"]?.arrayValue)
            #expect(layers.count == 2)
            let digest = try #require(layers.last?["digest"]?.stringValue)
            let names = try await Tool.shell(
                "curl -sSf '\(registry.url)/v2/pushed/sockets/blobs/\(digest)' | tar -tzf - | sort")
            let found = names.split(separator: "\n").map { FilePath(String($0)).lexicallyNormalized().string }
            #expect(found.filter { $0.contains(".wh.") } == ["run/.wh.file", "run/.wh.folder"], "\(names)")
            #expect(!found.contains("run/file") && !found.contains("run/new") && found.contains("run"), "\(names)")
        }

        @Test func aDiskGoesAndComesBack() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let target = "\(registry.host)/pushed/disk:1.0"
            let made = try await run(
                """
                truncate -s 20971520 web-1.0.raw
                seq 1 200000 | dd of=web-1.0.raw bs=4096 seek=3000 conv=notrunc iflag=fullblock status=none
                imgadm import -q web-1.0.raw
                imgadm push web \(target)
                imgadm push web \(target) | grep 'The registry has the disk'
                imgadm delete web
                imgadm import -q oci:\(target)
                test "$(imgadm list -H -o name,version)" = "$(imgadm list -H -o name,version name=web version=1.0)"
                imgadm export -q -o back.raw web
                cmp back.raw web-1.0.raw
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let pushed = try await manifest(registry, "pushed/disk", "1.0")
            #expect(pushed["artifactType"] == "application/vnd.kubevirt.disk.raw+zstd")
            #expect(pushed["layers"]?[0]?["annotations"]?["org.opencontainers.image.title"] == "web.raw.zst")
            #expect(pushed["layers"]?[0]?["annotations"]?["io.kubevirt.pvc.capacity"] == "20971520")
            let raw = try await Tool.shell(
                """
                curl -sSf '\(registry.url)/v2/pushed/disk/blobs/\(pushed["layers"]?[0]?["digest"]?.stringValue ?? "")' |
                    zstd -dc | cmp - '\(box.path("web-1.0.raw"))' && echo same
                """)
            #expect(raw == "same\n")
        }

        /// What a machine writes to the beginning of its disk does not say what the disk is: the next host must not read another.
        @Test(arguments: ["qcow2", "vhdx", "gzip", "zstd", "tar"])
        func aDiskIsNotWhatItsMachineWroteIntoIt(content: String) async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let target = "\(registry.host)/pushed/looks-like-\(content):1"
            let made = try await run(
                """
                case \(content) in
                    qcow2 | vhdx) qemu-img create -q -f \(content) inner 4M ;;
                    gzip) seq 100000 | gzip > inner ;;
                    zstd) seq 100000 | zstd -q > inner ;;
                    tar) seq 1000 > a; tar -cf inner a ;;
                esac
                truncate -s %1M inner
                qemu-img convert -f raw -O qcow2 inner outer.qcow2
                imgadm import -q ./outer.qcow2 name=looks version=1
                imgadm push -q looks \(target)
                imgadm delete looks
                imgadm import -q oci:\(target) name=looks version=1
                imgadm export -q -o back.raw looks
                cmp back.raw inner
                """, in: box)
            #expect(made.status == 0, "\(made)")
        }

        @Test func whatCannotGoIsToldAndNothingIsTagged() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let made = try await run(
                """
                truncate -s 1M d-1.raw; imgadm import -q d-1.raw
                echo '{"config": {"Env": 5}}' > env.json; echo '{"Cmd": "/bin/sh"}' > cmd.json
                mkdir -p tree/etc; echo a > tree/.wh.mine; tar -C tree -cf r-1.tar .; imgadm import -q r-1.tar version=1 name=whiteout
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let host = registry.host
            for (words, code) in [
                (["d", "web:1"], "Usage"), (["d", "oci://\(host)/none:1"], "Usage"),
                (["d", "\(host)/none@sha256:\(String(repeating: "0", count: 64))"], "Usage"),
                (["d"], "Usage"), (["--compression", "xz", "whiteout", "\(host)/none:1"], "Option"),
                (["--platform", "linux/arm64", "d", "\(host)/none:1"], "Usage"),
                (["nothing", "\(host)/none:1"], "ImageNotInstalled"),
                (["--config", box.path("env.json").string, "whiteout", "\(host)/none:1"], "InvalidManifest"),
                (["--config", box.path("cmd.json").string, "whiteout", "\(host)/none:1"], "InvalidManifest"),
                (["whiteout", "\(host)/none:1"], "UnsupportedImage"), (["d", "127.0.0.1:1/none:1"], "ConnectionError"),
            ] {
                let run = try await box.imgadm(["push"] + words)
                #expect(run.status != 0 && run.errors.contains("(\(code))"), "\(words)\n\(run)")
            }
            #expect(try await box.imgadm("show", "oci:\(host)/none:1").errors.contains("ImageNotFound"))
        }

        /// Killed at some moments, and typed again: it completes, and what was sent is not sent again.
        @Test func aPushThatWasKilledCompletes() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let name = "pushed/killed"
            var layers: [PushedLayer] = []
            for number in 1...4 {
                layers.append(
                    try await registry.layer(name, "head -c 6000000 /dev/urandom > f\(number)", compression: "none"))
            }
            try await registry.image(name, "source", layers)
            #expect(try await box.imgadm("import", "-q", "\(registry.host)/\(name):source").status == 0)
            let uuid = try await RegistryFixture.uuids(layers)[3]
            let target = "\(registry.host)/\(name)-target:1"
            for seconds in [0.3, 0.6, 1.0] {
                _ = try await box.imgadm(["push", uuid, target], killedAfter: seconds)
            }
            let run = try await box.imgadm("push", uuid, target)
            #expect(run.status == 0, "\(run)")
            let theirs = try await RegistryFixture.unpackedByUmoci(target)
            defer { TestFolder.remove(theirs.removingLastComponent().removingLastComponent()) }
            let expected = try await TreeListing.of(try await box.rootFolder(uuid))
            #expect(Set(try await TreeListing.of(theirs)).symmetricDifference(expected).sorted() == [])
            #expect(try box.leftovers() == [])
        }

        /// What ZFS says of a stream that it does not begin is the error, and the layer that is being sent meanwhile is given up at once.
        @Test func aLayerThatCannotBeReadEndsThePush() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let name = "pushed/unreadable"
            var layers: [PushedLayer] = []
            for bytes in [80_000_000, 1000] {
                layers.append(
                    try await registry.layer(name, "head -c \(bytes) /dev/urandom > f\(bytes)", compression: "none"))
            }
            try await registry.image(name, "source", layers)
            #expect(try await box.imgadm("import", "-q", "\(registry.host)/\(name):source").status == 0)
            let uuid = try await RegistryFixture.uuids(layers)[1]
            let real = try await Tool.shell("command -v zfs").dropLast()
            try Tool.write(
                """
                #!/bin/sh
                [ "$1 $2" != 'send -i' ] || { echo 'something odd' >&2; exit 1; }
                exec \(real) "$@"

                """, to: box.path("bin/zfs"))
            try await Tool.run("chmod", "+x", box.path("bin/zfs").string)
            let path = ["PATH": "\(box.path("bin")):\(ProcessEnvironment.variables["PATH"] ?? "")"]
            let target = "\(registry.host)/\(name)-target:1"
            let run = try await box.imgadm("push", uuid, target, environment: path)
            #expect(
                run.status == 1 && run.errors.contains("(ZfsError)") && run.errors.contains("something odd"), "\(run)")
            #expect(!run.output.contains("Sent layer"), "\(run)")
            #expect(try await box.imgadm("push", uuid, target).status == 0)
        }

        /// The next layer is read while one is sent, and waits where there is no room for both.
        @Test func thereNeedBeRoomForOneLayerOnly() async throws {
            let registry = try await RegistryFixture.get().registry
            let box = try await Sandbox.make()
            let name = "pushed/narrow"
            var layers: [PushedLayer] = []
            for number in 1...4 {
                layers.append(
                    try await registry.layer(name, "head -c 12000000 /dev/urandom > f\(number)", compression: "none"))
            }
            try await registry.image(name, "source", layers)
            #expect(try await box.imgadm("import", "-q", "\(registry.host)/\(name):source").status == 0)
            let uuid = try await RegistryFixture.uuids(layers)[3]
            let target = "\(registry.host)/\(name)-target:1"
            func push(room: String) async throws -> Sandbox.Run {
                try await box.shell(
                    """
                    unshare -m --propagation private sh -ec \
                        'mount -t tmpfs -o size=\(room) tmpfs /var/tmp; exec \(Binaries.imgadm) push \(uuid) \(target)'
                    """)
            }
            let refused = try await push(room: "8m")
            #expect(refused.status == 1 && refused.errors.contains("NoSpace"), "\(refused)")
            let run = try await push(room: "14m")
            #expect(run.status == 0, "\(run)")
            let theirs = try await RegistryFixture.unpackedByUmoci(target)
            defer { TestFolder.remove(theirs.removingLastComponent().removingLastComponent()) }
            let expected = try await TreeListing.of(try await box.rootFolder(uuid))
            #expect(Set(try await TreeListing.of(theirs)).symmetricDifference(expected).sorted() == [])
        }
    }
}
