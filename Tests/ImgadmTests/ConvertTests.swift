import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm convert` and `imgadm export`: disks become image files and come back, with and without ZFS.
    @Suite struct ConvertTests {
        /// Two disks, of which the second has other blocks, zeros where the first has none, and more room.
        private static let disks = """
            truncate -s 21000192 one.raw
            seq 1 200000 | dd of=one.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
            head -c 300000 /dev/urandom | dd of=one.raw bs=4096 seek=3000 conv=notrunc iflag=fullblock status=none
            printf end | dd of=one.raw bs=1 seek=21000180 conv=notrunc status=none
            cp --sparse=always one.raw two.raw
            truncate -s 25165824 two.raw
            head -c 9000 /dev/urandom | dd of=two.raw bs=4096 seek=3010 conv=notrunc iflag=fullblock status=none
            head -c 81920 /dev/zero | dd of=two.raw bs=4096 seek=110 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O qcow2 -c one.raw debian-13-genericcloud-amd64-20250814-2204.qcow2
            mkdir out
            imgadm convert -q -o out debian-13-genericcloud-amd64-20250814-2204.qcow2
            imgadm convert -q -o out --origin out/debian-13-genericcloud-20250814-2204.imgmanifest two.raw name=two version=2
            """
        private static let one = "out/debian-13-genericcloud-20250814-2204"

        /// Runs a script in the folder of a sandbox; its first line that fails ends it.
        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        private func manifest(_ name: String, in box: Sandbox) throws -> JSONValue {
            try JSONValue(parsing: try #require(try box.read("\(name).imgmanifest")))
        }

        /// Behind the end of a disk that is smaller than its origin are zeros, in the last block, too, where nothing else differs.
        @Test func aSmallerDiskHasNothingOfItsOriginBehindIt() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                head -c 1048576 /dev/urandom > base.raw
                imgadm convert -q -o base base.raw name=base version=1
                for size in 499712 512 16384 1048064; do
                    head -c $size base.raw > small.raw
                    imgadm convert -q -f -o small --origin base.imgmanifest small.raw name=small version=1
                    imgadm convert -q -f -o whole small.raw name=small version=1
                    imgadm export -q -f -o inc.raw --origin base.zvol.gz small.zvol.gz
                    imgadm export -q -f -o whole.raw whole.zvol.gz
                    cmp inc.raw whole.raw
                done
                """, in: box)
            #expect(made.status == 0, "\(made)")
        }

        /// A slip of the keyboard: of a manifest nobody wants a disk.
        /// The plain bytes of a disk with the name of another format are most likely a file that was cut; a packed VHD of fixed size is one.
        @Test func theNameOfAnotherFormatIsHeeded() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                head -c 1000448 /dev/urandom > disk.qcow2; gzip -k disk.qcow2; cp disk.qcow2 disk.vhd
                truncate -s 4M disk.raw; seq 1 10000 | dd of=disk.raw bs=1M seek=1 conv=notrunc iflag=fullblock status=none
                qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on disk.raw fixed.vhd; gzip -k fixed.vhd
                """, in: box)
            try #require(made.status == 0, "\(made)")
            for name in ["disk.qcow2", "disk.qcow2.gz", "disk.vhd"] {
                for command in ["export -q -o none.raw \(name)", "convert -q -o none \(name) name=a version=1"] {
                    let refused = try await run("imgadm \(command)", in: box)
                    #expect(refused.status == 1 && refused.errors.contains("is called ."), "\(command): \(refused)")
                }
            }
            let packed = try await run(
                """
                imgadm convert -q -o packed fixed.vhd.gz name=a version=1
                imgadm export -q -o packed.raw packed.zvol.gz
                cmp -n 4194304 packed.raw disk.raw; test ! -e none.raw
                """, in: box)
            #expect(packed.status == 0, "\(packed)")
        }

        @Test func aManifestIsNoDisk() async throws {
            let box = try await Sandbox.make()
            for words in ["export -o a.qcow2", "export -o a.zfs.gz", "convert -o a"] {
                let refused = try await run(
                    "echo '{\"v\": 2, \"name\": \"\(String(repeating: "x", count: 600))\"}' > a.imgmanifest\nimgadm \(words) a.imgmanifest",
                    in: box)
                #expect(
                    refused.status == 1 && refused.errors.contains("error (UnsupportedImage)"), "\(words): \(refused)")
                #expect(
                    try HostFile.names(in: box.path("")).allSatisfy { !$0.hasPrefix("a.") || $0 == "a.imgmanifest" })
            }
        }

        @Test func aDiskBecomesAnImageThatIsInstalledAndComesBack() async throws {
            let box = try await Sandbox.make()
            let made = try await run(Self.disks, in: box)
            #expect(made.status == 0, "\(made)")
            let whole = try manifest(Self.one, in: box)
            #expect(whole["name"] == "debian-13-genericcloud" && whole["version"] == "20250814-2204")
            #expect(whole["type"] == "zvol" && whole["os"] == "linux" && whole["image_size"] == 21)
            let increment = try manifest("out/two-2", in: box)
            #expect(increment["origin"] == whole["uuid"] && increment["os"] == "linux" && increment["image_size"] == 24)
            #expect(increment["uuid"] != whole["uuid"])

            let one = try #require(whole["uuid"]?.stringValue)
            let two = try #require(increment["uuid"]?.stringValue)
            let installed = try await run(
                """
                imgadm install -q -m \(Self.one).imgmanifest -f \(Self.one).zvol.gz
                imgadm install -q -m out/two-2.imgmanifest -f out/two-2.zvol.gz
                test "$(zfs get -H -o value origin \(box.pool)/\(two))" = \(box.pool)/\(one)@final
                imgadm export -q -o one.qcow2 \(one)
                qemu-img check -q one.qcow2
                qemu-img compare -q -f raw -F qcow2 one.raw one.qcow2
                imgadm export -q -o two.img two@2
                cmp two.img two.raw
                imgadm export -q -o again/two.zvol \(two) 2>/dev/null && exit 9
                mkdir again
                imgadm export -q -o again/two.zvol \(two)
                imgadm export -q -o again/two.qcow2 --origin \(Self.one).zvol.gz again/two.zvol
                qemu-img compare -q -f raw -F qcow2 two.raw again/two.qcow2
                cp \(Self.one).imgmanifest one.imgmanifest
                imgadm inspect one.qcow2 | grep -q differences && exit 9
                rm one.imgmanifest
                """, in: box)
            #expect(installed.status == 0, "\(installed)")
            let sent = try manifest("again/two", in: box)
            #expect(sent["files"]?[0]?["dataset_guid"] == increment["files"]?[0]?["dataset_guid"])
            #expect(sent["files"]?[0]?["compression"] == "none" && sent["origin"] == whole["uuid"])
        }

        @Test func theSameDiskIsTheSameImageHoweverItIsKept() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disks)
                qemu-img convert -f raw -O vmdk -o subformat=streamOptimized one.raw d.vmdk
                echo '<Envelope/>' > d.ovf
                for f in d.ovf d.vmdk; do echo "SHA256($f)= $(sha256sum $f | cut -d' ' -f1)"; done > d.mf
                tar --format=ustar -cf one.ova d.ovf d.mf d.vmdk
                qemu-img convert -f raw -O vhdx one.raw one.vhdx
                xz -0 -k one.raw
                mkdir others
                for disk in one.raw one.ova one.vhdx one.raw.xz; do
                    imgadm convert -q -o others/${disk//./-} $disk name=debian version=1 os=linux
                    cmp others/${disk//./-}.zvol.gz \(Self.one).zvol.gz
                done
                imgadm convert -q -o others/pipe - name=debian version=1 os=linux < one.ova
                cmp others/pipe.zvol.gz \(Self.one).zvol.gz
                cmp others/pipe.imgmanifest others/one-ova.imgmanifest
                for c in none bzip2 xz zstd; do imgadm convert -q -c $c -o others/$c one.raw name=d version=1 os=linux; done
                gzip -dc \(Self.one).zvol.gz | cmp - others/none.zvol
                xz -dc others/xz.zvol.xz | cmp - others/none.zvol
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let guids = try ["others/one-ova", "others/xz", Self.one].map {
                try manifest($0, in: box)["files"]?[0]?["dataset_guid"]
            }
            #expect(Set(guids).count == 1 && guids[0] != nil)
        }

        @Test func theNameOfTheFileMayBeGivenWhole() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                truncate -s 10485760 disk.raw; echo x | dd of=disk.raw bs=4096 seek=9 conv=notrunc status=none
                qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2
                imgadm convert -q -o web.zvol.gz disk.raw name=web version=1
                imgadm convert -q -o packed.zvol.zst disk.raw name=web version=1
                imgadm convert -q -o plain.zvol disk.raw name=web version=1
                imgadm convert -q -o start disk.raw name=web version=1
                imgadm convert -q -c xz -o 1.2 disk.raw name=web version=1
                ls *.imgmanifest *.zvol*
                """, in: box)
            let names =
                ["1.2", "packed", "plain", "start", "web"].map { "\($0).imgmanifest" }
                + ["1.2.zvol.xz", "packed.zvol.zst", "plain.zvol", "start.zvol.gz", "web.zvol.gz"]
            #expect(made.status == 0 && Set(made.lines.filter { !$0.contains(" ") }) == Set(names), "\(made)")
            for (words, says) in [
                ("convert -q -o a.zfs.gz disk.raw name=a version=1", "-o a makes a.zvol.gz"),
                ("convert -q -c gzip -o a.zvol.xz disk.raw name=a version=1", "another kind of file"),
                ("export -q -o a.zvol.gz disk.qcow2", "imgadm convert -o a.zvol.gz disk.qcow2"),
                ("export -q -o a.zfs.gz disk.raw", "imgadm convert -o"),
                (
                    "export -q -o a.raw --format qcow2 disk.raw",
                    "called like a file of the format raw, and --format says qcow2"
                ),
                ("export -q -o a.raw.gz --format raw disk.raw", "--format says raw"),
                ("convert -q -o a.qcow2 disk.raw name=a version=1", "imgadm export -o a.qcow2 IMAGE"),
                ("convert -q -o a.tar.gz disk.raw name=a version=1", "called like a disk or an archive"),
                ("convert -q -o a.d/ disk.raw name=a version=1", "mkdir -p a.d/"),
                ("create -o a.d/ \(TestUUID.make()) name=a version=1", "there is no folder \"a.d/\""),
            ] {
                let wrong = try await run("imgadm \(words)", in: box)
                #expect(wrong.status != 0 && wrong.errors.contains(says), "\(words): \(wrong)")
                #expect(!wrong.errors.contains("warning"), "\(words): \(wrong)")
            }
            #expect(try await run("ls", in: box).lines.allSatisfy { !$0.hasPrefix("a.") })
            // What says the same twice is no contradiction, and a folder may have any name.
            let fine = try await run(
                """
                imgadm export -q -o b.img --format raw disk.raw && imgadm export -q -o b --format qcow2 disk.raw
                mkdir c.qcow2; imgadm convert -q -o c.qcow2 disk.raw name=c version=1; ls c.qcow2
                """, in: box)
            #expect(fine.status == 0 && fine.lines.contains("c-1.zvol.gz"), "\(fine)")
        }

        @Test func exportsAreTheSameEachTimeAndStream() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disks)
                imgadm export -q -o one.qcow2 \(Self.one).zvol.gz
                imgadm export -q -o - --format qcow2 \(Self.one).zvol.gz | cmp - one.qcow2
                imgadm export -q -o one.img \(Self.one).zvol.gz
                cat \(Self.one).zvol.gz | imgadm export -q -o pipe.qcow2 -
                cmp pipe.qcow2 one.qcow2
                cat two.raw | imgadm export -q -o pipe.raw.gz -
                gzip -dc pipe.raw.gz | cmp - two.raw
                cat \(Self.one).zvol.gz | imgadm export -q -o pipe.zvol -
                gzip -dc \(Self.one).zvol.gz | cmp - pipe.zvol
                imgadm export -q -o - --format raw debian-13-genericcloud-amd64-20250814-2204.qcow2 > plain.img
                head -c 21000192 one.img | cmp - plain.img
                test "$(stat -c %s one.img)" = 21004288
                for s in gz xz zst; do imgadm export -q -o two.raw.$s --origin \(Self.one).zvol.gz out/two-2.zvol.gz; done
                gzip -dc two.raw.gz | cmp - two.raw
                xz -dc two.raw.xz | cmp - two.raw
                zstd -dqc two.raw.zst | cmp - two.raw
                imgadm export -q -o copy.zfs.zst \(Self.one).zvol.gz
                gzip -dc \(Self.one).zvol.gz > stream
                zstd -dqc copy.zfs.zst | cmp - stream
                ls *.partial out/*.partial 2>/dev/null && exit 9 || true
                """, in: box)
            #expect(made.status == 0, "\(made)")
            #expect(try manifest("copy", in: box)["uuid"] == manifest(Self.one, in: box)["uuid"])
        }

        @Test func whatWasConvertedIsPublishedAndImported() async throws {
            let box = try await Sandbox.make()
            try HostFile.makeFolder(box.path("server/images"))
            let server = try TestServer(box.path("server"))
            try box.use(server.url)
            let done = try await run(
                """
                \(Self.disks)
                imgadm publish -q -m \(Self.one).imgmanifest -f \(Self.one).zvol.gz \(server.url)
                imgadm publish -q -m out/two-2.imgmanifest -f out/two-2.zvol.gz \(server.url)
                imgadm import -q two
                imgadm export -q -o back.img two
                cmp back.img two.raw
                imgadm check
                """, in: box)
            #expect(done.status == 0, "\(done)")
        }

        /// Whoever gives the UUID need not wait for the digest of 8 TiB, either.
        @Test func aHugeDiskIsAsMuchWorkAsThereIsOnIt() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                truncate -s 8T huge.raw
                for at in 0 4398046511104 8796093022205; do
                    printf end | dd of=huge.raw bs=3 seek=$at oflag=seek_bytes conv=notrunc status=none
                done
                cp --sparse=always huge.raw new.raw
                printf END | dd of=new.raw bs=3 seek=4398046511104 oflag=seek_bytes conv=notrunc status=none
                imgadm convert -q -c none -o huge huge.raw name=huge version=1 \
                    uuid=3d2f7a60-6e0e-4c7b-9a51-0c5b8e4c7f01
                imgadm convert -q -c none -o new --origin huge.imgmanifest new.raw name=huge version=2 \
                    uuid=3d2f7a60-6e0e-4c7b-9a51-0c5b8e4c7f02
                stat -c %s huge.zvol new.zvol
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let sizes = made.output.split(separator: "\n").suffix(2).compactMap { Int($0) }
            #expect(sizes.count == 2 && sizes.allSatisfy { $0 < 100_000 }, "\(made)")
            let increment = try manifest("new", in: box)
            #expect(increment["image_size"] == 8_388_608 && increment["uuid"] == "3d2f7a60-6e0e-4c7b-9a51-0c5b8e4c7f02")
        }

        /// Any file can be the bytes of a disk. What looks like none is taken, and said to.
        @Test func whatLooksLikeNoDiskIsTakenWithAWarning() async throws {
            let box = try await Sandbox.make()
            let doubtful = try await run(
                """
                seq 100000 > notes.txt
                imgadm convert -q notes.txt name=notes version=1 os=linux
                imgadm convert -q - name=more version=1 os=linux < notes.txt
                """, in: box)
            #expect(doubtful.status == 0, "\(doubtful)")
            let warnings = doubtful.errors.split(separator: "\n").filter { $0.contains("no partition table") }
            #expect(warnings.count == 2, "\(doubtful)")
            let known = try await run(
                """
                mv notes.txt notes.img
                imgadm convert -q notes.img name=third version=1 os=linux
                truncate -s 4M disk; printf '\\125\\252' | dd of=disk bs=1 seek=510 conv=notrunc status=none
                imgadm convert -q disk name=fourth version=1 os=linux
                """, in: box)
            #expect(known.status == 0 && known.errors == "", "\(known)")
        }

        /// What is refused: a script, the error's code, and a word of its message.
        private static let refusals: [Refusal] = [
            ["imgadm convert -q -o out one.raw", "ManifestValidation", "version=1.0.0"],
            ["imgadm convert -q -o out debian-13-genericcloud-amd64-20250814-2204.qcow2", "Usage", "--force"],
            ["tar cf root.tar one.raw; imgadm convert -q root.tar", "InvalidFile", "no root file system"],
            ["imgadm convert -q out/two-2.zvol.gz", "InvalidFile", "send stream"],
            [
                "qemu-img create -q -f qcow2 -b one.raw -F raw over.qcow2; imgadm convert -q over.qcow2", "InvalidFile",
                "overlay",
            ],
            ["head -c 70000 debian*.qcow2 > cut.qcow2; imgadm convert -q cut.qcow2", "InvalidFile", "cut.qcow2"],
            ["head -c 3 debian*.qcow2 > five.qcow2; imgadm convert -q five.qcow2", "InvalidFile", "is called .qcow2"],
            ["xz -k one.raw; head -c 5 one.raw.xz > x5.raw.xz; imgadm convert -q x5.raw.xz", "InvalidFile", ".xz"],
            [
                "qemu-img convert -f raw -O vpc -o subformat=fixed one.raw a.vhd; head -c 4194560 a.vhd > half.vhd; imgadm convert -q half.vhd version=1",
                "InvalidFile", "is called .vhd",
            ],
            ["imgadm convert -q nothing.raw", "Usage", "nothing.raw"],
            ["imgadm convert -q one.raw name=x version=1 os=linux type=other", "ManifestValidation", "nic_driver"],
            ["imgadm convert -q --origin one.imgmanifest one.raw", "Usage", "one.imgmanifest"],
            ["imgadm convert -q --origin \(one).zvol.gz one.raw", "Usage", "hint: --origin \(one).imgmanifest"],
            ["imgadm convert -q --origin two.raw one.raw", "Usage", "two.raw\" is no manifest"],
            ["imgadm export -q -o two.qcow2 out/two-2.zvol.gz", "UnexpectedOrigin", "--origin"],
            ["imgadm export -q -o one.raw \(one).zvol.gz", "Usage", "is there already"],
            ["imgadm export one.doc.raw \(one)", "Usage", "imgadm export -o one.doc.raw \(one)"],
            ["imgadm export -q -o one.doc \(one).zvol.gz", "Usage", "tells no format"],
            ["imgadm export -q -o - \(one).zvol.gz", "Usage", "--format"],
            ["imgadm export -q -o x.tar \(one).zvol.gz", "UnsupportedImage", "no files"],
            [
                "gzip -dc \(one).zvol.gz > whole.zvol; head -c 400000 whole.zvol > cut.zvol; imgadm export -q -o x.qcow2 cut.zvol",
                "InvalidStream", "cut.zvol",
            ],
            ["imgadm export -q -o x.qcow2 5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001", "ImageNotInstalled", "5f1dd7b6"],
            ["imgadm export -q -o x.raw nosuch.zfs.gz", "Usage", "does not exist: \"nosuch.zfs.gz\""],
            ["imgadm inspect nosuch.qcow2", "Usage", "does not exist: \"nosuch.qcow2\""],
            ["imgadm convert -q -o - one.raw version=1", "Usage", "standard output is one"],
            [
                "imgadm convert -q -o x.y one.raw", "ManifestValidation",
                "version=1.0.0 behind the file gives what is missing\n",
            ],
        ]

        @Test func whatCannotBeIsRefused() async throws {
            let box = try await Sandbox.make()
            let made = try await run(Self.disks, in: box)
            #expect(made.status == 0, "\(made)")
            for refusal in Self.refusals {
                try await refusal.check { try await run($0, in: box) }
            }
            let left = try await Tool.shell(
                "cd \(box.root) && find . -name '*.partial' -o -name 'x.*' -o -name 'cut.*z*.gz'")
            #expect(left == "")
        }
    }
}
