import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm convert` of root file systems in archives.
    @Suite struct ArchiveConvertTests {
        /// A small system, in the folder `r`.
        private static let system = """
            mkdir -p r/etc r/usr/lib r/usr/bin r/home/me r/tmp r/many out; chmod 1777 r/tmp; chmod 700 r/home/me
            printf 'ID=debian\\nVERSION_ID="13"\\nIMAGE_VERSION=20250814\\n' > r/usr/lib/os-release
            ln -s ../usr/lib/os-release r/etc/os-release; ln -s usr/bin r/bin; ln -s "$(printf '%0200d' 1)" r/long
            cp /bin/true r/usr/bin/true; chmod 4755 r/usr/bin/true; ln r/usr/bin/true r/usr/bin/yes
            mkfifo r/fifo; head -c 300000 /dev/urandom > r/random; truncate -s 3M r/sparse; echo end >> r/sparse
            for i in $(seq 1 2500); do echo $i > "r/many/a name that is rather long, of the file $i"; done
            chown 1000:1000 r/home/me; touch -d '2001-02-03 04:05:06Z' r/random r/many
            """
        /// What is in a folder, without what file systems count differently.
        private static let listing = """
            cd "$1"
            find . -printf '%P %y %m %U %G %s %l %n %T@\\n' | sed 's/[.][0-9]*$//' |
                sed -E 's/^(.* d [0-9]+ [0-9]+ [0-9]+) [0-9]+ +[0-9]+ /\\1 /' | sort
            find . -type f -print0 | sort -z | xargs -0 sha256sum
            """

        /// Runs a script in the folder of a sandbox; its first line that fails ends it.
        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            let listing = "cat > listing <<'E'\n\(Self.listing)\nE"
            return try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(listing)\n\(script)")
        }

        private func manifest(_ name: String, in box: Sandbox) throws -> JSONValue {
            try JSONValue(parsing: try #require(try box.read("\(name).imgmanifest")))
        }

        @Test func aRootFileSystemBecomesAnImageThatIsInstalled() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.system)
                tar --numeric-owner -S -C r -czf rootfs-amd64.tar.gz .
                imgadm convert -q -o out rootfs-amd64.tar.gz
                imgadm inspect out/debian-13-20250814.zfs.gz | grep -q 'intact *yes'
                gzip -dc rootfs-amd64.tar.gz | tee plain.tar | xz -0 > a.tar.xz
                zstd -q -1 plain.tar
                imgadm convert -q -o out/xz a.tar.xz
                imgadm convert -q -o out/zst plain.tar.zst
                imgadm convert -q -o out/pipe - < plain.tar
                imgadm convert -q -o out/none -c none plain.tar
                for i in xz zst pipe; do cmp out/$i.zfs.gz out/debian-13-20250814.zfs.gz; done
                gzip -dc out/xz.zfs.gz | cmp - out/none.zfs
                imgadm install -q -m out/debian-13-20250814.imgmanifest -f out/debian-13-20250814.zfs.gz
                """, in: box)
            #expect(made.status == 0, "\(made)")
            let manifest = try manifest("out/debian-13-20250814", in: box)
            #expect(manifest["name"] == "debian-13" && manifest["version"] == "20250814")
            #expect(manifest["type"] == "lx-dataset" && manifest["os"] == "linux")
            let uuid = try #require(manifest["uuid"]?.stringValue)
            let same = try await run(
                """
                zfs clone \(box.pool)/\(uuid)@final \(box.pool)/clone
                m=$(zfs get -H -o value mountpoint \(box.pool)/clone)
                bash listing r > one
                bash listing "$m/root" > two
                diff one two
                echo more > "$m/root/many/more"; rm "$m"/root/many/*9; zfs snapshot \(box.pool)/clone@x
                """, in: box)
            #expect(same.status == 0, "\(same)")
        }

        /// A plain archive that was cut between two of its files is read to its end, and nothing else than its end mark tells.
        @Test func anArchiveThatMayHaveBeenCutIsTold() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p r/etc r/usr out; echo ID=x > r/etc/os-release
                tar -b 1 -C r -cf whole.tar etc usr; head -c -1024 whole.tar > cut.tar
                for way in "convert -q -o out/ -f" "import -q"; do
                    imgadm $way whole.tar name=whole version=1 2>&1
                    imgadm $way cut.tar name=cut version=1 2>&1
                done
                """, in: box)
            #expect(made.status == 0, "\(made)")
            #expect(made.lines.filter { $0.contains("has no end mark") }.count == 2, "\(made)")
        }

        /// So says who looks into it or takes files out of it, and each says where more follows than is read.
        @Test func howAnArchiveEndsIsTold() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p r/etc s/more out; echo ID=x > r/etc/os-release
                tar -b 1 -C r -cf cut.tar etc; truncate -s -1024 cut.tar
                tar -b 20 -C r -cf whole.tar etc; tar -C s -cf second.tar more; cat whole.tar second.tar > both.tar; gzip -k both.tar
                """, in: box)
            try #require(made.status == 0, "\(made)")
            let files = [
                ("whole.tar", nil), ("cut.tar", "has no end mark"), ("both.tar", "behind its end mark"),
                ("both.tar.gz", "behind its end mark"),
            ]
            for (file, words) in files {
                for command in [
                    "inspect \(file)", "extract -t \(file)", "extract -C tree \(file)",
                    "extract \(file) etc/os-release",
                    "convert -f -o out/ \(file) name=a version=1",
                    "import -q \(file) name=\(words == nil ? "a" : "b") version=1",
                ] {
                    let run = try await run("imgadm \(command)", in: box)
                    #expect(run.status == 0 && run.errors.contains("end mark") == (words != nil), "\(command): \(run)")
                    #expect(run.errors.contains(words ?? ""), "\(command): \(run)")
                }
            }
            let facts = try await run(
                "imgadm inspect both.tar; imgadm inspect cut.tar; imgadm inspect whole.tar", in: box)
            let ends = facts.lines.map { $0.split(separator: " ").joined(separator: " ") }
                .filter { $0.hasPrefix("archive.end") || $0.hasPrefix("archive.follow") }
            #expect(
                ends == [
                    "archive.end_mark yes", "archive.followed yes", "archive.end_mark no", "archive.end_mark yes",
                ],
                "\(facts)")
        }

        /// Archives whose entries do not come as one would write them: what `extract` makes of them on the disk is the judge.
        @Test(arguments: [
            // Later entries replace earlier ones, a folder's mode comes last, links go back and forth.
            """
            cd r; tar -cf ../a.tar random usr/bin/true; echo new > random; tar -rf ../a.tar random usr/bin usr/lib etc bin
            chmod 750 usr; touch -d '1999-01-01Z' usr; tar -rf ../a.tar --no-recursion usr; cd ..
            """,
            // A folder becomes a file, a file a folder, a link a folder.
            """
            mkdir s s/x s/etc; echo 1 > s/x/1; echo y > s/y; ln -s x s/z; tar -C s -cf a.tar x y z etc
            rm -r s/x s/y s/z; mkdir s/y s/z; echo x > s/x; echo 2 > s/y/2; echo 3 > s/z/3; tar -C s -rf a.tar x y z
            """,
            // Through links, out of the root, and with folders that no entry describes.
            """
            mkdir -p s/etc s/usr/lib/deep t/lib/deep t/up/a; ln -s usr/lib s/lib; ln -s ../../.. s/up
            echo 1 > t/lib/deep/file; echo 2 > t/up/a/file; tar -C s -cf a.tar etc lib up
            tar -C t -rf a.tar lib/deep/file up/a/file; ln t/up/a/file t/link; tar -C t -rf a.tar up/a/file link
            """,
            // Sparse, in pax; names and owners that need it; the root itself.
            """
            mkdir -p s/etc; truncate -s 5M s/hole; echo x >> s/hole; echo n > "s/etc/$(printf '%0150d' 1)"
            chown 3000000:3000000 s/hole; chmod 711 s; touch -d '1965-01-01 00:00:00.5Z' s/hole
            tar --format=posix -S -C s -cf a.tar .
            """,
        ])
        func theTreeIsThatOfTheEntriesInTheirOrder(script: String) async throws {
            let box = try await Sandbox.make()
            let same = try await run(
                """
                \(Self.system)
                \(script)
                imgadm convert -q -o out/a a.tar name=a version=1 os=linux
                imgadm extract -C one a.tar 2>/dev/null
                imgadm extract -C two out/a.zfs.gz
                # Folders that no entry describes have a time of their own in each.
                bash listing one | sed -E 's/^(.* d .*) [0-9-]+$/\\1/' > 1
                bash listing two/root | sed -E 's/^(.* d .*) [0-9-]+$/\\1/' > 2
                diff 1 2
                """, in: box)
            #expect(same.status == 0, "\(same)")
        }

        /// What is refused: a script, the error's code, and a word of its message.
        private static let refusals: [Refusal] = [
            ["tar -C r -cf x.tar random sparse; imgadm convert -q x.tar", "InvalidFile", "no root file system"],
            ["tar -cf x.tar r; imgadm convert -q x.tar", "InvalidFile", "the root of the archive"],
            [
                "tar -C r -cf x.tar --transform 's,^random,../random,' -P etc random; imgadm convert -q x.tar version=1",
                "InvalidFile", "\"..\"",
            ],
            [
                "tar -C r -cf x.tar etc; head -c 1000 x.tar > cut.tar; imgadm convert -q cut.tar", "InvalidFile",
                "ends too early",
            ],
            ["tar -C r -cf x.tar etc; imgadm convert -q x.tar", "ManifestValidation", "version=1.0.0"],
            [
                "tar -C r -cf x.tar etc; imgadm convert -q x.tar version=1 os=linux type=other", "ManifestValidation",
                "lx-dataset",
            ],
            ["tar -C r -cf x.tar etc; imgadm convert -q --origin r x.tar", "Usage", "for disks"],
        ]

        @Test func whatCannotBeIsRefused() async throws {
            let box = try await Sandbox.make()
            let made = try await run(Self.system, in: box)
            #expect(made.status == 0, "\(made)")
            for refusal in Self.refusals {
                try await refusal.check { try await run($0, in: box) }
            }
            let left = try await Tool.shell("cd \(box.root) && find . -name '*.partial' -o -name '*.zfs*'")
            #expect(left == "")
        }
    }
}
