import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What `create`, `convert` and `export` write takes nothing away that was there (create.md, "The file").
    @Suite struct OutputFileTests {
        /// A folder with a small disk.
        private func stage() async throws -> Sandbox {
            let box = try await Sandbox.make()
            try await Tool.run("truncate", "-s", "1M", box.path("disk.raw").string)
            return box
        }

        private func convert(_ box: Sandbox, _ words: String...) async throws -> Sandbox.Run {
            try await box.imgadm(
                ["convert", "-q", "-o", box.path("made").string] + words
                    + [box.path("disk.raw").string, "name=a", "version=1", "os=other"])
        }

        @Test func nothingIsNoName() async throws {
            let box = try await stage()
            for words in [
                ["convert", "-o", "", box.path("disk.raw").string, "name=a", "version=1"], ["export", "-o", "", "a"],
            ] {
                let run = try await box.imgadm(words)
                #expect(run.status == 2 && run.errors.contains("(Usage)"), "\(run)")
            }
        }

        /// What is neither a folder nor a file has nothing beside it, and a manifest's name is none of an image file.
        @Test(arguments: [
            ("/dev/full", "-o FOLDER"), ("fifo", "-o FOLDER"), ("made.imgmanifest", "-o made\n"),
            ("x\ny/z.imgmanifest", "-o x\\ny/z\n"),
        ])
        func whatTakesNoImageFile(output: String, hint: String) async throws {
            let box = try await stage()
            let run = try await box.shell(
                "cd '\(box.root)' && mkfifo fifo && mkdir -p \"$(dirname '\(output)')\" && imgadm convert -q -o '\(output)' disk.raw name=a version=1 os=other"
            )
            #expect(run.status == 2 && run.errors.contains("(Usage)") && run.errors.contains(hint), "\(run)")
            #expect(
                try HostFile.names(in: box.root).allSatisfy { !$0.contains("imgmanifest") && !$0.contains(".zvol") })
        }

        @Test func createReplacesOnlyIfTold() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let words = ["-o", box.path("made").string, vm.uuid] + BareMachine.fields
            let first = try await box.imgadm(["create", "-j"] + words)
            #expect(first.status == 0, "\(first)")
            let row = try JSONValue(parsing: Array(first.output.utf8))["images"]?[0]
            #expect(row?["action"] == "created" && row?["destination"]?.stringValue == box.path("made.zfs").string)
            #expect(row?["manifestFile"]?.stringValue == box.path("made.imgmanifest").string)
            #expect(try row?["bytes"]?.intValue == HostFile.size(box.path("made.zfs")).map { Int($0) })
            let before = (
                try HostFile.read(box.path("made.zfs")), try box.read("made.imgmanifest"), try await vm.everything()
            )
            for other in [[], ["-c", "gzip"]] {
                let again = try await box.imgadm(["create"] + other + words)
                #expect(again.status == 2 && again.errors.contains("made.zfs\" is there already"), "\(again)")
                #expect(again.errors.contains("--force"))
            }
            #expect(try HostFile.read(box.path("made.zfs")) == before.0 && box.read("made.imgmanifest") == before.1)
            #expect(try await vm.everything() == before.2)
            let forced = try await box.imgadm(["create", "-f", "-c", "gzip"] + words)
            #expect(forced.status == 0, "\(forced)")
            #expect(forced.lines.contains("Removed \"\(box.path("made.zfs"))\""), "\(forced)")
            let names = try HostFile.names(in: box.root).filter { $0.hasPrefix("made") }.sorted()
            #expect(names == ["made.imgmanifest", "made.zfs.gz"])
        }

        @Test func oneManifestIsOfOneFile() async throws {
            let box = try await stage()
            #expect(try await convert(box, "-c", "gzip").status == 0)
            let other = try await convert(box, "-c", "zstd")
            #expect(other.status == 2 && other.errors.contains("made.zvol.gz\" is there already"), "\(other)")
            // Two at a time do not come past each other either: who has the manifest's name writes it.
            let taken = try await box.shell(
                """
                cd '\(box.root)' && rm made.* && touch made.imgmanifest.partial && exec 9< made.imgmanifest.partial &&
                flock -s 9 && imgadm convert -q -o made disk.raw name=a version=1 os=other
                """)
            #expect(taken.status == 2 && taken.errors.contains("is being written"), "\(taken)")
            // And what a run has left that was killed is in nobody's way.
            #expect(try await convert(box).status == 0)
            #expect(try !HostFile.exists(box.path("made.imgmanifest.partial")))
            let forced = try await convert(box, "-f", "-c", "none")
            #expect(forced.status == 0, "\(forced)")
            let names = try HostFile.names(in: box.root).filter { $0.hasPrefix("made") }.sorted()
            #expect(names == ["made.imgmanifest", "made.zvol"])
        }

        /// What is no file stays what it is, also where files may be replaced: the command that makes the output, and where it is made.
        static let outputs: [(command: String, place: String)] = [
            ("imgadm export -q -f -o out.qcow2 ./disk.raw", "out.qcow2"),
            ("imgadm export -q -f -o out --format raw ./disk.raw", "out"),
            ("imgadm export -q -f -o out.tar ./root.zfs.gz", "out.tar"),
            ("imgadm export -q -f -o out.zfs.xz ./root.zfs.gz", "out.zfs.xz"),
            ("imgadm export -q -f -o out.zfs.xz ./root.zfs.gz", "out.zfs.xz.partial"),
            ("imgadm export -q -f -o out.zfs.xz ./root.zfs.gz", "out.imgmanifest"),
            ("imgadm export -q -f -o out.zfs.xz ./root.zfs.gz", "out.zfs"),
            ("imgadm convert -q -f -o out disk.raw name=a version=1", "out.zvol.gz"),
            ("imgadm convert -q -f -o out disk.raw name=a version=1", "out.imgmanifest"),
            ("imgadm convert -q -f -o out disk.raw name=a version=1", "out.imgmanifest.partial"),
            ("imgadm convert -q -f -o out disk.raw name=a version=1", "out.imgmanifest.tmp"),
            ("imgadm convert -q -f -o out disk.raw name=a version=1", "out.zvol"),
        ]

        @Test func whatIsNoFileIsNotReplaced() async throws {
            let box = try await stage()
            let made = try await box.shell(
                """
                cd '\(box.root)'; mkdir -p r/etc; echo x > r/etc/x; tar -C r -cf root.tar etc
                imgadm convert -q -o root root.tar name=r version=1
                """)
            #expect(made.status == 0, "\(made)")
            for (command, place) in Self.outputs {
                for kind in ["mkfifo", "mknod -m 666 NAME c 1 3", "mknod -m 666 NAME b 259 300000", "ln -s disk.raw"] {
                    // A link in the place of what is under way was put there by somebody who wants to see it, and goes.
                    if kind.hasPrefix("ln"), place.contains(".partial") { continue }
                    let make = kind.contains("NAME") ? kind.replacing("NAME", with: "'\(place)'") : "\(kind) '\(place)'"
                    let run = try await box.shell(
                        """
                        cd '\(box.root)'; rm -f out*; \(make); before=$(stat -c '%i %F %t %T' '\(place)')
                        \(command) > /dev/null; status=$?
                        [[ $(stat -c '%i %F %t %T' '\(place)') == "$before" ]] || echo replaced
                        ls | grep -v '^\(place)$' | grep ^out; exit $status
                        """)
                    #expect([1, 2].contains(run.status) && run.output == "", "\(make); \(command): \(run)")
                    #expect(
                        run.errors.contains("/\(place)\" is a ") || run.errors.contains("\"\(place)\" is a ")
                            || run.errors.contains("\"\(place)\", which is a "), "\(make); \(command): \(run)")
                }
            }
            let vm = try await BareMachine.make(in: box)
            let fields = BareMachine.fields.joined(separator: " ")
            let run = try await box.shell(
                "cd '\(box.root)'; mkfifo vm.zfs; imgadm create -q -f -o vm \(vm.uuid) \(fields); s=$?; test -p vm.zfs && exit $s"
            )
            #expect(run.status == 2 && run.errors.contains("vm.zfs\" is a FIFO"), "\(run)")
        }

        /// Whatever may be replaced: not what the output is made of, by none of its names.
        @Test func whatAnOutputIsMadeOfStays() async throws {
            let box = try await stage()
            let run = try await box.shell(
                """
                cd '\(box.root)'; mkdir -p r/etc; echo x > r/etc/x; tar -C r -cf root.tar etc
                { imgadm convert -q -o root root.tar name=r version=1 && imgadm convert -q -o base disk.raw name=b version=1; } > /dev/null || exit 99
                cp disk.raw cc.zvol; ln cc.zvol hard.zvol.gz; ln cc.zvol cc.qcow2; ln -s cc.zvol soft.raw; cp disk.raw next.raw; echo y >> next.raw
                echo '{"name": "g", "version": "1", "os": "linux"}' > given.imgmanifest; ln given.imgmanifest given.zvol
                ln base.imgmanifest other.zvol.gz
                before=$(sha1sum cc.zvol disk.raw root.* base.* given.*); ls > names
                refused() { "$@" > /dev/null && echo "done: $*"; true; }
                refused imgadm convert -q -f -o cc cc.zvol name=c version=1 os=linux
                refused imgadm convert -q -f -o hard cc.zvol name=c version=1 os=linux
                refused imgadm convert -q -f -o hard - name=c version=1 os=linux < cc.zvol
                refused imgadm convert -q -f -o base -c none --origin base.imgmanifest next.raw name=b version=2 os=linux
                refused imgadm export -q -f -o disk.raw ./disk.raw
                refused imgadm export -q -f -o cc.qcow2 ./soft.raw
                refused imgadm export -q -f -o root.zfs.gz ./root.zfs.gz
                refused imgadm export -q -f -o root.zfs.xz ./root.zfs.gz
                refused imgadm export -q -o root.zfs.xz ./root.zfs.gz
                refused imgadm convert -q -f -m given.imgmanifest -o given disk.raw
                refused imgadm convert -q -f -m - -o given disk.raw < given.imgmanifest
                refused imgadm convert -q -f -m given.zvol -o given disk.raw
                refused imgadm convert -q -f --origin base.imgmanifest -o other next.raw name=b version=2 os=linux
                [[ $(sha1sum cc.zvol disk.raw root.* base.* given.*) == "$before" ]] || echo changed
                ls | diff names -
                """)
            #expect(run.status == 0 && run.output == "", "\(run)")
            let errors = run.errors.split(separator: "\n").filter { $0.contains("error (Usage)") }
            #expect(errors.count == 13 && errors.allSatisfy { $0.contains("is what the output is made of") }, "\(run)")
        }

        /// So it is with what `create` is given, and with an archive that has a file of its own name.
        @Test func whatIsReadIsNotWrittenOver() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            let fields = BareMachine.fields.joined(separator: " ")
            let run = try await box.shell(
                """
                cd '\(box.root)'; printf '#!/bin/sh\\nexit 1\\n' > vm.zfs; echo '{"os": "linux"}' > vm.imgmanifest
                mkdir r; echo x > r/a; echo y > r/web.tar; tar -C r -cf web.tar a web.tar
                mkdir -p s/etc; echo z > s/base.zfs.gz; tar -C s -cf s.tar etc base.zfs.gz
                imgadm convert -q -o base s.tar name=b version=1 > /dev/null || exit 99
                before=$(sha1sum vm.* web.tar base.*)
                refused() { "$@" > /dev/null && echo "done: $*"; true; }
                refused imgadm create -q -f -m vm.imgmanifest -o vm \(vm.uuid) \(fields)
                refused imgadm create -q -f -s vm.zfs -o vm \(vm.uuid) \(fields)
                refused imgadm extract web.tar
                refused imgadm extract -C . - < web.tar
                ln base.zfs.gz root/ 2> /dev/null; mkdir -p root; ln base.zfs.gz root/base.zfs.gz
                refused imgadm extract base.zfs.gz
                [[ $(sha1sum vm.* web.tar base.*) == "$before" ]] || echo changed
                """)
            #expect(run.status == 0 && run.output == "", "\(run)")
            let errors = run.errors.split(separator: "\n").filter { $0.contains("error (Usage)") }
            #expect(errors.count == 5 && errors.allSatisfy { $0.contains("would be lost") }, "\(run)")
        }

        /// `export` keeps the rule of `convert` and `create`: beside a manifest lies the file that it speaks of, and no other.
        @Test func anExportTakesOtherFormsAwayIfTold() async throws {
            let box = try await stage()
            let run = try await box.shell(
                """
                cd '\(box.root)'; imgadm convert -q -o src disk.raw name=a version=1 > said && mkdir to || exit 99
                imgadm export -q -o to/s.zvol.gz ./src.zvol.gz > said || exit 98
                imgadm export -q -o to/s.zvol.xz ./src.zvol.gz && exit 97
                (cd to; echo s.*); grep -o '"compression": "[a-z]*"' to/s.imgmanifest
                imgadm export -f -o to/s.zvol.xz ./src.zvol.gz | grep Removed
                (cd to; echo s.*); imgadm inspect to/s.zvol.xz > said || cat said
                cp src.zvol.gz alone.zvol.gz; imgadm export -q -f -o to/s.zvol ./alone.zvol.gz && exit 96
                (cd to; echo s.*)
                """)
            #expect(
                run.lines == [
                    "s.imgmanifest s.zvol.gz", "\"compression\": \"gzip\"", "Removed \"to/s.zvol.gz\"",
                    "s.imgmanifest s.zvol.xz", "s.imgmanifest s.zvol.xz",
                ], "\(run)")
            #expect(run.errors.contains("to/s.zvol.gz\" is there already, and the manifest"), "\(run)")
            #expect(run.errors.contains("to/s.imgmanifest\" is there, and would be of another file"), "\(run)")
        }

        /// A file of the user's has the mode that his umask leaves.
        @Test(arguments: [("077", "600"), ("022", "644"), ("002", "664")])
        func theUmaskCounts(mask: String, mode: String) async throws {
            let box = try await stage()
            let run = try await box.shell(
                """
                cd '\(box.root)'; umask \(mask)
                { imgadm convert -q -o made disk.raw name=a version=1 && imgadm export -q -o out.zvol.xz ./made.zvol.gz &&
                    imgadm export -q -o out.raw ./made.zvol.gz; } > /dev/null && stat -c %a made.* out.*
                """)
            #expect(run.status == 0 && run.lines == Array(repeating: mode, count: 5), "\(run)")
        }

        @Test func whatFailsLeavesTheOldManifest() async throws {
            let box = try await stage()
            #expect(try await convert(box).status == 0)
            let before = try #require(try box.read("made.imgmanifest"))
            // What is mounted cannot be replaced.
            let run = try await box.shell(
                """
                cd '\(box.root)' && cp made.zvol.gz other && mount --bind other made.zvol.gz || exit 77
                trap 'umount made.zvol.gz' EXIT
                imgadm convert -q --force -o made disk.raw name=a version=2 os=other
                """)
            #expect(run.status == 1 && run.errors.contains("made.zvol.gz"), "\(run)")
            #expect(try box.read("made.imgmanifest") == before)
            let exported = try await box.shell(
                """
                cd '\(box.root)' && mount --bind other made.zvol.gz || exit 77
                trap 'umount made.zvol.gz' EXIT
                cp made.imgmanifest src.imgmanifest && cp other src.zvol.gz
                imgadm export -q --force -o made.zvol.gz ./src.zvol.gz
                """)
            #expect(exported.status == 1, "\(exported)")
            #expect(try box.read("made.imgmanifest") == before)
        }
    }
}
