import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What is kept of a disk while it is read: nothing where its parts are in the disk's order, and otherwise what comes before
    /// its turn, in memory first, then in `/var/tmp`.
    @Suite struct DisorderTests {
        /// `disk.raw`, of 160 MiB, so many of which have content.
        private static func disk(_ count: Int) -> String {
            """
            count=\(count)
            truncate -s 160M disk.raw
            head -c $((count << 20)) /dev/urandom | dd of=disk.raw bs=1M seek=32 conv=notrunc iflag=fullblock status=none
            """
        }

        /// Two files of the disk, whose parts lie there from the last to the first.
        private static let backward = """
            backward() {
                commands=()
                for ((n = 31 + count; n >= 32; n--)); do commands+=(-c "write -q ${n}M 1M"); done
                qemu-io -f $2 "${commands[@]}" $1
                qemu-img convert -n -f raw -O $2 disk.raw $1
            }
            mkdir www
            qemu-img create -q -f qcow2 www/back-1.qcow2 160M
            backward www/back-1.qcow2 qcow2
            qemu-img create -q -f vhdx -o block_size=1M www/back-1.vhdx 160M
            backward www/back-1.vhdx vhdx
            """

        private func box(_ script: String) async throws -> Sandbox {
            let box = try await Sandbox.make()
            let made = try await run(script, in: box)
            try #require(made.status == 0, "\(made)")
            return box
        }

        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        /// What runs with other file systems in place of folders.
        private func mounting(_ mounts: [(options: String, folder: String)], _ command: String) -> String {
            let lines = mounts.map { "mount -t tmpfs -o \($0.options) tmpfs \($0.folder)" }
            return
                "unshare -m --propagation private sh -ec '\(lines.joined(separator: "; ")); exec \(Binaries.imgadm) \(command)'"
        }

        private func expectNothing(in box: Sandbox) async throws {
            #expect(try await box.datasets() == [])
            #expect(try box.recordNames() == [] && box.leftovers() == [])
        }

        @Test func aDiskInTheWrongOrderIsTheDisk() async throws {
            let box = try await box(Self.disk(48) + "\n" + Self.backward)
            let server = try await FileServer(box.path("www"))
            for file in ["back-1.qcow2", "back-1.vhdx"] {
                let made = try await run(
                    """
                    qemu-img convert -O raw www/\(file) want.raw
                    cmp want.raw disk.raw
                    for file in ./www/\(file) \(server.url)/\(file); do
                        imgadm import -q $file
                        imgadm export -q --force -o back.raw $(imgadm list -H -o uuid)
                        cmp back.raw want.raw
                        imgadm delete $(imgadm list -H -o uuid)
                    done
                    gzip -1 -k www/\(file)
                    for file in ./www/\(file) ./www/\(file).gz; do
                        imgadm convert -q --force -c none -o out $file name=x version=1 os=other
                        imgadm export -q --force -o back.raw out.zvol
                        cmp back.raw want.raw
                    done
                    """, in: box)
                #expect(made.status == 0, "\(file): \(made)")
            }
            try await expectNothing(in: box)
        }

        /// Neither at the beginning, nor in the midst of it: others need room there, too.
        @Test(arguments: [("100m", "back-1.qcow2"), ("170m", "back-1.vhdx")])
        func whereThereIsNoRoomItIsSaidAndNothingStays(room: String, file: String) async throws {
            let box = try await box(Self.disk(96) + "\n" + Self.backward + "\ngzip -1 -k www/\(file)")
            let server = try await FileServer(box.path("www"))
            let fields = "name=x version=1 os=other"
            for command in [
                "import ./www/\(file) \(fields)", "import \(server.url)/\(file) \(fields)",
                "convert -c none -o out ./www/\(file).gz \(fields)", "export -o out.raw ./www/\(file).gz",
            ] {
                let refused = try await run(mounting([("size=\(room)", "/var/tmp")], command), in: box)
                #expect(refused.status == 1 && refused.errors.contains("error (NoSpace)"), "\(command): \(refused)")
                #expect(
                    refused.errors.contains("not in its order") && refused.errors.contains("\"/var/tmp\" has "),
                    "\(command): \(refused)")
            }
            try await expectNothing(in: box)
            let left = try await run("ls", in: box)
            #expect(left.lines == ["disk.raw", "var", "www"], "\(left)")
        }

        /// What qemu-img writes is read in one pass: where no folder for temporary files can be written to, too.
        @Test func aDiskInOrderTakesNoTemporaryFile() async throws {
            let box = try await box(
                """
                \(Self.disk(48))
                mkdir www
                qemu-img convert -f raw -O qcow2 disk.raw www/a-1.qcow2
                qemu-img convert -f raw -O qcow2 -c disk.raw www/b-1.qcow2
                qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw www/c-1.vmdk
                qemu-img convert -f raw -O vhdx disk.raw www/d-1.vhdx
                qemu-img convert -f raw -O vpc -o force_size=on disk.raw www/e-1.vhd
                zstd -q -1 www/a-1.qcow2 -o www/f-1.qcow2.zst
                mkdir -p var/tmp
                """)
            let server = try await FileServer(box.path("www"))
            let none = "size=4k,ro"
            for source in [
                "./www/a-1.qcow2", "\(server.url)/b-1.qcow2", "\(server.url)/c-1.vmdk", "./www/d-1.vhdx",
                "./www/e-1.vhd",
                "./www/f-1.qcow2.zst",
            ] {
                let made = try await run(
                    """
                    \(mounting([(none, "/var/tmp"), (none, "var/tmp")], "import -q \(source)"))
                    imgadm export -q --force -o back.raw $(imgadm list -H -o uuid)
                    cmp back.raw disk.raw
                    imgadm delete $(imgadm list -H -o uuid)
                    """, in: box)
                #expect(made.status == 0, "\(source): \(made)")
            }
            try await expectNothing(in: box)
        }
    }
}
