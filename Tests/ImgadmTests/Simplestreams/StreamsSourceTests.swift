import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Sources of simplestreams: what they list becomes images, checked, by name, UUID and type.
    @Suite struct StreamsSourceTests {
        private func box(_ site: String, path: String = "") async throws -> (Sandbox, FileServer) {
            let box = try await Sandbox.make()
            let made = try await StreamsSite.run(site, in: box)
            try #require(made.status == 0, "\(made)")
            let server = try await FileServer(box.path("www"))
            try box.use(server.url + path, type: "simplestreams")
            return (box, server)
        }

        private func expectNothing(in box: Sandbox) async throws {
            #expect(try await box.datasets() == [])
            #expect(try box.recordNames() == [] && box.leftovers() == [])
        }

        private static let isDisk = """
            imgadm export -q --force -o back.raw $(imgadm list -H -o uuid type=zvol)
            head -c 12582912 back.raw | cmp - disk.raw
            """

        @Test func isAddedCheckedAndDeleted() async throws {
            let box = try await Sandbox.make()
            let made = try await StreamsSite.run(StreamsSite.incus, in: box)
            try #require(made.status == 0, "\(made)")
            let server = try await FileServer(box.path("www"))
            let run = try await box.shell(
                """
                imgadm sources -d https://images.smartos.org
                imgadm sources -t simplestreams -a \(server.url)
                imgadm sources -t simplestreams -a \(server.url)/
                imgadm sources -v -c
                imgadm avail -H -o name | sort -u
                ls var/cache/imgadm | wc -l
                imgadm sources -d \(server.url)
                ls var/cache/imgadm | wc -l
                """.replacing("var/cache", with: "\(box.root)/var/cache"))
            #expect(
                run.lines.filter { !$0.hasPrefix("URL") && !$0.hasPrefix("Deleted \"imgapi\"") } == [
                    "Added \"simplestreams\" image source \"\(server.url)\"",
                    "Already have \"simplestreams\" image source \"\(server.url)\", no change",
                    // The two lists, and the names in them, for completion.
                    "\(server.url)  simplestreams  true  -", "debian/13/cloud", "3",
                    "Deleted \"simplestreams\" image source \"\(server.url)\"", "0",
                ], "\(run)")
            let wrong = try await box.imgadm("sources", "-a", server.url)
            #expect(wrong.status == 1 && wrong.errors.contains("-t simplestreams"), "\(wrong)")
            let channel = try await box.imgadm("sources", "-t", "simplestreams", "-a", "\(server.url)?channel=dev")
            #expect(channel.status == 2 && channel.errors.contains("channels"), "\(channel)")
            let none = try await CannedServer(["*": "<html>hello</html>"])
            let no = try await box.imgadm("sources", "-t", "simplestreams", "-a", none.url)
            #expect(no.status == 1 && no.errors.contains("error (SourcePing)"), "\(no)")
        }

        @Test func listsWhatThisMachineRunsUnlessAsked() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            let columns = ["-H", "-o", "name,version,os,type,pub", "-s", "version,type"]
            #expect(
                try await box.imgadm(["avail"] + columns).lines == [
                    "debian/13/cloud  20250813_0524  linux  lx-dataset  2025-08-13",
                    "debian/13/cloud  20250813_0524  linux  zvol        2025-08-13",
                    "debian/13/cloud  20250814_0524  linux  lx-dataset  2025-08-14",
                ])
            #expect(try await box.imgadm(["avail", "--arch", "all"] + columns).lines.count == 4)
            let other = try await box.imgadm(
                "avail", "-H", "--arch", StreamsSite.other, "-o", "tags.simplestreams:architecture")
            #expect(other.lines == [StreamsSite.other], "\(other)")
            #expect(try await box.imgadm("avail", "-H", "-o", "uuid", "name=~debian", "type=zvol").lines.count == 1)
            let bad = try await box.imgadm("avail", "--arch", "pdp11")
            #expect(bad.status == 2 && bad.errors.contains("(Option)"), "\(bad)")
            #expect(!server.requests.isEmpty)
        }

        @Test func aContainerIsImportedByItsNames() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            let run = try await StreamsSite.run(
                """
                imgadm show debian/13/cloud > shown
                imgadm import debian/13/cloud
                root=$(zfs get -H -o value mountpoint \(box.pool)/$(imgadm list -H -o uuid))/root
                diff -r --no-dereference new "$root"
                test "$(stat -c %u:%g "$root/etc")" = 12:13
                imgadm import debian/trixie/cloud
                imgadm import DEBIAN/13/Cloud@latest
                imgadm update
                imgadm import ./www/images/debian/trixie/\(StreamsSite.host)/cloud/20250814_05:24/rootfs.tar.xz version=1
                """, in: box)
            #expect(run.status == 0, "\(run)")
            let shown = try JSONValue(parsing: try #require(try box.read("shown")))
            let uuid = try #require(shown["uuid"]?.stringValue)
            #expect(run.output.contains("Imported image \(uuid) (debian/13/cloud@20250814_0524)"), "\(run)")
            // By either name, and as a file, it is the same image; and its manifest is what the source says.
            #expect(run.lines.filter { $0.hasSuffix("already installed, skipping") }.count == 3, "\(run)")
            #expect(!run.output.contains("Updated"), "\(run)")
            #expect(
                run.errors.split(separator: "\n").map { $0.contains("what was given for version is not taken") } == [
                    true
                ], "\(run)")
            let names = try box.recordNames()
            let record = try JSONValue(parsing: try #require(try box.read("var/imgadm/images/\(names[0])")))
            #expect(record["source"] == .string(server.url) && record["manifest"]?["uuid"] == shown["uuid"])
            #expect(record["manifest"]?["type"] == "lx-dataset" && record["manifest"]?["files"] == nil)
            #expect(record["manifest"]?["tags"]?["simplestreams:version"] == "20250814_05:24")
            #expect(try box.leftovers() == [])
        }

        /// What was given counts more than what the source has, also when that is asked again; the rest is the source's.
        @Test func whatWasGivenStaysThroughAnUpdate() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            let run = try await StreamsSite.run(
                """
                disk=./www/images/debian/trixie/\(StreamsSite.host)/cloud/20250813_05:24/disk.qcow2
                imgadm import -q $disk name=myvm version=1 tags.team=web description=mine requirements.min_ram=64
                imgadm update
                imgadm update
                imgadm list -H -o name,version,tags.team,description,requirements.min_ram,tags.simplestreams:version name=myvm
                imgadm delete myvm
                imgadm import -q $disk version=1
                imgadm update -n > planned
                imgadm update > done
                imgadm list -H -o name,version
                """, in: box)
            #expect(run.status == 0, "\(run)")
            let updated = run.lines.filter { $0.hasPrefix("Updated") }
            #expect(updated.count == 1, "\(run)")
            for field in ["name", "version", "description", "requirements"] {
                #expect(updated.allSatisfy { !$0.contains(field) }, "\(field): \(run)")
            }
            let row = ["myvm", "1", "web", "mine", "64", "20250813_05:24"]
            #expect(run.lines.contains { $0.split(separator: " ").map(String.init) == row }, "\(run)")
            // Of the name nothing was said, so it is the source's.
            #expect(run.lines.last?.split(separator: " ") == ["debian/13/cloud", "1"], "\(run)")
            #expect(try box.read("planned")?.contains("name") == true && !server.requests.isEmpty)
        }

        /// Whatever `import` takes as a name of an image names it wherever one is named.
        @Test func everyAliasNamesTheImageEverywhere() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            let run = try await StreamsSite.run(
                """
                imgadm avail -H -o version,type name=~debian/trixie name=~13 -s version,type
                imgadm avail -H -o version name=debian/trixie/cloud type=zvol
                imgadm import -q debian/trixie/cloud
                uuid=$(imgadm list -H -o uuid)
                for name in debian/trixie/cloud Debian/13/Cloud debian/trixie/cloud/\(StreamsSite.host); do
                    test "$(imgadm list -H -o uuid name=$name)" = $uuid
                    test "$(imgadm list -H -o uuid uuid=$name)" = $uuid
                    imgadm get $name > /dev/null
                    test "$(imgadm ancestry -H -o uuid $name)" = $uuid
                    test "$(imgadm update $name | wc -l)" = 0
                done
                test -z "$(imgadm list -H name=debian/trixie/cloud/\(StreamsSite.other))"
                test "$(imgadm list -H -o uuid name=~TRIXIE/)" = $uuid
                imgadm complete images '' | grep -qx debian/trixie/cloud
                imgadm complete available '' | grep -qx debian/trixie/cloud
                imgadm complete filters name= | grep -qx name=debian/trixie/cloud
                imgadm export -q -o web.zfs.gz debian/trixie/cloud
                imgadm get debian/trixie/clout 2>&1 | grep 'did you mean "debian/trixie/cloud"' || true
                imgadm delete debian/trixie/cloud@20250814_0524
                imgadm import debian/trixie/clout 2>&1 || true
                imgadm import debian/trixie 2>&1 || true
                """, in: box)
            #expect(run.status == 0, "\(run)")
            #expect(
                run.lines.prefix(4) == [
                    "20250813_0524  lx-dataset", "20250813_0524  zvol", "20250814_0524  lx-dataset", "20250813_0524",
                ], "\(run)")
            #expect(run.output.ranges(of: "did you mean \"debian/trixie/cloud\"?").count == 3, "\(run)")
            #expect(try await box.imgadm("list", "-H").output.isEmpty && !server.requests.isEmpty)
        }

        @Test func versionsTypesAndArchitecturesAreNamed() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            let run = try await StreamsSite.run(
                """
                imgadm import -q debian/13/cloud --type zvol
                \(Self.isDisk)
                test "$(imgadm list -H -o version,type,image_size)" = "20250813_0524  zvol  12"
                imgadm update
                imgadm import -q debian/13/cloud@20250813_0524
                imgadm import -q debian/13/cloud/\(StreamsSite.other)
                imgadm list -H -o version,type,tags.simplestreams:architecture -s type,version
                uuid=$(imgadm list -H -o uuid type=zvol)
                imgadm delete $uuid
                imgadm import $uuid
                """, in: box)
            #expect(run.status == 0, "\(run)")
            #expect(
                run.lines.filter { $0.hasPrefix("2025") } == [
                    "20250813_0524  lx-dataset  \(StreamsSite.host)", "20250814_0524  lx-dataset  \(StreamsSite.other)",
                    "20250813_0524  zvol        \(StreamsSite.host)",
                ], "\(run)")
            #expect(run.lines.last?.hasSuffix("(debian/13/cloud@20250813_0524)") == true, "\(run)")
            #expect(!server.requests.isEmpty)
        }

        @Test func ubuntusServersWork() async throws {
            let (box, server) = try await box(StreamsSite.ubuntu, path: "/releases")
            let run = try await StreamsSite.run(
                """
                imgadm avail -H -o name,version,type
                imgadm import -q ubuntu/24.04 --type zvol
                \(Self.isDisk)
                imgadm import noble
                imgadm import ubuntu/24.04/\(StreamsSite.host)@20250805
                """, in: box)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.first == "ubuntu/24.04  20250805  zvol", "\(run)")
            #expect(run.lines.filter { $0.hasSuffix("already installed, skipping") }.count == 2, "\(run)")
            #expect(!server.requests.isEmpty)
        }

        /// A tree with what a squashfs can have, and a list that offers nothing else.
        private static let squashfs = """
            mkdir -p www/streams/v1 tree/usr/lib tree/dev
            printf 'ID=alpine\\nVERSION_ID="3.22"\\n' > tree/usr/lib/os-release
            seq 1 100000 > tree/usr/lib/numbers
            ln tree/usr/lib/numbers tree/usr/more
            ln -s lib/numbers tree/usr/link
            mknod tree/dev/null c 1 3
            mkfifo tree/dev/fifo
            chown 12:13 tree/usr/lib/numbers
            seq 1 10 > tree/usr/su
            chmod 4755 tree/usr/su
            chmod 711 tree
            mksquashfs tree www/root.squashfs -comp zstd -quiet -no-progress > /dev/null
            list "\\"alpine:3.22:\(StreamsSite.host):default\\": {\\"aliases\\": \\"alpine/3.22\\", \\"arch\\": \\"\(StreamsSite.host)\\",
                \\"versions\\": {\\"20250805\\": {\\"items\\": {$(item squashfs root.squashfs)}}}}" > www/streams/v1/images.json
            index streams/v1/images.json alpine > www/streams/v1/index.json
            """

        @Test func aSquashfsIsUnpackedWhereThereIsNothingElse() async throws {
            let (box, server) = try await box(Self.squashfs)
            let run = try await StreamsSite.run(
                """
                imgadm import -q alpine/3.22
                root=$(zfs get -H -o value mountpoint \(box.pool)/$(imgadm list -H -o uuid))/root
                diff <(cd tree; find . -printf '%P %y %m %U:%G %l\\n' | sort) \
                    <(cd "$root"; find . -printf '%P %y %m %U:%G %l\\n' | sort)
                cmp tree/usr/lib/numbers "$root/usr/lib/numbers"
                test "$root/usr/more" -ef "$root/usr/lib/numbers"
                image=\(box.pool)/$(imgadm list -H -o uuid)
                zfs clone $image@final \(box.pool)/vm
                for name in $image \(box.pool)/vm; do for property in setuid devices; do zfs get -H -o value $property $name; done; done
                while ! zfs destroy \(box.pool)/vm 2> /dev/null; do sleep 0.2; done
                imgadm import ./www/root.squashfs version=1
                uuid=$(imgadm list -H -o uuid)
                imgadm delete $uuid
                imgadm import -q www/root.squashfs version=1
                test "$(imgadm list -H -o uuid,name)" = "$uuid  alpine-3.22"
                imgadm delete $uuid
                """, in: box)
            #expect(run.status == 0 && run.output.contains("already installed, skipping"), "\(run)")
            // What is in an image is harmless where the image is mounted, and what it is in its clones.
            #expect(run.lines.filter { ["on", "off"].contains($0) } == ["off", "off", "on", "on"], "\(run)")
            let broken = try await StreamsSite.run(
                """
                head -c 90 www/root.squashfs > cut.squashfs
                imgadm import ./cut.squashfs version=1
                """, in: box)
            #expect(broken.status == 1 && broken.errors.contains("(InvalidFile)"), "\(broken)")
            let damaged = try await StreamsSite.run(
                "printf x | dd of=www/root.squashfs bs=1 seek=200 conv=notrunc status=none; imgadm import alpine/3.22",
                in: box)
            #expect(damaged.status == 1 && damaged.errors.contains("(DownloadError)"), "\(damaged)")
            try await expectNothing(in: box)
            #expect(!server.requests.isEmpty)
        }

        /// Images in one file, as `incus image export` and distrobuilder make them: of a container, and of a machine.
        private static let combined = """
            mkdir -p www/streams/v1 c/rootfs/etc c/rootfs/usr/lib c/templates v/templates
            printf 'ID=alpine\\nVERSION_ID="3.22"\\n' > c/rootfs/usr/lib/os-release
            seq 1 100000 > c/rootfs/usr/lib/numbers; ln c/rootfs/usr/lib/numbers c/rootfs/etc/more
            chown 12:13 c/rootfs/usr/lib/numbers; chmod 711 c/rootfs
            echo 'architecture: x86_64' | tee c/metadata.yaml > v/metadata.yaml
            echo '{{ container.name }}' | tee c/templates/hostname.tpl > v/templates/hostname.tpl
            truncate -s 12M disk.raw; seq 1 300000 | dd of=disk.raw bs=4096 seek=100 conv=notrunc iflag=fullblock status=none
            qemu-img convert -f raw -O qcow2 disk.raw v/rootfs.img
            tar -C c -czf www/c.tar.gz metadata.yaml rootfs templates
            tar -C v -czf www/v.tar.gz metadata.yaml rootfs.img templates
            list "\\"alpine:3.22:\(StreamsSite.host):default\\": {\\"aliases\\": \\"alpine/3.22\\", \\"arch\\": \\"\(StreamsSite.host)\\",
                \\"versions\\": {\\"20250805\\": {\\"items\\": {$(item incus_combined.tar.gz c.tar.gz),
                    $(item incus_combined.tar.gz v.tar.gz ', "combined_type": "virtual-machine"' | sed 's/^"[^"]*"/"other"/')}}}}" \\
                > www/streams/v1/images.json
            index streams/v1/images.json alpine > www/streams/v1/index.json
            """

        @Test func imagesInOneFileAreRead() async throws {
            let (box, server) = try await box(Self.combined)
            let run = try await StreamsSite.run(
                """
                imgadm import -q alpine/3.22
                root=$(zfs get -H -o value mountpoint \(box.pool)/$(imgadm list -H -o uuid))/root
                diff <(cd c/rootfs; find . -printf '%P %y %m %U:%G %l\\n' | sort) \\
                    <(cd "$root"; find . -printf '%P %y %m %U:%G %l\\n' | sort)
                test "$root/etc/more" -ef "$root/usr/lib/numbers"
                imgadm import -q alpine/3.22 --type zvol
                \(Self.isDisk)
                imgadm import ./www/c.tar.gz version=1
                imgadm import ./www/v.tar.gz version=1 name=v
                imgadm convert -q -o system www/c.tar.gz name=c version=1
                imgadm extract -t system.zfs.gz | grep root/usr/lib/numbers
                imgadm inspect -j www/v.tar.gz | tr -d ' \\n'; echo
                imgadm inspect www/c.tar.gz | grep -E 'incus|os_release.id'
                imgadm convert -q -o machine www/v.tar.gz name=v version=1 os=linux
                imgadm export -q -o machine.raw machine.zvol.gz; cmp machine.raw disk.raw
                """, in: box)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.filter { $0.hasSuffix("already installed, skipping") }.count == 2, "\(run)")
            // It is called what it is.
            #expect(run.output.contains("\"wrapped_in\":[\"gzip\",\"incus\"]"), "\(run)")
            #expect(run.output.contains("\"incus\":\"virtual-machine\""), "\(run)")
            let facts = run.lines.map { $0.split(separator: " ") }
            #expect(
                facts.contains(["archive.incus", "container"]) && facts.contains(["os_release.id", "alpine"]), "\(run)")
            #expect(!server.requests.isEmpty)
        }

        // MARK: What is kept

        @Test func whatIsKeptIsAskedAboutAndServesWhileTheServerIsAway() async throws {
            let box = try await Sandbox.make()
            let made = try await StreamsSite.run(StreamsSite.incus, in: box)
            try #require(made.status == 0, "\(made)")
            var server: FileServer? = try await FileServer(box.path("www"))
            try box.use(server?.url ?? "", type: "simplestreams")
            let first = try await box.imgadm("avail")
            #expect(first.status == 0 && first.lines.count == 4 && first.errors.isEmpty, "\(first)")
            #expect(server?.conditions == ["", ""])
            let second = try await box.imgadm("avail")
            #expect(second.output == first.output && second.errors.isEmpty, "\(second)")
            #expect(server?.conditions.suffix(2).contains("") == false)

            let more = try await StreamsSite.run(
                """
                sed -i 's,debian/13,debian/14,g; s,"version": "13","version": "14",g' www/streams/v1/images.json
                echo >> www/streams/v1/images.json
                imgadm avail -H -o name | sort -u
                """,
                in: box)
            #expect(more.output == "debian/14/cloud\n", "\(more)")

            server = nil
            let away = try await box.imgadm("avail", "-H", "-o", "name")
            #expect(away.status == 0 && away.lines.first == "debian/14/cloud", "\(away)")
            #expect(away.errors.contains("warning") && away.errors.contains("is away"), "\(away)")
            #expect(away.errors.split(separator: "\n").count == 1, "\(away)")
            let failed = try await box.imgadm("import", "debian/14/cloud")
            #expect(failed.status == 1 && failed.errors.contains("is away"), "\(failed)")
            try await expectNothing(in: box)
        }

        @Test(arguments: [
            ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 0),
            ("HTTP/1.1 404 None\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 1),
            ("<html>please log in</html>", 1),
        ])
        func onlyWhatIsAwayIsStoodFor(answer: String, status: Int32) async throws {
            let box = try await Sandbox.make()
            let made = try await StreamsSite.run(StreamsSite.ubuntu, in: box)
            try #require(made.status == 0, "\(made)")
            let index = try #require(try box.read("www/releases/streams/v1/index.json"))
            let list = "com.ubuntu.cloud:released:download.json"
            let server = try await CannedServer([
                "/streams/v1/index.json": index,
                "/streams/v1/\(list)": try #require(try box.read("www/releases/streams/v1/\(list)")),
            ])
            try box.use(server.url, type: "simplestreams")
            let first = try await box.imgadm("avail", "-H", "-o", "name")
            #expect(first.output == "ubuntu/24.04\n", "\(first)")
            server.answer("/streams/v1/\(list)", bytes: Array(answer.utf8))
            let second = try await box.imgadm("avail", "-H", "-o", "name")
            #expect(second.status == status && !second.errors.isEmpty, "\(second)")
            #expect(second.output == (status == 0 ? "ubuntu/24.04\n" : ""), "\(second)")
            // What was no list has not taken the place of what is kept.
            server.answer(
                "/streams/v1/\(list)",
                bytes: Array("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
            #expect(try await box.imgadm("avail", "-H", "-o", "name").output == "ubuntu/24.04\n")
        }

        @Test func damageToWhatIsKeptCostsADownload() async throws {
            let (box, server) = try await box(StreamsSite.ubuntu, path: "/releases")
            #expect(try await box.imgadm("avail", "-H").lines.count == 1)
            let damaged = try await StreamsSite.run(
                """
                for f in var/cache/imgadm/*; do truncate -s -1 $f; done
                imgadm avail -H -o name
                rm -r var/cache/imgadm
                echo file > var/cache/imgadm
                imgadm avail -H -o name
                """, in: box)
            #expect(damaged.status == 0 && damaged.output == "ubuntu/24.04\nubuntu/24.04\n", "\(damaged)")
            #expect(server.conditions.filter { !$0.isEmpty } == [])
        }

        // MARK: What is wrong

        @Test func whatIsWrongBecomesNoImage() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            let at = "www/images/debian/trixie/\(StreamsSite.host)/cloud"
            for (script, word) in [
                (
                    "printf x | dd of=\(at)/20250814_05:24/rootfs.tar.xz bs=1 seek=900 conv=notrunc status=none",
                    ""
                ),
                ("echo more >> \(at)/20250814_05:24/rootfs.tar.xz", "the size should be"),
                ("truncate -s 100 \(at)/20250814_05:24/rootfs.tar.xz", ""),
                ("rm \(at)/20250814_05:24/rootfs.tar.xz", "404"),
            ] {
                let run = try await StreamsSite.run("\(script)\nimgadm import debian/13/cloud", in: box)
                #expect(run.status == 1 && run.errors.contains("(DownloadError)"), "\(script)\n\(run)")
                #expect(run.errors.contains(word), "\(script)\n\(run)")
                try await expectNothing(in: box)
            }
            let disk = try await StreamsSite.run(
                "qemu-img create -q -f qcow2 \(at)/20250813_05:24/disk.qcow2 12M; imgadm import debian/13/cloud --type zvol",
                in: box)
            #expect(disk.status == 1, "\(disk)")
            try await expectNothing(in: box)
            #expect(!server.requests.isEmpty)
        }

        private static let refusals: [(arguments: [String], code: String, word: String)] = [
            (["import", "debian/14/cloud"], "ImageNotFound", "debian/14/cloud"),
            (["import", "debian/13/cloude"], "ImageNotFound", "debian/13/cloud"),
            (["import", "debian/13/cloud", "--type", "docker"], "ImageNotFound", "docker"),
            (["import", "debian/13/cloud@20250815_0524"], "ImageNotFound", "20250815"),
            (["import", "debian/13/cloud", "--type", "disk"], "Option", "zvol"),
            (["import", "debian:12", "--type", "zvol"], "Usage", "--type"),
            (["import", "./disk.raw", "--type", "zvol"], "Usage", "--type"),
            (["import", "--zstream", "debian/13/cloud"], "Usage", "--zstream"),
            (["show", "debian/14/cloud"], "ImageNotFound", "debian/14/cloud"),
        ]

        @Test func whatIsNotThereIsNotTakenForAnother() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            for refusal in Self.refusals {
                let run = try await box.imgadm(refusal.arguments)
                #expect(run.status != 0 && run.errors.contains("(\(refusal.code))"), "\(refusal)\n\(run)")
                #expect(run.errors.contains(refusal.word), "\(refusal)\n\(run)")
            }
            // A registry is not asked for what a server that is away may have.
            let registry = try await CannedServer()
            try box.write(
                """
                {"sources": [{"type": "simplestreams", "url": "http://127.0.0.1:1"},
                 {"type": "docker", "url": "\(registry.url)"}]}
                """, to: "var/imgadm/imgadm.conf")
            let away = try await box.imgadm("import", "debian/13/cloud")
            #expect(away.status == 1 && away.errors.contains("127.0.0.1:1"), "\(away)")
            #expect(registry.requests.isEmpty)
            try await expectNothing(in: box)
            #expect(!server.requests.isEmpty)
        }

        @Test func aRunThatWasKilledIsDoneAgain() async throws {
            let (box, server) = try await box(StreamsSite.incus)
            for tenths in [1, 3, 5, 8] {
                _ = try await box.imgadm(
                    ["import", "-q", "debian/13/cloud", "--type", "zvol"], killedAfter: Double(tenths) / 10)
                try await box.settle()
            }
            let run = try await StreamsSite.run("imgadm import -q debian/13/cloud --type zvol\n\(Self.isDisk)", in: box)
            #expect(run.status == 0, "\(run)")
            #expect(try await box.datasets().count == 2)
            #expect(try box.leftovers() == [])
            #expect(!server.requests.isEmpty)
        }
    }
}
