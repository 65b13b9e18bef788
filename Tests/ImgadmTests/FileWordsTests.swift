import TestHost
import Testing

extension EndToEnd {
    /// What is said of files that were named: what is in the way, missing, or not taken of what was given.
    @Suite struct FileWordsTests {
        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        private static let disk = """
            mkdir -p www; truncate -s 20M www/disk-1.raw
            seq 1 20000 | dd of=www/disk-1.raw bs=1M seek=1 conv=notrunc iflag=fullblock status=none
            """

        @Test func whatIsThereUnderAnotherNameKeepsIt() async throws {
            let box = try await Sandbox.make()
            try #require(try await run(Self.disk, in: box).status == 0)
            let server = try await FileServer(box.path("www"))
            let url = "\(server.url)/disk-1.raw"
            let first = try await run("imgadm import -q ./www/disk-1.raw name=one", in: box)
            #expect(first.status == 0, "\(first)")
            for source in ["./www/disk-1.raw", url] {
                let again = try await run("imgadm import --volblocksize 8K \(source) name=two version=1", in: box)
                #expect(again.status == 0 && again.output.contains("already installed, skipping"), "\(again)")
                #expect(again.errors.contains("what was given for name is not taken\n"), "\(again)")
                #expect(again.errors.contains("the image keeps the volume that it has"), "\(again)")
            }
            // The file is another URL's, too, and the fields are those that it has.
            let same = try await run("imgadm import \(url)?a=1 name=one", in: box)
            #expect(same.status == 0 && !same.errors.contains("keeps the manifest"), "\(same)")
        }

        @Test func whatAnImportWouldMissIsToldByShow() async throws {
            let box = try await Sandbox.make()
            let run = try await run("\(Self.disk)\nmv www/disk-1.raw disk.raw\nimgadm show ./disk.raw", in: box)
            #expect(run.status == 0 && run.output.contains("\"image_size\": 20"), "\(run)")
            #expect(run.errors.contains("import would refuse this") && run.errors.contains("version=1.0.0"), "\(run)")
            let given = try await self.run("imgadm show ./disk.raw version=1", in: box)
            #expect(given.status == 0 && given.errors.isEmpty, "\(given)")
        }

        /// What was cut, or is something else, is told as that by whoever is given it, and no manifest is made of it.
        @Test func whatIsNoDiskHasNoManifest() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disk)
                mkdir files; cp www/disk-1.raw whole.raw; imgadm export -q -o whole.qcow2 ./whole.raw; gzip -k whole.raw
                cp whole.raw whole.img; xz -k -0 whole.img
                seq 1 1000 > files/lines.txt
                for size in 0 1 5 511; do
                    for file in whole.raw whole.dd whole.img whole.qcow2 whole.raw.gz whole.img.xz; do
                        head -c $size ${file/dd/raw} > files/$size-$file
                    done
                    head -c $size whole.img | gzip > files/$size.img.gz
                    head -c $size whole.raw | gzip > files/$size.raw.gz
                    head -c $size files/lines.txt > files/$size.txt
                done
                mkdir files/folder.raw; mkfifo files/fifo.raw; ln -s /dev/null files/null.raw
                echo '{"name": "a", "version": "1", "os": "other", "type": "zvol", "v": 2, "image_size": 1, "nic_driver": "virtio",' > m
                echo "\\"disk_driver\\": \\"virtio\\", \\"cpu_type\\": \\"host\\", \\"uuid\\": \\"\(TestUUID.make())\\"}" >> m
                ls files
                """, in: box)
            #expect(made.status == 0 && made.lines.count > 35, "\(made)")
            for file in made.lines {
                let path = "./files/\(file)"
                for command in [
                    "show \(path)", "show \(path) name=a version=1", "import -q \(path) name=a version=1",
                    "install -q -m m -f \(path)", "convert -q -o out \(path) name=a version=1 os=other",
                    "export -q -o x.qcow2 \(path)",
                ] {
                    // Lines of text may be a disk that is kept as it is, as far as these know.
                    if file == "lines.txt", command.hasPrefix("convert") || command.hasPrefix("export") { continue }
                    // Who reads a pipe waits for what comes of it.
                    let isPipe = file == "fifo.raw"
                    let run = try await run("\(isPipe ? "(sleep 0.2; : > \(path)) & " : "")imgadm \(command)", in: box)
                    #expect([1, 2].contains(run.status) && !run.output.contains("\"uuid\""), "\(command): \(run)")
                    #expect(run.errors.contains("error ("), "\(command): \(run)")
                }
                let seen = try await run("timeout 3 imgadm inspect \(path) < /dev/null", in: box)
                #expect(seen.status != 0 || !seen.output.contains("disk"), "\(path): \(seen)")
            }
            let left = try await run("ls; imgadm list -H", in: box)
            #expect(!left.output.contains("out") && !left.output.contains("x.qcow2"), "\(left)")
            #expect(
                try await run("head -c 512 whole.raw > one.raw; imgadm show ./one.raw version=1", in: box).status == 0)
        }

        @Test func anIncrementWithoutItsOriginIsNotDamaged() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                zfs create \(box.pool)/a; m=$(zfs get -H -o value mountpoint \(box.pool)/a)
                mkdir $m/root; echo 1 > $m/root/f; zfs snapshot \(box.pool)/a@1
                echo 2 > $m/root/f; zfs snapshot \(box.pool)/a@2
                zfs send \(box.pool)/a@1 > one.zfs; zfs send -i @1 \(box.pool)/a@2 > two.zfs
                imgadm extract --origin one.zfs two.zfs root/f
                """, in: box)
            #expect(made.status == 0 && made.output == "2\n", "\(made)")
            for command in [
                "extract two.zfs root/f", "extract -t two.zfs", "extract -t - < two.zfs", "export -o x.tar two.zfs",
                "extract --origin two.zfs one.zfs root/f",
            ] {
                let run = try await run("imgadm \(command)", in: box)
                #expect(run.status == 1 && run.errors.contains("error (UnexpectedOrigin)"), "\(command) \(run)")
                #expect(run.errors.contains("is an increment: it builds on the snapshot with the guid"), "\(run)")
                #expect(run.errors.contains("--origin FILE") && !run.errors.contains("at byte"), "\(run)")
            }
            try await SandboxPool.destroyDataset("\(box.pool)/a")
        }

        /// As on a host without ZFS: the program is hidden from this command.
        @Test func thatThereIsNoSuchFileIsToldFirst() async throws {
            let box = try await Sandbox.make()
            for command in ["export -o zz.qcow2 nofile", "inspect nofile"] {
                let run = try await run(
                    """
                    export -f imgadm
                    unshare -m --propagation private bash -c \
                        'mount --bind /dev/null "$(command -v zfs)"; mount --bind /dev/null "$(command -v zpool)"; imgadm \(command)'
                    """, in: box)
                #expect(run.errors.contains("error (CommandNotFound): there is no file \"nofile\" here"), "\(run)")
                let here = try await self.run("imgadm \(command)", in: box)
                #expect(here.errors.contains("there is no file \"nofile\" here, and as an image: "), "\(here)")
            }
            let extract = try await run("imgadm extract nofile", in: box)
            #expect(extract.status == 2 && extract.errors.contains("does not exist: \"nofile\""), "\(extract)")
        }

        @Test func whatIsInTheWayIsWhatWasAskedFor() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disk)
                imgadm import -q ./www/disk-1.raw
                imgadm export -q -o out.zvol.gz disk@1
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let again = try await run("imgadm export -o out.zvol.gz disk@1", in: box)
            #expect(again.status == 2 && again.errors.contains("\"out.zvol.gz\" is there already"), "\(again)")
            let other = try await run("imgadm export -o out.zvol.zst disk@1", in: box)
            let isThere = "\"out.zvol.gz\" is there already, and the manifest"
            #expect(other.status == 2 && other.errors.contains(isThere), "\(other)")
            let full = try await run("imgadm export -o - --format raw disk@1 > /dev/full", in: box)
            #expect(full.status == 1 && full.errors.contains("cannot write standard output"), "\(full)")
        }

        /// A folder is no image file, so the image that is installed is meant.
        @Test func aFolderThatIsCalledLikeAnImageHidesItNot() async throws {
            let box = try await Sandbox.make()
            let run = try await run(
                """
                \(Self.disk)
                imgadm import -q ./www/disk-1.raw name=web version=1
                mkdir web
                ln -s web folder
                imgadm inspect web | grep -q 'zpool'
                imgadm export -q -o out.raw web
                cmp out.raw www/disk-1.raw
                """, in: box)
            #expect(run.status == 0, "\(run)")
            let path = try await self.run("imgadm inspect ./web", in: box)
            #expect(path.status == 1 && path.errors.contains("it is a folder, where a file should be"), "\(path)")
            let link = try await self.run("imgadm inspect folder", in: box)
            #expect(link.status == 3 && link.errors.contains("(ImageNotInstalled)"), "\(link)")
        }

        /// What was typed in place of something else is told, with what to type.
        @Test func whatIsNoFileIsToldWithWhatToDo() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            for (words, status, told) in [
                ("import ./folder name=a version=1", 1, "tar -C ./folder -caf ROOT.tar.gz ."),
                ("import http://127.0.0.1:1/images/\(uuid)", 2, "imgadm import -S http://127.0.0.1:1 \(uuid)"),
                ("import http://127.0.0.1:1/a/page/\(uuid)?q=x", 2, "imgadm import -S http://127.0.0.1:1/a \(uuid)"),
                ("import http://127.0.0.1:1/images/\(uuid)/file", 2, "imgadm import -S http://127.0.0.1:1 \(uuid)"),
                ("import http://127.0.0.1:1/images/\(uuid)/disk.qcow2", 1, "connection refused"),
                ("export -o nowhere/a.qcow2 a", 2, "mkdir -p nowhere makes it"),
                ("create -o nowhere/a \(uuid)", 2, "mkdir -p nowhere makes it"),
                ("push a 127.0.0.1:5000", 2, "the form is HOST[:PORT]/REPO[:TAG]"),
                ("avail -S http://127.0.0.1:1", 2, "imgadm remote list URL"),
            ] {
                let run = try await run("mkdir -p folder; imgadm \(words)", in: box)
                #expect(run.status == status && run.errors.contains(told), "\(words): \(run)")
            }
        }

        /// As soon as the magic number is there, it is a stream.
        @Test func aStreamThatIsCutInItsFirstRecordIsToldAsThat() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                "\(Self.disk)\nimgadm convert -q -c none -o . www/disk-1.raw name=x version=1", in: box)
            try #require(made.status == 0, "\(made)")
            for length in [16, 100, 311] {
                let cut = try await run("head -c \(length) x-1.zvol > cut; gzip -kf cut", in: box)
                try #require(cut.status == 0, "\(cut)")
                for command in [
                    "inspect cut", "inspect cut.gz", "inspect - < cut", "extract -t cut", "export -o no.qcow2 cut",
                    "export -o no.tar cut.gz", "import ./cut version=1", "show ./cut.gz version=1",
                ] {
                    let run = try await run("imgadm \(command)", in: box)
                    #expect(
                        run.status == 1 && run.errors.contains("the send stream ends too early"), "\(command): \(run)")
                    guard command.hasPrefix("inspect") else { continue }
                    #expect(run.lines.contains { $0.hasPrefix("kind ") && $0.hasSuffix(" stream") }, "\(run)")
                    #expect(run.lines.contains { $0.hasPrefix("intact ") && $0.hasSuffix(" no") }, "\(run)")
                }
            }
        }

        /// What lies in front of that is the disk as it is, which may look like nothing.
        @Test func aFixedVHDIsToldByItsEnd() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                seq 1 200000 > a.raw; truncate -s 4M a.raw
                qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on a.raw a.vhd
                imgadm inspect a.vhd | grep -E '^(kind|disk.format|intact) ' | tr -s ' '
                imgadm show ./a.vhd version=1 | grep image_size
                imgadm convert -q -o made a.vhd version=1 > log
                imgadm import -q ./a.vhd name=vhd version=1 >> log
                imgadm export -q -o back.raw vhd >> log; cmp a.raw back.raw
                imgadm export -o - --format raw a.vhd | head -c 1 | grep -q 1
                """, in: box)
            #expect(made.status == 0 && made.errors.isEmpty, "\(made)")
            #expect(made.lines == ["kind disk", "disk.format vhd", "intact yes", "  \"image_size\": 4"], "\(made)")
            // Without the end, and where the end is not looked at.
            let others = [
                ("head -c 2M a.vhd > half.vhd", "half.vhd", "is called .vhd, and is not"),
                ("gzip -c a.raw > whole.gz; head -c 9999 whole.gz > a.raw.gz", "a.raw.gz", "did not come whole"),
                ("gzip -k a.vhd", "a.vhd.gz", "a VHD of fixed size says at its end what it is"),
                (
                    "head -c 2M a.vhd > mbr.vhd; printf '\\125\\252' | dd of=mbr.vhd bs=1 seek=510 conv=notrunc status=none",
                    "mbr.vhd", "is called .vhd, and is not"
                ),
            ]
            for (script, file, words) in others {
                let run = try await run("\(script); imgadm show ./\(file) version=1", in: box)
                #expect(run.status == 1 && run.errors.contains("(InvalidFile)") && run.errors.contains(words), "\(run)")
            }
        }

        @Test func aSquashfsIsToldAsThat() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p made tree/etc tree/usr/bin
                seq 1 100000 > tree/etc/numbers
                mksquashfs tree x.squashfs -comp xz -quiet -no-progress > /dev/null
                gzip -k x.squashfs
                for file in x.squashfs x.squashfs.gz; do
                    imgadm inspect $file | grep -E '^(kind|squashfs.compression|intact) ' | tr -s ' '
                done
                sqfs2tar x.squashfs | imgadm convert -o made - name=x version=1 > /dev/null
                imgadm inspect made/x-1.zfs.gz | grep -q 'stream.type *filesystem'
                """, in: box)
            let facts = ["kind squashfs", "squashfs.compression xz", "intact yes"]
            #expect(made.status == 0 && Set(made.lines) == Set(facts) && made.lines.count == 6, "\(made)")
            let cut = try await run("head -c 2000 x.squashfs > cut; imgadm inspect cut", in: box)
            #expect(cut.status == 1 && cut.errors.contains("the squashfs is cut"), "\(cut)")
            for file in ["x.squashfs", "x.squashfs.gz", "- < x.squashfs"] {
                let run = try await run("imgadm convert -o no \(file)", in: box)
                #expect(run.status == 1 && run.errors.contains("is a squashfs"), "\(file): \(run)")
                #expect(run.errors.contains("imgadm import") && run.errors.contains("sqfs2tar"), "\(file): \(run)")
            }
            for output in ["a.qcow2", "a.raw", "a.tar", "a.zfs.gz"] {
                for file in ["x.squashfs", "x.squashfs.gz"] {
                    let run = try await run("imgadm export -o \(output) \(file)", in: box)
                    #expect(run.status == 1 && run.errors.contains("is a squashfs"), "\(output) \(file): \(run)")
                    #expect(run.errors.contains("unpack it first") == file.hasSuffix(".gz"), "\(run)")
                    #expect(run.errors.contains("imgadm import ./x.squashfs makes"), "\(run)")
                }
            }
            let piped = try await run("imgadm export -o a.qcow2 - < x.squashfs", in: box)
            #expect(piped.status == 1 && piped.errors.contains("is a squashfs"), "\(piped)")
            let archive = try await run("tar -C tree -cf x.tar .; imgadm export -o a.tar.gz x.tar", in: box)
            #expect(archive.status == 1 && archive.errors.contains("imgadm convert -o FOLDER x.tar"), "\(archive)")
            let extract = try await run("imgadm extract -t x.squashfs", in: box)
            #expect(extract.status == 1 && extract.errors.contains("is a squashfs"), "\(extract)")
            // One that is called as a disk is one.
            let disk = try await run(
                "cp x.squashfs x.raw; imgadm convert -q -o disk x.raw version=1; imgadm export -o a.qcow2 x.raw",
                in: box)
            #expect(disk.status == 0, "\(disk)")
        }

        @Test func whatAnOVALacksIsToldOnce() async throws {
            let box = try await Sandbox.make()
            let run = try await run(
                """
                echo '<Envelope/>' > d.ovf; truncate -s 1M d.raw; tar -cf x.ova d.ovf; tar -cf y.ova d.raw d.ovf
                for file in x.ova y.ova; do ! imgadm show ./$file version=1 || exit 9; done
                """, in: box)
            #expect(run.status == 0 && run.output.isEmpty, "\(run)")
            #expect(
                run.errors.contains("\"./x.ova\" cannot be read as a disk: it is an archive without a disk"), "\(run)")
            #expect(run.errors.contains("\"./y.ova\" is called .ova, and does not begin with a description"), "\(run)")
            #expect(!run.errors.contains("no disk image"), "\(run)")
            // In the same words, whoever reads it.
            _ = try await self.run("gzip -k y.ova", in: box)
            for file in ["./y.ova", "./y.ova.gz"] {
                for command in [
                    "show \(file) version=1", "import -n \(file) version=1",
                    "convert -o out \(file) version=1 os=linux",
                    "export -o z.qcow2 \(file)", "export -o z.tar \(file)",
                ] {
                    let run = try await self.run("imgadm \(command)", in: box)
                    #expect(run.status == 1 && run.errors.contains("error (InvalidFile)"), "\(command): \(run)")
                    #expect(
                        run.errors.contains(
                            "\"\(file)\" is called .ova, and does not begin with a description (*.ovf)"),
                        "\(command): \(run)")
                }
            }
        }

        /// How much of a file is zero, or can be packed, is not known before it is written.
        @Test func aFileLargerThanThePoolIsTold() async throws {
            let box = try await Sandbox.make()
            let run = try await run(
                """
                small=\(box.pool)small
                truncate -s 100M disk && zpool create -o cachefile=none -m none $small "$PWD/disk"
                gone() { for try in {1..50}; do zpool destroy -f $small && return; sleep 0.2; done; exit 93; }
                trap gone EXIT
                truncate -s 200M large.raw
                truncate -s 20M little.raw
                imgadm import -n -P $small ./large.raw version=1
                echo next >&2
                imgadm import -n -P $small ./little.raw version=1
                """, in: box)
            #expect(run.status == 0 && run.lines.count { $0.contains("Importing") } == 2, "\(run)")
            let (large, little) = try #require(
                run.errors.firstRange(of: "next").map {
                    (run.errors[..<$0.lowerBound], run.errors[$0.upperBound...])
                })
            #expect(large.contains("the file has 200.0 MiB: whether there is room"), "\(run)")
            #expect(!little.contains("available"), "\(run)")
        }
    }
}
