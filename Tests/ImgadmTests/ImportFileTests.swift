import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm import` of a URL or a file: disks and root file systems become images as they arrive.
    @Suite struct ImportFileTests {
        private static let name = "debian-13-genericcloud-amd64-20250814-2204"
        /// A disk of 40 MiB in an order that is the disk's, and the same in one that is not.
        private static let disks = """
            mkdir -p www
            truncate -s 41000960 disk.raw
            seq 1 200000 | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
            head -c 6000000 /dev/urandom | dd of=disk.raw bs=4096 seek=5000 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O qcow2 -c disk.raw www/\(name).qcow2
            """

        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        /// A sandbox with the disks, and a script that compares the content of the only image with the disk.
        private func box() async throws -> Sandbox {
            let box = try await Sandbox.make()
            let made = try await run(Self.disks, in: box)
            try #require(made.status == 0, "\(made)")
            return box
        }

        private static let isDisk = """
            imgadm export -q --force -o back.raw $(imgadm list -H -o uuid)
            head -c 41000960 back.raw | cmp - disk.raw
            """

        /// What cannot be right is told before anything is read, as what it is.
        @Test func fieldsThatAreWrongAreToldAsSuch() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let made = try await run(
                "truncate -s 1M disk.raw; mkdir -p r/etc; echo x > r/etc/x; tar -C r -cf rf.tar etc", in: box)
            #expect(made.status == 0, "\(made)")
            let origin = "origin=\(TestUUID.make())"
            for file in ["rf.tar", "disk.raw"] {
                for words in [["import"], ["import", "-n"], ["convert"]] {
                    for field in ["uuid=not-a-uuid", "uuid=5", origin] {
                        let line = (words + ["./\(file)", "name=x", "version=1", field]).joined(separator: " ")
                        let run = try await run("imgadm \(line)", in: box)
                        #expect(run.status == 1 && run.errors.contains("(ManifestValidation)"), "\(line): \(run)")
                        #expect(
                            field != origin || run.errors.contains("has an origin"), "\(line): \(run)"
                        )
                    }
                }
            }
            let fields = BareMachine.fields.joined(separator: " ")
            let create = try await run("imgadm create -o made \(vm.uuid) \(fields) \(origin)", in: box)
            #expect(create.status == 1 && create.errors.contains("has an origin"), "\(create)")
            let notUTF8 = try await run(
                "cp rf.tar $'r\\xe4.tar'; imgadm import $'./r\\xe4.tar' name=x version=1", in: box)
            #expect(notUTF8.status == 2 && notUTF8.errors.contains("argument 2 is not UTF-8"), "\(notUTF8)")
            #expect(try box.recordNames() == [])
        }

        /// Also where the size is known only once all of the disk was read.
        @Test func anotherSizeThanTheDisksIsRefused() async throws {
            let box = try await box()
            let made = try await run(
                "cp disk.raw www/disk.raw; xz -0 -k www/disk.raw; echo '{\"image_size\": 9}' > m", in: box)
            #expect(made.status == 0, "\(made)")
            let server = try await FileServer(box.path("www"))
            for file in ["\(Self.name).qcow2", "disk.raw", "disk.raw.xz"] {
                let fields = "name=x version=1 image_size="
                for words in [
                    "import ./www/\(file) \(fields)9", "import \(server.url)/\(file) \(fields)41",
                    "convert -o out ./www/\(file) \(fields)9", "convert -o out -m m ./www/\(file) name=x version=1",
                ] {
                    let refused = try await run("imgadm \(words)", in: box)
                    let stated = words.hasSuffix("41") ? 41 : 9
                    #expect(refused.status == 1 && refused.errors.contains("error (ManifestValidation)"), "\(refused)")
                    #expect(
                        refused.errors.contains("image_size \(stated), but the disk has 40 MiB"), "\(words): \(refused)"
                    )
                    #expect(refused.errors.contains("image_size=40, or none"), "\(words): \(refused)")
                }
                try await expectNothing(in: box)
                let same = try await run(
                    """
                    if ls out.* 2> /dev/null; then exit 9; fi
                    imgadm convert -q --force -o fits ./www/\(file) \(fields)40
                    imgadm import -q ./www/\(file) \(fields)40
                    imgadm delete $(imgadm list -H -o uuid)
                    """, in: box)
                #expect(same.status == 0, "\(file): \(same)")
            }
        }

        private func record(_ box: Sandbox) throws -> JSONValue {
            let names = try box.recordNames()
            try #require(names.count == 1)
            return try JSONValue(parsing: try #require(try box.read("var/imgadm/images/\(names[0])")))
        }

        private func expectNothing(in box: Sandbox) async throws {
            #expect(try await box.datasets() == [])
            #expect(try box.recordNames() == [] && box.leftovers() == [])
        }

        @Test func aDiskOfThisHostBecomesTheImageThatConvertMakesOfIt() async throws {
            let box = try await box()
            let made = try await run(
                """
                imgadm show ./www/\(Self.name).qcow2 > shown
                imgadm import -q www/\(Self.name).qcow2
                \(Self.isDisk)
                test "$(zfs get -H -o value volblocksize \(box.pool)/$(imgadm list -H -o uuid))" = 16K
                imgadm import www/\(Self.name).qcow2 > again
                grep 'already installed, skipping' again
                imgadm convert -q -o out www/\(Self.name).qcow2
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let record = try record(box)
            let manifest = try #require(record["manifest"])
            #expect(manifest["name"] == "debian-13-genericcloud" && manifest["version"] == "20250814-2204")
            #expect(manifest["type"] == "zvol" && manifest["os"] == "linux" && manifest["image_size"] == 40)
            #expect(manifest["disk_driver"] == "virtio" && manifest["nic_driver"] == "virtio")
            let shown = try JSONValue(parsing: try #require(try box.read("shown")))
            #expect(shown["uuid"] == manifest["uuid"] && shown["image_size"] == 40)
            let converted = try JSONValue(parsing: try #require(try box.read("out.imgmanifest")))
            #expect(converted["uuid"] == manifest["uuid"])

            // In blocks of one size, it is the same snapshot.
            #expect(record["snapshot_guid"] == converted["files"]?[0]?["dataset_guid"])
            let small = try await run(
                """
                imgadm delete $(imgadm list -H -o uuid)
                imgadm import -q --volblocksize 8K www/\(Self.name).qcow2
                imgadm convert -q --volblocksize 8192 -o small www/\(Self.name).qcow2
                imgadm convert -q --origin out.imgmanifest --volblocksize 8K -o new www/\(Self.name).qcow2 && exit 9
                imgadm convert --volblocksize 5000 -o new www/\(Self.name).qcow2 && exit 9
                test ! -e new.imgmanifest
                """, in: box)
            #expect(small.status == 0 && small.errors.contains("--volblocksize does not go with --origin"), "\(small)")
            let other = try JSONValue(parsing: try #require(try box.read("small.imgmanifest")))
            #expect(try self.record(box)["snapshot_guid"] == other["files"]?[0]?["dataset_guid"])
            #expect(other["files"]?[0]?["dataset_guid"] != converted["files"]?[0]?["dataset_guid"])
            #expect(try box.leftovers() == [])
        }

        @Test func theSizeOfBlocksIsOfAVolumeThatIsMade() async throws {
            let box = try await box()
            let made = try await run(
                """
                imgadm import -q www/\(Self.name).qcow2
                imgadm import -q --volblocksize 8K www/\(Self.name).qcow2
                """, in: box)
            #expect(made.status == 0 && made.errors.contains("--volblocksize is for one that is made now"), "\(made)")
            let root = try await run(
                """
                mkdir -p r/etc && echo ID=x > r/etc/os-release && tar -C r -cf rootfs.tar etc
                imgadm convert -q --volblocksize 8K -o new rootfs.tar name=a version=1 os=linux && exit 9
                imgadm import -q --volblocksize 8K rootfs.tar name=a version=1 os=linux
                """, in: box)
            #expect(root.status == 2 && root.errors.contains("--volblocksize goes with a disk"), "\(root)")
            #expect(try box.recordNames().count == 1)
        }

        /// What makes an image file of the disk.
        private static let formats: [(file: String, script: String, blockSize: String)] = [
            ("order-1.qcow2", "qemu-img convert -O qcow2 -o cluster_size=4k -W -m 8 disk.raw order-1.qcow2", "4K"),
            ("zstd-1.qcow2", "qemu-img convert -O qcow2 -c -o compression_type=zstd disk.raw zstd-1.qcow2", "16K"),
            ("flow-1.vmdk", "qemu-img convert -O vmdk -o subformat=streamOptimized disk.raw flow-1.vmdk", "16K"),
            ("disk-1.vhdx", "qemu-img convert -f raw -O vhdx disk.raw disk-1.vhdx", "16K"),
            ("disk-1.raw", "cp --sparse=always disk.raw disk-1.raw", "16K"),
            ("disk-1.img.xz", "xz -0 -c disk.raw > disk-1.img.xz", "16K"),
            (
                "box-1.ova",
                """
                qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw d.vmdk
                echo '<Envelope/>' > d.ovf
                for f in d.ovf d.vmdk; do echo "SHA256($f)= $(sha256sum $f | cut -d' ' -f1)"; done > d.mf
                tar --format=ustar -cf box-1.ova d.ovf d.mf d.vmdk
                """, "16K"
            ),
        ]

        @Test func everyFormatOfADiskBecomesTheDisk() async throws {
            let box = try await box()
            for format in Self.formats {
                let made = try await run(
                    """
                    \(format.script)
                    imgadm import -q \(format.file) tags.team=web
                    \(Self.isDisk)
                    test "$(zfs get -H -o value volblocksize \(box.pool)/$(imgadm list -H -o uuid))" = \(format.blockSize)
                    test "$(imgadm list -H -o version,tags.team)" = "$(imgadm list -H -o version,tags.team version=1)"
                    imgadm delete $(imgadm list -H -o uuid)
                    """, in: box)
                #expect(made.status == 0, "\(format.file)\n\(made)")
            }
            try await expectNothing(in: box)
        }

        @Test func aDiskOfAURLIsCheckedByTheListBesideItAndKnownAgain() async throws {
            let box = try await box()
            let server = try await FileServer(box.path("www"))
            let url = "\(server.url)/\(Self.name).qcow2"
            let shown = try await run(
                "(cd www; sha256sum *.qcow2 > SHA256SUMS)\nimgadm show \(url) > shown", in: box)
            #expect(shown.status == 0, "\(shown)")
            #expect(server.requests.filter { $0.contains(".qcow2 ") } == ["GET /\(Self.name).qcow2 bytes=0-262143"])
            let known = try JSONValue(parsing: try #require(try box.read("shown")))
            #expect(known["published_at"] == "2025-08-14T22:04:00.000Z" && known["image_size"] == 40)

            let made = try await run("imgadm import --verify checksum \(url)\n\(Self.isDisk)", in: box)
            #expect(made.status == 0 && made.output.contains("SHA256SUMS"), "\(made)")
            let record = try record(box)
            #expect(record["manifest"]?["uuid"] == known["uuid"] && record["source"] == .string(url))
            #expect(made.output.contains("Imported image \(known["uuid"]?.stringValue ?? "")"))

            let before = server.requests.count
            let again = try await run("imgadm import \(url) tags.team=web os=linux", in: box)
            #expect(again.status == 0 && again.output.contains("already installed, skipping"), "\(again)")
            #expect(again.errors.contains("what was given for tags.team is not taken\n"), "\(again)")
            #expect(server.requests.count == before + 1)
        }

        /// What came without a check is not taken for checked because it is there.
        @Test func whatCameUncheckedIsComparedLater() async throws {
            let box = try await box()
            let server = try await FileServer(box.path("www"))
            let url = "\(server.url)/\(Self.name).qcow2"
            let made = try await run("imgadm import -q \(url)", in: box)
            #expect(made.status == 0 && made.errors.contains("is not checked"), "\(made)")
            let none = try await run("imgadm import --verify checksum \(url)", in: box)
            #expect(none.status == 1 && none.errors.contains("ChecksumNotFound"), "\(none)")
            let wrong = try await run(
                """
                (cd www; sha256sum *.qcow2 | sed 's/^..../0000/' > SHA256SUMS)
                imgadm import --verify checksum \(url)
                """, in: box)
            #expect(wrong.status == 1 && wrong.errors.contains("DownloadError"), "\(wrong)")
            let before = server.requests.count
            let right = try await run(
                "(cd www; sha256sum *.qcow2 > SHA256SUMS)\nimgadm import --verify checksum \(url)", in: box)
            #expect(right.status == 0 && right.output.contains("already installed, skipping"), "\(right)")
            #expect(right.output.contains("was made of a file with the checksum sha256:"), "\(right)")
            // The list, and whether the file is another by now.
            #expect(server.requests.count - before <= 4, "\(server.requests)")
            let file = try await run("imgadm import --verify checksum ./disk.raw version=1", in: box)
            #expect(file.status == 2 && file.errors.contains("--checksum sha256:DIGITS"), "\(file)")
        }

        /// What a server can, and whether the file's UUID is known before it is fetched.
        private static let servers: [FileServer.Abilities] = [
            [], [.lengths], [.tags, .lengths], [.ranges, .tags, .lengths, .redirects],
        ]

        @Test func everyServerWillDo() async throws {
            let box = try await box()
            for abilities in Self.servers {
                let server = try await FileServer(box.path("www"), abilities)
                let url = "\(server.url)/\(Self.name).qcow2"
                let made = try await run("imgadm import --progress json \(url)\n\(Self.isDisk)", in: box)
                #expect(made.status == 0, "\(abilities)\n\(made)")
                #expect(made.errors.contains("is not checked"), "\(abilities)\n\(made)")
                // Which image it becomes is not known while it comes.
                #expect(made.errors.contains("\"begin\"") && !made.errors.contains("\"image\""), "\(made)")
                // Under the UUID that follows from the file, though nobody told it before.
                let twice = try await run("imgadm import -q www/\(Self.name).qcow2 | grep skipping", in: box)
                #expect(twice.status == 0, "\(abilities)\n\(twice)")
                let elsewhere = try await FileServer(box.path("www"), [.lengths])
                let other = try await run("imgadm import \(elsewhere.url)/\(Self.name).qcow2", in: box)
                #expect(other.status == 0 && other.output.contains("already installed, skipping"), "\(other)")
                #expect(try await box.datasets().count == 2)
                _ = try await run("imgadm delete $(imgadm list -H -o uuid)", in: box)
            }
            try await expectNothing(in: box)
        }

        @Test func aFileThatChangedIsANewImageAndTheURLLeadsToIt() async throws {
            let box = try await box()
            let server = try await FileServer(box.path("www"))
            let url = "\(server.url)/\(Self.name).qcow2"
            let first = try await run("imgadm import -q \(url)", in: box)
            #expect(first.status == 0, "\(first)")
            let second = try await run(
                """
                printf new | dd of=disk.raw bs=1 seek=4096 conv=notrunc status=none
                qemu-img convert -f raw -O qcow2 -c disk.raw www/\(Self.name).qcow2
                imgadm import -q \(url)
                test $(imgadm list -H -o uuid | wc -l) = 2
                imgadm import \(url) | grep skipping
                """, in: box)
            #expect(second.status == 0, "\(second)")
            #expect(server.requests.last == "GET /\(Self.name).qcow2 bytes=0-262143")
        }

        /// A mirror between two states has a new file beside the list of the old one.
        @Test func aListOlderThanItsFileLeadsToNoImageForGood() async throws {
            let box = try await box()
            let server = try await FileServer(box.path("www"))
            let url = "\(server.url)/\(Self.name).qcow2"
            let run = try await run(
                """
                list() { (cd www; sha256sum \(Self.name).qcow2 > SHA256SUMS); }
                list
                imgadm import -q \(url)
                printf new | dd of=disk.raw bs=1 seek=4096 conv=notrunc status=none
                qemu-img convert -f raw -O qcow2 -c disk.raw www/\(Self.name).qcow2
                imgadm import \(url) | grep skipping
                list
                imgadm import -q \(url)
                test $(imgadm list -H -o uuid | wc -l) = 2
                imgadm import \(url) | grep skipping
                """, in: box)
            #expect(run.status == 0, "\(run)")
        }

        /// Userspace ZFS has no owners from 2^31 on: the error says which file, and whose it would be.
        @Test func anOwnerThatTheFileSystemDoesNotTakeIsNamed() async throws {
            let box = try await Sandbox.make()
            let run = try await run(
                """
                mkdir -p tree/etc; echo ID=demo > tree/etc/os-release; echo x > tree/etc/odd
                tar -C tree --exclude=./etc/odd -cf root.tar .
                tar -C tree --owner=odd:3000000000 --group=odd:7 -rf root.tar ./etc/odd
                imgadm import ./root.tar name=odd version=1
                """, in: box)
            guard run.status != 0 else {
                // One that takes it has it.
                let owner = try await self.run(
                    "stat -c %u:%g \"$(zfs get -H -o value mountpoint \(box.pool)/$(imgadm list -H -o uuid))/root/etc/odd\"",
                    in: box)
                return #expect(owner.output == "3000000000:7\n", "\(owner)")
            }
            #expect(run.errors.contains("etc/odd") && run.errors.contains("owner 3000000000 and group 7"), "\(run)")
            #expect(run.errors.contains("which the file system does not take"), "\(run)")
            try await expectNothing(in: box)
        }

        /// What is refused, and leaves nothing: a script, the error's code, and a word of its message.
        private static let refusals: [Refusal] = [
            ["imgadm import --checksum sha256:\(String(repeating: "0", count: 64)) URL", "DownloadError", "digest"],
            ["imgadm import --checksum sha512:\(String(repeating: "0", count: 128)) URL", "DownloadError", "digest"],
            [
                "imgadm import --checksum sha512:\(String(repeating: "0", count: 128)) www/\(name).qcow2",
                "InvalidFile",
                "digest",
            ],
            ["imgadm import http://127.0.0.1:1/\(name).qcow2", "ConnectionError", "connection refused"],
            [
                "imgadm import disk.raw version=1 nmae=web", "ManifestValidation",
                "did you mean \"name\", not \"nmae\"?",
            ],
            ["imgadm import --verify checksum URL", "ChecksumNotFound", "--checksum"],
            ["imgadm import --verify signature URL", "Option", "checksum"],
            ["imgadm import --checksum md5:0 URL", "Option", "sha256"],
            ["imgadm import --volblocksize 5000 URL", "Option", "power of two"],
            ["imgadm import --volblocksize 8K debian:12", "Usage", "--volblocksize"],
            ["imgadm import -S http://127.0.0.1:1 URL", "Usage", "-S"],
            ["imgadm import URLx", "DownloadError", "404"],
            ["imgadm import $(dirname URL)/", "Usage", "the URL of no file"],
            // What its damage makes of it comes after that it is not what it should be.
            [
                """
                sum=$(sha256sum www/\(name).qcow2 | cut -d' ' -f1); cp www/\(name).qcow2 bad-1.qcow2
                printf '\\377\\377\\377\\377' | dd of=bad-1.qcow2 bs=1 seek=196608 conv=notrunc status=none
                imgadm import --checksum sha256:$sum ./bad-1.qcow2
                """, "InvalidFile", "digest",
            ],
            ["imgadm import ./nothing.qcow2", "Usage", "nothing.qcow2"],
            ["imgadm import disk.raw", "ManifestValidation", "version=1.0.0"],
            ["imgadm import disk.raw version=1 type=other", "ManifestValidation", "zvol"],
            ["head -c 300000 www/\(name).qcow2 > cut-1.qcow2; imgadm import cut-1.qcow2", "InvalidFile", "at byte"],
            [
                "cd www; head -c 5000000 \(name).qcow2 > cut-1.qcow2; imgadm import $(dirname URL)/cut-1.qcow2",
                "InvalidFile", "ends too early",
            ],
            ["echo '{}' > m.img; imgadm import ./m.img", "InvalidFile", "JSON"],
            ["head -c 100000 /dev/urandom > noise; imgadm import ./noise", "InvalidFile", "neither a disk nor"],
            [
                "zfs send \(String("$IMGADM_POOL"))@s > s.zfs; imgadm import ./s.zfs", "InvalidFile",
                "imgadm install -m",
            ],
            [
                "qemu-img create -q -f qcow2 -b disk.raw -F raw over-1.qcow2; imgadm import over-1.qcow2",
                "InvalidFile",
                "overlay",
            ],
            ["imgadm install -f www/\(name).qcow2", "Usage", "imgadm import"],
            [
                "echo '{\"v\":2,\"uuid\":\"5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001\",\"name\":\"a\",\"version\":\"1\",\"type\":\"other\",\"os\":\"linux\"}' > a.json; imgadm install -m a.json -f www/\(name).qcow2",
                "InvalidStream", "is a disk, which imgadm import takes",
            ],
        ]

        @Test func whatIsWrongBecomesNoImage() async throws {
            let box = try await box()
            let server = try await FileServer(box.path("www"))
            _ = try await run("zfs snapshot \(box.pool)@s", in: box)
            for refusal in Self.refusals {
                try await refusal.check { script in
                    try await run(script.replacing("URL", with: "\(server.url)/\(Self.name).qcow2"), in: box)
                }
            }
            _ = try await run("zfs destroy \(box.pool)@s", in: box)
            try await expectNothing(in: box)
        }

        @Test func aRunThatWasKilledIsDoneAgain() async throws {
            let box = try await box()
            let server = try await FileServer(box.path("www"))
            let url = "\(server.url)/\(Self.name).qcow2"
            for tenths in [1, 2, 4, 7, 11, 16] {
                _ = try await box.imgadm(["import", "-q", url], killedAfter: Double(tenths) / 10)
                try await box.settle()
                let images = try await box.imgadm("list", "-H", "-o", "uuid")
                #expect(images.status == 0 && images.lines.count <= 1, "\(images)")
                guard images.lines.isEmpty else { break }
            }
            let made = try await run("imgadm import \(url)\n\(Self.isDisk)", in: box)
            #expect(made.status == 0, "\(made)")
            #expect(try await box.datasets().count == 2)
            #expect(try box.leftovers() == [])
        }

        @Test func aRootFileSystemIsUnpacked() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p www tree/usr/lib tree/etc tree/bin
                printf 'ID=debian\\nVERSION_ID="13"\\nBUILD_ID=7\\n' > tree/usr/lib/os-release
                ln -s ../usr/lib/os-release tree/etc/os-release
                echo hi > tree/bin/.wh.sh
                ln tree/bin/.wh.sh tree/bin/other
                chown 12:13 tree/bin
                head -c 700000 /dev/urandom > tree/noise
                tar -C tree --zstd -cf www/rootfs.tar.zst .
                (cd www; sha512sum rootfs.tar.zst > rootfs.tar.zst.sha512)
                """, in: box)
            try #require(made.status == 0, "\(made)")
            let server = try await FileServer(box.path("www"))
            let imported = try await run(
                """
                imgadm import -q \(server.url)/rootfs.tar.zst
                root=$(zfs get -H -o value mountpoint \(box.pool)/$(imgadm list -H -o uuid))/root
                diff -r --no-dereference tree "$root"
                test "$(stat -c %u:%g:%a "$root/bin")" = 12:13:755
                test "$(stat -c %a "$root")" = 755
                imgadm import www/rootfs.tar.zst name=other version=1 | grep 'already installed, skipping'
                """, in: box)
            #expect(imported.status == 0, "\(imported)")
            // What is not known yet is not said: the version stands in the file.
            #expect(
                imported.output.contains("Importing rootfs from ") && imported.output.contains(" (debian-13@7)\n"),
                "\(imported)")
            let manifest = try #require(try record(box)["manifest"])
            #expect(manifest["name"] == "debian-13" && manifest["version"] == "7" && manifest["os"] == "linux")
            #expect(manifest["type"] == "lx-dataset" && manifest["published_at"] == "2025-08-14T22:04:00.000Z")

            let other = try await run(
                """
                imgadm delete $(imgadm list -H -o uuid)
                imgadm import -q www/rootfs.tar.zst name=base version=1
                test "$(imgadm list -H -o name)" = base
                imgadm delete $(imgadm list -H -o uuid)
                printf damage | dd of=www/rootfs.tar.zst bs=1 seek=90000 conv=notrunc status=none
                imgadm import -q \(server.url)/rootfs.tar.zst && exit 9 || true
                tar -C tree/usr -czf nothing-1.tgz lib/os-release
                imgadm import -q nothing-1.tgz tags.a=b 2> errors && exit 8 || true
                grep 'error (InvalidFile): .*nothing-1.tgz.* holds no root file system' errors
                test -z "$(imgadm list -H -o uuid)"
                mkdir -p nothing/etc
                tar -C nothing -czf nothing-1.tgz etc
                imgadm import -q nothing-1.tgz tags.a=b
                imgadm delete $(imgadm list -H -o uuid)
                """, in: box)
            #expect(other.status == 0, "\(other)")
            try await expectNothing(in: box)
        }
    }
}
