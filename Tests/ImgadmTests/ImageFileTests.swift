import Glibc
import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm inspect` and `imgadm extract`: image files on a machine that need not have ZFS.
    @Suite struct ImageFileTests {
        /// All kinds of files in a file system of their own, its streams, and a later state.
        private func make(_ box: Sandbox) async throws -> (mounted: FilePath, clone: FilePath) {
            let dataset = "\(box.pool)/source"
            let script = """
                zfs create \(dataset)
                m=$(zfs get -H -o value mountpoint \(dataset)); cd "$m"; umask 022
                mkdir -p etc usr/lib deep 'no entries' closed many
                i=0; while [ $i -lt 200 ]; do echo $i > "many/a name that is not short, number $i"; i=$((i+1)); done
                printf 'ID=tester\\nVERSION_ID=7\\n' > usr/lib/os-release; ln -s ../usr/lib/os-release etc/os-release
                echo one > first; ln first second; ln first deep/third; chown 1234:4321 first
                mkfifo fifo; mknod null c 1 3; mknod disk b 259 300
                echo program > setuid; chmod 4755 setuid; chmod 1777 deep; ln -s "$(printf '%0300d' 1)" long
                head -c 12288 /dev/urandom > sparse; truncate -s 5000000 sparse; truncate -s 99999 holes
                head -c 700000 /dev/urandom > random; : > empty; echo x > closed/x; chmod 555 closed
                echo 'no whiteout' > .wh.first; touch -d '1999-12-31 23:59:59' random
                cd /; sync; zfs snapshot \(dataset)@one; zfs clone \(dataset)@one \(dataset)-one
                zfs send \(dataset)@one > '\(box.root)/one.zfs'; gzip -1 -c '\(box.root)/one.zfs' > '\(box.root)/one.zfs.gz'
                cd "$m"; rm -rf many/*1* second; mv deep deeper; echo more >> first; truncate -s 1000 random
                printf 'changed' | dd of=sparse bs=1 seek=4096 conv=notrunc 2>/dev/null; cp setuid holes; mkdir new; echo new > new/file
                cd /; sync; zfs snapshot \(dataset)@two; zfs send -i @one \(dataset)@two > '\(box.root)/two.zfs'
                """
            try await Tool.shell(script)
            func mountpoint(_ name: String) async throws -> FilePath {
                FilePath(String(try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", name).dropLast()))
            }
            return (try await mountpoint(dataset), try await mountpoint("\(dataset)-one"))
        }

        /// A tree but for fractions of seconds, which FUSE does not tell.
        private func listing(_ folder: FilePath) async throws -> [String] {
            try await TreeListing.of(folder).map { line in
                line.split(separator: " ", omittingEmptySubsequences: false).map { word in
                    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
                    let isTime =
                        parts.count == 2 && parts[1].count == 10 && parts.allSatisfy { $0.allSatisfy(\.isNumber) }
                    return isTime ? String(parts[0]) : String(word)
                }.joined(separator: " ")
            }.sorted()
        }

        @Test func whatIsExtractedIsWhatIsMounted() async throws {
            let box = try await Sandbox.make()
            let (mounted, clone) = try await make(box)
            func path(_ name: String) -> String { box.path(name).string }
            let run = try await box.imgadm("extract", "-C", path("one"), path("one.zfs.gz"))
            #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run)")
            #expect(try await listing(box.path("one")) == listing(clone))
            // Holes stay holes.
            #expect(try await Tool.shell("stat -c %b '\(path("one"))/holes'") == "0\n")

            let piped = try await box.shell("imgadm extract -C '\(path("piped"))' - < <(cat '\(path("one.zfs.gz"))')")
            #expect(piped.status == 0, "\(piped)")
            #expect(try await listing(box.path("piped")) == listing(clone))

            let two = try await box.imgadm(
                "extract", "-C", path("two"), "--origin", path("one.zfs.gz"), path("two.zfs"))
            #expect(two.status == 0, "\(two)")
            #expect(try await listing(box.path("two")) == listing(mounted))
            let alone = try await box.imgadm("extract", "-C", path("none"), path("two.zfs"))
            #expect(alone.status == 1 && alone.errors.contains("UnexpectedOrigin") && alone.errors.contains("--origin"))
            #expect(try !HostFile.exists(box.path("none")))

            try await Tool.shell("tar -C '\(clone)' -cf - . | xz -0 > '\(path("one.tar.xz"))'")
            let tar = try await box.imgadm("extract", "-C", path("tar"), path("one.tar.xz"))
            #expect(tar.status == 0, "\(tar)")
            #expect(try await listing(box.path("tar")) == listing(clone))
            // Again: what is there makes room.
            let again = try await box.imgadm("extract", "-C", path("tar"), path("one.zfs"))
            #expect(again.status == 0, "\(again)")
            #expect(try await listing(box.path("tar")) == listing(clone))
        }

        @Test func someFilesAreExtractedPrintedAndListed() async throws {
            let box = try await Sandbox.make()
            let (mounted, clone) = try await make(box)
            let one = box.path("one.zfs").string
            for (folder, arguments, name) in [
                (clone, "'\(one)'", "random"), (clone, "'\(one)'", "sparse"), (clone, "'\(one)'", "holes"),
                (mounted, "--origin '\(one)' '\(box.root)/two.zfs'", "sparse"),
                (mounted, "--origin '\(one)' '\(box.root)/two.zfs'", "random"),
            ] {
                let run = try await box.shell(
                    "imgadm extract \(arguments) \(name) | cmp - '\(folder)/\(name)' && echo same")
                #expect(run.output == "same\n", "\(run)")
            }
            let some = try await box.imgadm(
                "extract", "-C", box.path("some").string, one, "deep/third", "second", "./etc/")
            #expect(some.status == 0, "\(some)")
            let found = try await Tool.shell("cd '\(box.path("some"))' && find . -mindepth 1 | sort; stat -c %h second")
            #expect(found == "./deep\n./deep/third\n./etc\n./etc/os-release\n./second\n2\n")

            let list = try await box.imgadm("extract", "-t", one, "first", "null", "long", "setuid", "deep")
            #expect(list.status == 0 && list.lines.count == 6, "\(list)")
            #expect(
                list.lines.contains { $0.hasPrefix("crw-r--r-- 0/0") && $0.hasSuffix("null") && $0.contains(" 1,3 ") })
            #expect(list.lines.contains { $0.hasPrefix("-rwsr-xr-x") && $0.hasSuffix("setuid") })
            #expect(list.lines.contains { $0.hasPrefix("hrw") && $0.hasSuffix("first link to deep/third") })
            for (path, word) in [("nothere", "there is no"), ("deep", "is no file"), ("etc/os-release", "is no file")] {
                let run = try await box.imgadm("extract", one, path)
                #expect(run.status == 2 && run.output.isEmpty && run.errors.contains(word), "\(run)")
            }
        }

        @Test(.enabled(if: unsafe access("/usr/bin/setpriv", X_OK) == 0 && geteuid() == 0))
        func anybodyCanExtractAndInspect() async throws {
            let box = try await Sandbox.make()
            _ = try await make(box)
            try await Tool.shell(
                "cd '\(box.root)'; chmod 755 .; mkdir out; chown 65534:65534 out; cp '\(Binaries.imgadm)' tool; chmod 755 tool"
            )
            let anybody = "setpriv --reuid 65534 --regid 65534 --clear-groups env PATH=/usr/bin IMGADM_ROOT=/nowhere"
            // Whether anybody comes to where the tests keep their folders is none of the tool's doing.
            let reached = try await box.shell("cd '\(box.root)/out' && \(anybody) test -x ../tool")
            try #require(reached.status == 0, "nobody but root gets at \(box.root): \(reached)")
            // The folders of tests are root's alone: what is read comes through descriptors.
            let run = try await box.shell(
                """
                cd '\(box.root)/out' && \(anybody) ../tool extract - < '\(box.root)/one.zfs' &&
                    stat -c '%U %a' first closed setuid && cat closed/x
                """)
            #expect(run.output == "nobody 644\nnobody 555\nnobody 4755\nx\n", "\(run)")
            #expect(run.errors.contains("devices"))
            let inspected = try await box.shell(
                "cd '\(box.root)/out' && \(anybody) ../tool inspect - < '\(box.root)/one.zfs'")
            #expect(inspected.status == 0 && inspected.output.contains("guid"), "\(inspected)")
        }

        /// The first record of a stream with properties is no snapshot's.
        @Test func theGuidOfAStreamWithPropertiesIsItsSnapshots() async throws {
            let box = try await Sandbox.make()
            let made = try await box.shell(
                """
                set -e; cd '\(box.root)'; zfs create \(box.pool)/a; zfs snapshot \(box.pool)/a@one
                zfs send -p \(box.pool)/a@one > a.zfs
                echo '{"v": 2, "uuid": "11111111-2222-4333-8444-555555555555", "name": "a", "version": "1", "os": "linux",
                    "type": "lx-dataset", "files": [{"size": '$(stat -c %s a.zfs)', "compression": "none",
                    "sha1": "'$(sha1sum < a.zfs | cut -d' ' -f1)'"}]}' > a.imgmanifest
                imgadm export -q -o b.zfs.gz ./a.zfs > said
                grep -q "dataset_guid.*$(zfs get -Hp -o value guid \(box.pool)/a@one)" b.imgmanifest || cat b.imgmanifest
                """)
            #expect(made.status == 0 && made.output == "", "\(made)")
        }

        @Test func whatAFileIsIsShown() async throws {
            let box = try await Sandbox.make()
            _ = try await make(box)
            let one = box.path("one.zfs.gz").string
            let run = try await box.imgadm("inspect", "-j", one)
            #expect(run.status == 0, "\(run)")
            let json = try JSONValue(parsing: run.output)
            #expect(json["kind"] == "stream" && json["compression"] == "gzip" && json["intact"] == true)
            #expect(json["stream"]?["type"] == "filesystem" && json["stream"]?["origin_guid"] == nil)
            let guid = try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", "\(box.pool)/source@one")
                .dropLast()
            #expect(json["stream"]?["guid"]?.stringValue == String(guid))
            #expect(json["os_release"]?["id"] == "tester" && json["os_release"]?["version_id"] == "7")
            #expect(json["file_system"]?["others"] == 3 && json["installed"] == nil)
            let two = try JSONValue(parsing: try await box.imgadm("inspect", "-j", box.path("two.zfs").string).output)
            #expect(two["stream"]?["origin_guid"]?.stringValue == String(guid) && two["content"]?["readable"] == false)
            let table = try await box.shell("cat '\(one)' | imgadm inspect -")
            #expect(
                table.status == 0 && table.lines.contains { $0.hasPrefix("os_release.id") && $0.hasSuffix("tester") })

            try await Tool.shell("printf XX | dd of='\(box.root)/one.zfs' bs=1 seek=300000 conv=notrunc 2>/dev/null")
            let damaged = try await box.imgadm("inspect", box.path("one.zfs").string)
            #expect(damaged.status == 1 && damaged.errors.contains("InvalidFile"), "\(damaged)")
            #expect(damaged.lines.contains { $0.hasPrefix("intact") && $0.hasSuffix("no") })
            try box.write("nothing", to: "other")
            #expect(try await box.imgadm("inspect", box.path("other").string).output.contains("unknown"))
            #expect(try await box.imgadm("inspect", box.path("nothere").string).status == 2)
            #expect(try await box.imgadm("extract", box.path("other").string).errors.contains("UnsupportedImage"))
        }

        @Test func partitionsOfADiskAreShown() async throws {
            let box = try await Sandbox.make()
            var disk = [UInt8](repeating: 0, count: 4 << 20)
            func put(_ bytes: [UInt8], _ offset: Int) {
                disk.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
            }
            func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> ($0 * 8) & 0xff) } }
            // An ext file system one MiB from the beginning, by its magic number, and an entry of each table for it.
            put([0x53, 0xef], 1 << 20 + 1080)
            put([0, 0, 0, 0, 0x83, 0, 0, 0] + number(2048, 4) + number(4096, 4), 446)
            put([0x55, 0xaa], 510)
            try HostFile.write(disk, to: box.path("mbr.raw"))
            put(Array("EFI PART".utf8), 512)
            put(number(2, 8) + number(128, 4) + number(128, 4), 512 + 72)
            let linux: [UInt8] = [
                0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
            ]
            put(linux, 1024)
            put(number(2048, 8) + number(6143, 8), 1024 + 32)
            put([0x72, 0, 0x6f, 0, 0x6f, 0, 0x74, 0], 1024 + 56)
            try HostFile.write(disk, to: box.path("gpt.raw"))
            for (name, way) in [("mbr", "'\(box.root)/mbr.raw'"), ("gpt", "- < <(gzip -c '\(box.root)/gpt.raw')")] {
                let run = try await box.shell("imgadm inspect -j \(way)")
                #expect(run.status == 0, "\(run)")
                let json = try JSONValue(parsing: run.output)
                #expect(json["kind"] == "disk" && json["disk"]?["partition_table"]?.stringValue == name, "\(run)")
                #expect(json["disk"]?["size"] == 4_194_304 && json["disk"]?["format"] == "raw")
                let partition = json["disk"]?["partitions"]?[0]
                #expect(partition?["offset"] == 1_048_576 && partition?["size"] == 2_097_152)
                #expect(partition?["type"] == "linux" && partition?["file_system"] == "ext")
                #expect(partition?["name"]?.stringValue == (name == "gpt" ? "root" : nil))
            }
        }

        /// What is no stream has no guid, and is known by its bytes.
        @Test func aDiskAndAnArchiveKnowTheImagesThatWereMadeFromThem() async throws {
            let box = try await Sandbox.make()
            let made = try await box.shell(
                """
                set -e; cd \(box.root); mkdir -p r/etc r/usr; echo ID=x > r/etc/os-release; tar -C r -cf root.tar etc usr; gzip -k root.tar
                truncate -s 4M disk.raw; seq 1 10000 | dd of=disk.raw bs=1M seek=1 conv=notrunc iflag=fullblock status=none
                cp disk.raw other.raw; printf x | dd of=other.raw bs=1 seek=99 conv=notrunc status=none
                qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2
                imgadm import -q ./root.tar name=root version=1
                imgadm import -q ./disk.qcow2 name=disk version=1
                """)
            try #require(made.status == 0, "\(made)")
            for (file, name) in [
                ("root.tar", "root"), ("disk.qcow2", "disk"), ("root.tar.gz", nil), ("disk.raw", nil),
                ("other.raw", nil),
            ] {
                let run = try await box.imgadm("inspect", "-j", box.path(file).string)
                let uuid = try await box.imgadm("list", "-H", "-o", "uuid", "name=\(name ?? "none")").lines.first
                let json = try JSONValue(parsing: run.output)
                #expect(run.status == 0 && json["installed"]?[0]?["uuid"]?.stringValue == uuid, "\(file): \(run)")
                #expect((json["installed"] == nil) == (name == nil), "\(file): \(run)")
            }
            // A state that cannot be read keeps nobody from what is in the file.
            let unread = try await box.shell(
                "cd \(box.root); mkdir -p s/var/imgadm; : > s/var/imgadm/images; IMGADM_ROOT=$PWD/s imgadm inspect -j disk.raw"
            )
            #expect(try JSONValue(parsing: unread.output)["intact"] == true, "\(unread)")
            #expect(unread.status == 0 && unread.errors.contains("cannot be told"), "\(unread)")
        }

        @Test func anImageKnowsItsFileAndACheckFindsWhatReplacedIt() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let record = try JSONValue(
                parsing: try box.read("var/imgadm/images/\(box.pool)-\(images.base.uuid).json") ?? "")
            let sum = try await Tool.run("sha256sum", images.base.file.string).prefix(64)
            #expect(record["file_sha256"]?.stringValue == String(sum))
            let dataset = "\(box.pool)/\(images.base.uuid)"
            let guid = try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", "\(dataset)@final").dropLast()
            #expect(record["snapshot_guid"]?.stringValue == String(guid))

            let file = try JSONValue(parsing: try await box.imgadm("inspect", "-j", images.base.file.string).output)
            #expect(file["installed"]?[0]?["uuid"]?.stringValue == images.base.uuid)
            let installed = try JSONValue(parsing: try await box.imgadm("inspect", "-j", images.base.uuid).output)
            #expect(installed["stream"]?["guid"] == file["stream"]?["guid"] && installed["intact"] == nil)
            #expect(installed["file_system"] == file["file_system"])

            // Beside its manifest.
            try await Tool.shell("cp '\(images.base.file)' '\(box.root)/base.zfs.gz'")
            try box.write(JSONValue.object(images.base.manifest).text(), to: "base.imgmanifest")
            let agreeing = try await box.imgadm("inspect", "-j", box.path("base.zfs.gz").string)
            #expect(try agreeing.status == 0 && JSONValue(parsing: agreeing.output)["manifest"]?["agrees"] == true)
            try box.write(JSONValue.object(images.top.manifest).text(), to: "base.imgmanifest")
            let other = try await box.imgadm("inspect", box.path("base.zfs.gz").string)
            #expect(
                other.status == 1 && other.errors.contains("ProblemsFound") && other.output.contains("SHA-1")
                    && !other.errors.contains("SHA-1") && other.errors.contains("in manifest.differences"),
                "\(other)")

            #expect(try await !box.imgadm("check").output.contains("is not the image that was installed"))
            try await Tool.shell("zfs rename \(dataset)@final \(dataset)@old; zfs snapshot \(dataset)@final")
            let check = try await box.imgadm("check", "-j")
            let kinds = try JSONValue(parsing: check.output).arrayValue?.compactMap { $0["kind"]?.stringValue }
            #expect(check.status == 1 && kinds?.contains("replaced") == true, "\(check)")
        }
    }
}
