import JSON
import TestHost
import Testing

extension EndToEnd {
    /// What a file is, is known by its beginning, however it is packed and wherever it lies.
    @Suite struct BeginningTests {
        private static let packers: [(command: String, suffix: String)] = [
            ("xz -T2", "xz"), ("xz -T0 -9", "xz"), ("xz -T1", "xz"), ("bzip2 -9", "bz2"), ("bzip2 -1", "bz2"),
            ("gzip", "gz"), ("zstd -q -T2", "zst"),
        ]

        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        @Test func anArchiveOfARootIsKnownHoweverItIsPacked() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p www r/bin r/etc
                head -c 3M /dev/urandom > r/bin/a
                echo ID=demo > r/etc/os-release
                tar -C r -cf a.tar ./bin ./etc
                """, in: box)
            try #require(made.status == 0, "\(made)")
            for (index, packer) in Self.packers.enumerated() {
                let name = "a\(index).tar.\(packer.suffix)"
                try #require(try await run("\(packer.command) -c a.tar > www/\(name)", in: box).status == 0)
                let server = try await FileServer(box.path("www"))
                let run = try await run(
                    """
                    imgadm import -n ./www/\(name) name=a version=1
                    imgadm show \(server.url)/\(name) > shown
                    grep lx-dataset shown
                    imgadm import -n \(server.url)/\(name) name=a version=1
                    """, in: box)
                #expect(run.status == 0, "\(packer)\n\(run)")
                // 256 KiB, and where a block is longer, 1 MiB; never more.
                let asked = Set(server.requests.filter { $0.contains(".tar.\(packer.suffix) ") })
                let first = "GET /\(name) bytes=0-262143"
                #expect(
                    asked == (packer.command == "bzip2 -9" ? [first, "GET /\(name) bytes=0-1048575"] : [first]),
                    "\(packer) \(asked)")
            }
            let server = try await FileServer(box.path("www"))
            let imported = try await run(
                """
                for f in ./www/a0.tar.xz \(server.url)/a3.tar.bz2; do
                    imgadm import -q $f name=a version=1
                    uuid=$(imgadm list -H -o uuid)
                    diff -r --no-dereference r "$(zfs get -H -o value mountpoint \(box.pool)/$uuid)/root"
                    imgadm delete $uuid
                done
                """, in: box)
            #expect(imported.status == 0, "\(imported)")
        }

        @Test func aDiskIsKnownHoweverItIsPacked() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p www
                truncate -s 20M disk.raw
                head -c 3M /dev/urandom | dd of=disk.raw bs=1M seek=2 conv=notrunc iflag=fullblock status=none
                qemu-img convert -f raw -O qcow2 disk.raw q.qcow2
                qemu-img convert -f raw -O vhdx disk.raw q.vhdx
                """, in: box)
            try #require(made.status == 0, "\(made)")
            for packer in Self.packers {
                for format in ["qcow2", "vhdx"] {
                    let name = "q-1.\(format).\(packer.suffix)"
                    try #require(try await run("\(packer.command) -c q.\(format) > www/\(name)", in: box).status == 0)
                    let server = try await FileServer(box.path("www"))
                    let run = try await run(
                        """
                        imgadm import -n ./www/\(name)
                        imgadm show ./www/\(name) | grep '"image_size": 20'
                        imgadm show \(server.url)/\(name) | grep '"image_size": 20'
                        """, in: box)
                    #expect(run.status == 0, "\(packer) \(format)\n\(run)")
                }
            }
            let imported = try await run(
                """
                imgadm import -q ./www/q-1.qcow2.bz2
                imgadm export -q --force -o back.raw $(imgadm list -H -o uuid)
                cmp back.raw disk.raw
                """, in: box)
            #expect(imported.status == 0, "\(imported)")
        }

        /// 5 MiB that zstd skips come before the archive.
        @Test func whatTheBeginningDoesNotTellIsToldAsThat() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p www r/etc
                echo ID=demo > r/etc/os-release
                { printf '\\123\\052\\115\\030\\000\\000\\120\\000'; head -c 5M /dev/zero; tar -C r -c etc | zstd; } > www/late.tar.zst
                imgadm convert -q -o late ./www/late.tar.zst name=late version=1
                """, in: box)
            try #require(made.status == 0, "\(made)")
            let server = try await FileServer(box.path("www"))
            for file in ["./www/late.tar.zst", "\(server.url)/late.tar.zst"] {
                let run = try await run("imgadm import -n \(file) name=late version=1", in: box)
                #expect(run.status == 1 && run.errors.contains("error (InvalidFile)"), "\(run)")
                #expect(run.errors.contains("does not tell what it is: its first 4194304 bytes"), "\(run)")
                #expect(run.errors.contains("imgadm convert reads all of it"), "\(run)")
            }
            #expect(server.requests.last == "GET /late.tar.zst bytes=0-4194303")
        }
    }
}
