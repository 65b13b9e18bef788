import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What pages tell one to type is pasted line by line, with the servers, pools and folders of a test in place of those that they name. docs/first-image.md
    /// has FirstImageTests, docs/proxies.md ProxyTests.
    @Suite struct PastedPagesTests {
        /// The commands of a page in their order: indented lines that begin so, with those that they go on in.
        ///
        /// - Parameter programs: what a line that is typed begins with; others are what it says.
        private static func commands(_ page: String, _ programs: [String]) throws -> [String] {
            let text = String(decoding: try #require(try HostFile.read(FilePath("docs/\(page).md"))), as: UTF8.self)
            var commands: [String] = []
            var goesOn = false
            for line in text.split(separator: "\n") where line.hasPrefix("    ") {
                let words = line.dropFirst(4)
                if goesOn {
                    commands[commands.count - 1] += "\n\(words)"
                } else if programs.contains(where: words.hasPrefix) {
                    commands.append(String(words))
                } else {
                    continue
                }
                goesOn = words.hasSuffix("\\")
            }
            return commands
        }

        /// Pastes commands one after the other; each must succeed.
        ///
        /// - Parameters:
        ///   - replaced: what stands there for what, in that order.
        ///   - before: what must be done before the command that begins so, as it stands in the page.
        private func paste(
            _ commands: [String], replaced: [(String, String)], before: [(String, String)], setUp: String,
            in box: Sandbox
        ) async throws -> Sandbox.Run {
            var script = "set -e -o pipefail\nmkdir -p '\(box.root)/home'; cd '\(box.root)/home'\n\(setUp)\n"
            var open = before
            for command in commands {
                if let place = open.firstIndex(where: { command.hasPrefix($0.0) }) {
                    script += "\(open.remove(at: place).1)\n"
                }
                let typed = replaced.reduce(command) { $0.replacing($1.0, with: $1.1) }
                script += "echo '\(typed.replacing("'", with: "'\\''"))' >&2\n\(typed)\n"
            }
            #expect(open.isEmpty, "the page has no such command any more: \(open.map(\.0))")
            return try await box.shell(script)
        }

        private static let root = """
            mkdir -p rootfs/etc rootfs/usr/lib rootfs/usr/bin
            printf 'ID=debian\\nVERSION_ID="13"\\n' > rootfs/usr/lib/os-release
            ln -s ../usr/lib/os-release rootfs/etc/os-release; echo web > rootfs/etc/hostname
            seq 1 20000 > rootfs/usr/bin/numbers
            """

        /// Files of the names that docs/image-files.md has.
        private static let imageFiles = """
            \(root)
            mkdir images tree www
            truncate -s 24M disk.raw; seq 1 300000 | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O qcow2 disk.raw debian-13-genericcloud-amd64-20250814-2204.qcow2
            cp debian-13-genericcloud-amd64-20250814-2204.qcow2 www/debian-13-genericcloud-amd64.qcow2
            imgadm convert -q -o images/web-1.0.0 disk.raw name=web version=1.0.0
            cp images/web-1.0.0.* .
            echo changed | dd of=disk.raw bs=4096 seek=2000 conv=notrunc status=none
            qemu-img convert -f raw -O qcow2 disk.raw web-1.0.1.qcow2
            echo other | dd of=disk.raw bs=4096 seek=3000 conv=notrunc status=none
            xz -0 < disk.raw > www/debian-13.raw.xz
            qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw d.vmdk
            echo '<Envelope/>' > d.ovf
            for f in d.ovf d.vmdk; do echo "SHA256($f)= $(sha256sum $f | cut -d' ' -f1)"; done > d.mf
            tar --format=ustar -cf appliance.ova d.ovf d.mf d.vmdk
            tar -C rootfs -cf rootfs.tar .
            xz -0 < rootfs.tar > debian-13-rootfs-amd64.tar.xz
            echo more >> rootfs/etc/hostname; tar -C rootfs -c . | zstd -q > rootfs.tar.zst
            """

        /// An image web@1.0.0 of a file system in place of the one of a disk, its file, and one that builds on it.
        private static func fileSystem(_ pool: String) -> String {
            """
            imgadm delete $(imgadm list -Ho uuid name=web)
            imgadm convert -q --force -o . rootfs.tar name=web version=1.0.0
            imgadm install -q -m web-1.0.0.imgmanifest -f web-1.0.0.zfs.gz
            vm=$(cat /proc/sys/kernel/random/uuid)
            zfs clone \(pool)/$(imgadm list -Ho uuid name=web)@final \(pool)/$vm
            echo new > "$(zfs get -Ho value mountpoint \(pool)/$vm)/root/etc/new"
            imgadm create -q -i -c gzip -o . $vm name=web version=1.0.1 type=lx-dataset os=linux
            """
        }

        @Test func imageFiles() async throws {
            let box = try await Sandbox.make()
            try HostFile.makeFolder(box.path("served/images"))
            let server = try TestServer(box.path("served"))
            let files = try await FileServer(box.path("home/www"))
            let run = try await paste(
                try Self.commands("image-files", ["imgadm ", "mmdebstrap "]),
                replaced: [
                    ("ssh kvm 'cat > /var/lib/libvirt/images/web.qcow2'", "cat > copied.qcow2"),
                    ("https://images.example.com", server.url), ("/images", "images"),
                    ("mmdebstrap trixie -", "cat rootfs.tar"), ("https://cloud.example.org", files.url),
                    ("-P tank", "-P \(box.pool)"),
                    ("sha256:9f86…", "sha256:$(sha256sum < www/debian-13.raw.xz | cut -d' ' -f1)"),
                ],
                before: [
                    (
                        "imgadm export -o web.qcow2",
                        "imgadm install -q -m web-1.0.0.imgmanifest -f web-1.0.0.zvol.gz"
                    ),
                    (
                        "imgadm export -o web.tar.zst",
                        "imgadm sources -d https://images.smartos.org\n\(Self.fileSystem(box.pool))"
                    ),
                    (
                        "imgadm extract -C tree web-1.0.0.zfs.gz root/etc",
                        "test \"$(cat tree/etc/hostname)\" = web; rm -r tree"
                    ),
                    ("imgadm extract -C tree web-1.0.0.zfs.gz  ", "test -e tree/root/usr/bin/numbers; rm -r tree"),
                    ("imgadm extract -C tree --origin", "rm -r tree"),
                ], setUp: Self.imageFiles, in: box)
            try #require(run.status == 0, "\(run)")
            let after = try await box.shell(
                """
                set -e; cd '\(box.root)/home'
                qemu-img compare -q web.qcow2 copied.qcow2
                zstd -dq < web.raw.zst > web.raw; qemu-img compare -q -f raw -F qcow2 web.raw web.qcow2
                test "$(cat tree/root/etc/new)" = new
                imgadm list -Ho name,version,type | sort
                """)
            #expect(after.status == 0, "\(after)")
            for line in ["base", "debian", "appliance", "web"] {
                #expect(after.lines.contains { $0.hasPrefix(line) }, "\(after)")
            }
            // What the page shows of `inspect` are lines that it prints.
            let inspect = try await box.shell("cd '\(box.root)/home'; imgadm inspect web-1.0.0.zfs.gz")
            let page = String(decoding: try #require(try HostFile.read("docs/image-files.md")), as: UTF8.self)
            let shown = page.split(separator: "\n").filter { $0.hasPrefix("    ") && $0.contains("  ") }
                .compactMap { $0.dropFirst(4).split(separator: " ").first }
                .filter {
                    ["file", "size", "kind", "compression", "intact"].contains($0) || $0.contains("_system.")
                        || $0.hasPrefix("stream.") || $0.hasPrefix("manifest.")
                }
            #expect(shown.count > 8)
            for key in shown { #expect(inspect.lines.contains { $0.hasPrefix("\(key) ") }, "\(key): \(inspect)") }
        }

        @Test func containerHost() async throws {
            let box = try await Sandbox.make()
            let registry = try await RegistryFixture.get().registry
            let name = "pasted\(box.pool)"
            for tag in ["debian:12", "app:1.0"] {
                let parts = tag.split(separator: ":").map(String.init)
                try await registry.image(
                    "\(name)/\(parts[0])", parts[1],
                    [try await registry.layer("\(name)/\(parts[0])", "mkdir -p bin etc; echo \(tag) > etc/hostname")])
            }
            let made = try await StreamsSite.run(StreamsSite.incus, in: box)
            try #require(made.status == 0, "\(made)")
            let site = try await FileServer(box.path("www"))
            let commands = try Self.commands(
                "recipes/container-host", ["imgadm ", "export ", "uuid=", "zfs ", "root="])
            let run = try await paste(
                // It asks, and there is no terminal.
                commands.map { $0 == "imgadm vacuum" ? "imgadm vacuum -f" : $0 },
                replaced: [
                    ("https://images.linuxcontainers.org", site.url), ("=tank", "=\(box.pool)"),
                    ("-P tank", "-P \(box.pool)"),
                    ("\"tank/", "\"\(box.pool)/"), (" tank/", " \(box.pool)/"),
                    ("ghcr.io/example/app:1.0", "\(registry.host)/\(name)/app:1.0"),
                    (" debian:12", " \(registry.host)/\(name)/debian:12"),
                    ("=debian:12", "=\(registry.host)/\(name)/debian:12"),
                ],
                before: [("imgadm sources", "imgadm sources -d https://images.smartos.org")],
                setUp: """
                    \(Self.root)
                    tar -C rootfs -c . | zstd -q > rootfs.tar.zst
                    # What was just mounted is busy for a moment.
                    zfs() {
                        [ "$1" = destroy ] || { command zfs "$@"; return; }
                        for n in $(seq 600); do command zfs "$@" && return; sleep 0.1; done
                        return 1
                    }
                    """, in: box)
            try #require(run.status == 0, "\(run)")
            #expect(run.lines.contains { $0.hasPrefix("Deleted image") }, "\(run)")
            let list = try await box.imgadm("list", "-Ho", "name")
            #expect(list.output.isEmpty, "\(list)")
        }
    }
}
