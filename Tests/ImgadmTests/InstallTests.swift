import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm install` (cli.md §3).
    @Suite struct InstallTests {
        private func write(_ manifest: JSONObject, in box: Sandbox) throws -> String {
            let path = box.path("manifest.json")
            try Tool.write(JSONValue.object(manifest).text(), to: path)
            return path.string
        }

        /// What is there stays; but who goes on with increments to the file's snapshot should know.
        @Test func aFileOfAnotherSnapshotThanIsThereIsTold() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            var manifest = images.base.manifest
            var file = try #require(manifest["files"]?[0]?.objectValue)
            file["dataset_guid"] = "7"
            manifest["files"] = [.object(file)]
            try box.write(JSONValue.object(manifest).text(), to: "other.json")
            let run = try await box.imgadm(
                "install", "-m", box.path("other.json").string, "-f", images.base.file.string)
            #expect(run.status == 0 && run.output.contains("already installed, skipping"), "\(run)")
            #expect(run.errors.contains("as another snapshot (guid 7) than is installed here (guid "), "\(run)")
            #expect(!run.errors.contains("bytes"), "\(run)")
            let short = try await box.imgadm(
                "install", "-m", box.path("other.json").string, "-f", box.path("other.json").string)
            #expect(
                short.status == 0 && short.errors.contains("is not the file of image \(images.base.uuid) (base@1.0.0)"),
                "\(short)")
        }

        @Test func whatZFSSendMadeIsInstalled() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let manifest = try write(images.base.manifest, in: box)
            let run = try await box.imgadm("install", "-m", manifest, "-f", images.base.file.string)
            #expect(run.status == 0, "\(run)")
            #expect(
                run.lines == [
                    "Installing image \(images.base.uuid) (base@1.0.0)",
                    "Installed image \(images.base.uuid) (base@1.0.0)",
                ])
            #expect(try await box.datasets() == [images.base.uuid, "\(images.base.uuid)@final"])
            let again = try await box.imgadm("install", "-m", manifest, "-f", images.base.file.string)
            #expect(again.status == 0 && again.output.contains("already installed"))
            #expect(try box.leftovers().isEmpty)
        }

        /// An image whose record was lost has one again from its files, and nothing else is touched.
        @Test func aLostRecordComesBack() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let manifest = try write(images.base.manifest, in: box)
            let words = ["install", "-m", manifest, "-f", images.base.file.string]
            #expect(try await box.imgadm(words).status == 0)
            let before = try await box.imgadm("get", images.base.uuid)
            let datasets = try await box.datasets()
            try await Tool.shell("rm '\(box.path("var/imgadm/images"))'/*")
            let damaged = try await box.shell(
                """
                cd '\(box.root)'; head -c -100 '\(images.base.file)' > short
                imgadm install -m manifest.json -f short
                """)
            #expect(damaged.status == 1 && damaged.errors.contains("(DownloadError)"), "\(damaged)")
            #expect(try box.recordNames() == [])
            let check = try await box.imgadm("check", "-P", box.pool)
            #expect(check.output.contains("imgadm install -P \(box.pool) -m MANIFEST -f FILE"), "\(check)")
            let run = try await box.imgadm(words + ["-j"])
            #expect(run.status == 0 && run.errors.contains("Adopted image \(images.base.uuid) (base@1.0.0)"), "\(run)")
            let answer = try JSONValue(parsing: run.output)
            #expect(answer["images"]?[0]?["action"] == "adopted" && answer["changed"] == true, "\(run)")
            #expect(try await box.imgadm("get", images.base.uuid).output == before.output)
            #expect(try await box.datasets() == datasets && box.leftovers() == [])
            let list = try await box.imgadm("list", "-Ho", "name", "zpool=\(box.pool)")
            #expect(list.output == "base\n", "\(list)")
            let again = try await box.imgadm(words)
            #expect(again.output.contains("already installed") && again.errors.isEmpty, "\(again)")
        }

        /// A dataset that is not what the file makes is not taken for it, and stays as it is.
        @Test(arguments: [
            ("zfs create -o mountpoint=none $D && zfs snapshot $D@final", "the guid"),
            ("zfs create -o mountpoint=none $D", "no snapshot @final"),
            ("zfs send $B@final | zfs receive $D; touch $(zfs get -Ho value mountpoint $D)/x", "data was written"),
        ])
        func whatIsNotTheImageIsNotAdopted(make: String, words: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let (base, top) = (images.base, try await images.workshop.make(name: "other"))
            let installed = try await box.imgadm(
                "install", "-m", try write(top.manifest, in: box), "-f", top.file.string)
            #expect(installed.status == 0, "\(installed)")
            try await Tool.shell("D=\(box.pool)/\(base.uuid) B=\(box.pool)/\(top.uuid); \(make)")
            let datasets = try await box.datasets()
            let isSame = words == "data was written"
            let (image, uuid) = isSame ? (top, base.uuid) : (base, base.uuid)
            var manifest = image.manifest
            manifest["uuid"] = .string(uuid)
            let run = try await box.imgadm("install", "-m", try write(manifest, in: box), "-f", image.file.string)
            #expect(run.status == 1 && run.errors.contains("(NotAnImage)") && run.errors.contains(words), "\(run)")
            #expect(run.errors.contains("imgadm update \(uuid)"), "\(run)")
            #expect(try await box.datasets() == datasets && box.recordNames().allSatisfy { !$0.contains(uuid) })
        }

        /// A file that begins as the image's stream does, and is not whole, makes nothing: also where its manifest states its sums.
        @Test(arguments: [
            "head -c 312 $F", "head -c -1 $F", "head -c -100000 $F",
            "(head -c 100000 $F; echo xyz; tail -c +100005 $F)",
            "(cat $F; echo x)",
        ])
        func aFileThatIsNotWholeIsNotTheImage(make: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let base = images.base
            #expect(
                try await box.imgadm("install", "-m", try write(base.manifest, in: box), "-f", base.file.string).status
                    == 0)
            try await Tool.shell(
                "rm '\(box.path("var/imgadm/images"))'/*; F='\(box.path("whole"))'; gzip -dc '\(base.file)' > $F; \(make) > '\(box.path("file"))'"
            )
            var manifest = base.manifest
            manifest["files"] = nil
            let words = ["install", "-m", try write(manifest, in: box), "-f"]
            let run = try await box.imgadm(words + [box.path("file").string])
            #expect(run.status == 1 && run.errors.contains("(InvalidStream)"), "\(run)")
            #expect(try box.recordNames() == [])
            let whole = try await box.imgadm(words + [box.path("whole").string])
            #expect(whole.status == 0 && whole.output.contains("Adopted"), "\(whole)")
        }

        /// While the file is read, nobody holds still: what becomes of the dataset meanwhile is looked at once more.
        @Test(arguments: [
            ("touch $(zfs get -Ho value mountpoint $D)/x", "data was written"),
            ("zfs destroy $D@final && zfs snapshot $D@final", "it was replaced while the file was read"),
            ("zfs destroy $D@final", "no snapshot @final"),
        ])
        func whatChangesWhileTheFileIsReadIsNotAdopted(change: String, words: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let base = images.base
            let manifest = try write(base.manifest, in: box)
            #expect(try await box.imgadm("install", "-m", manifest, "-f", base.file.string).status == 0)
            let run = try await box.shell(
                """
                cd '\(box.root)'; rm var/imgadm/images/*; mkfifo fifo; D=\(box.pool)/\(base.uuid)
                (head -c 1000 '\(base.file)'; sleep 2; \(change); tail -c +1001 '\(base.file)') > fifo &
                imgadm install -m manifest.json -f fifo
                """)
            #expect(run.status != 0 && run.errors.contains(words), "\(run)")
            #expect(try box.recordNames() == [])
        }

        /// A FIFO into which nobody writes holds up no signal, whatever is read from it.
        @Test(arguments: ["-m manifest.json -f fifo", "-m fifo -f x"])
        func aPipeThatSaysNothingCanBeLeft(words: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            _ = try write(images.base.manifest, in: box)
            let run = try await box.shell(
                """
                cd '\(box.root)'; touch x; mkfifo fifo; \(Binaries.imgadm) install \(words) & sleep 2
                kill -0 $! || echo gone; kill -TERM $!; for i in $(seq 100); do kill -0 $! 2>/dev/null || break; sleep 0.1; done
                kill -KILL $! 2>/dev/null && echo stuck; wait $!
                """)
            #expect(run.status == 143 && !run.output.contains("stuck") && !run.output.contains("gone"), "\(run)")
            #expect(try await box.datasets() == [] && box.leftovers() == [])
            // And what is written into it is read.
            guard words.hasSuffix("fifo") else { return }
            let installed = try await box.shell(
                "cd '\(box.root)'; cat '\(images.base.file)' > fifo & cd '\(box.root)' && imgadm install -m manifest.json -f fifo"
            )
            #expect(installed.status == 0, "\(installed)")
        }

        @Test(arguments: ["none", "gzip", "bzip2", "xz", "zstd"])
        func aMissingCompressionIsFoundOut(format: String) async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "sniff-\(format)", compression: format)
            let box = try await Sandbox.make()
            var file = try #require(image.manifest["files"]?[0]?.objectValue)
            file["compression"] = nil
            for files: JSONValue? in [[.object(file)], nil] {
                var manifest = image.manifest
                manifest["files"] = files
                manifest["published_at"] = nil
                let run = try await box.imgadm("install", "-m", try write(manifest, in: box), "-f", image.file.string)
                #expect(run.status == 0, "\(run)")
                let get = try JSONValue(parsing: try await box.imgadm("get", image.uuid).output)
                #expect(get["manifest"]?["published_at"]?.stringValue?.hasSuffix("Z") == true)
                _ = try await box.imgadm("delete", image.uuid)
            }
        }

        @Test func oldManifestsAreUpgraded() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let file = images.base.manifest["files"]?[0]
            let manifest: JSONObject = [
                "uuid": .string(images.base.uuid), "name": "old", "version": "1", "os": "smartos",
                "type": "zone-dataset",
                "creator_uuid": "352971aa-31ba-496c-9ade-a379feaecd52", "published_at": "2012-01-02T03:04:05Z",
                "files": [["path": "x.zfs.gz", "sha1": file?["sha1"] ?? .null, "size": file?["size"] ?? .null]],
            ]
            let run = try await box.imgadm("install", "-m", try write(manifest, in: box), "-f", images.base.file.string)
            #expect(run.status == 0, "\(run)")
        }

        @Test func channelsInAManifestAreFine() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            var manifest = images.base.manifest
            manifest["channels"] = ["dev"]
            let run = try await box.imgadm("install", "-m", try write(manifest, in: box), "-f", images.base.file.string)
            #expect(run.status == 0, "\(run)")
        }

        @Test func aMissingOriginIsStatusThree() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let run = try await box.imgadm(
                "install", "-m", try write(images.middle.manifest, in: box), "-f", images.middle.file.string)
            #expect(run.status == 3 && run.errors.contains("error (OriginNotInstalled)"), "\(run)")
        }

        /// An increment is made on top of the snapshot @final of its origin: without it there is nothing to make it on.
        @Test func anOriginWithoutItsSnapshotIsNamed() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.base.uuid).status == 0)
            let origin = "\(box.pool)/\(images.base.uuid)"
            try await Tool.run("zfs", "rename", "\(origin)@final", "\(origin)@other")
            let words = ["install", "-m", try write(images.middle.manifest, in: box), "-f", images.middle.file.string]
            let run = try await box.imgadm(words)
            #expect(run.status == 1 && run.errors.contains("error (OriginHasNoFinalSnapshot)"), "\(run)")
            #expect(run.errors.contains("\(origin)@final") && run.errors.contains("imgadm update"), "\(run)")
            #expect(try await box.datasets() == [images.base.uuid, "\(images.base.uuid)@other"])
            #expect(try box.leftovers().isEmpty && box.recordNames().count == 1)
            // As it says.
            #expect(try await box.imgadm("update", images.base.uuid).status == 0)
            #expect(try await box.imgadm(words).status == 0)
        }

        @Test(arguments: [("none", "manifest"), ("manifest.json", "file")])
        func aFileThatIsNotThereIsAUsageError(manifest: String, what: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            _ = try write(images.base.manifest, in: box)
            let run = try await box.shell("cd '\(box.root)' && imgadm install -m \(manifest) -f nowhere")
            let path = what == "file" ? "nowhere" : "none"
            #expect(run.status == 2, "\(run)")
            #expect(run.errors.contains("error (Usage): \(what) path does not exist: \"\(path)\""), "\(run)")
        }

        /// A change of the manifest, and the code of the error.
        static let badManifests: [(JSONObject, String)] = [
            (["name": .null], "ManifestValidation"), (["type": "nonsense"], "ManifestValidation"),
            (["surplus": 1], "ManifestValidation"), (["version": "a b"], "ManifestValidation"),
            (["os": 5], "ManifestValidation"), (["origin": "x"], "ManifestValidation"),
            (["uuid": "../../etc"], "ManifestValidation"), (["files": 5], "ManifestValidation"),
            (["v": .null], "InvalidManifest"), (["v": "two"], "ManifestValidation"),
            (
                ["files": [["sha1": "0000000000000000000000000000000000000000", "size": 5, "compression": "gzip"]]],
                "DownloadError"
            ),
            (["files": [["sha1": "x", "size": 5, "compression": "lzma"]]], "ManifestValidation"),
        ]

        @Test(arguments: badManifests)
        func badManifestsAreRefused(changes: JSONObject, code: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            var manifest = images.base.manifest
            for (key, value) in changes { manifest[key] = value == .null ? nil : value }
            let run = try await box.imgadm("install", "-m", try write(manifest, in: box), "-f", images.base.file.string)
            #expect(run.status == 1 && run.errors.contains("error (\(code))"), "\(run)")
            #expect(code != "DownloadError" || run.errors.contains("\"\(images.base.file)\""), "\(run)")
            #expect(try await box.datasets().isEmpty)
            #expect(try box.leftovers().isEmpty && box.recordNames().isEmpty)
        }

        @Test func everyViolationIsListed() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            var manifest = images.base.manifest
            manifest["name"] = nil
            manifest["type"] = "x"
            let run = try await box.imgadm("install", "-m", try write(manifest, in: box), "-f", images.base.file.string)
            #expect(
                run.errors.contains(
                    "invalid manifest: name (MissingParameter), type (invalid image type, \"x\", must be one of: "),
                "\(run)")
        }

        @Test(arguments: ["", "{", "[]", "5", "null", "\"x\"", String(repeating: "[", count: 200_000), "\u{0}\u{1}"])
        func whatIsNoManifest(text: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try Tool.write(text, to: box.path("m"))
            let run = try await box.imgadm("install", "-m", box.path("m").string, "-f", images.base.file.string)
            #expect(run.status == 1 && run.errors.contains("error (InvalidManifest)"), "\(run)")
        }

        @Test func damagedFilesLeaveNothing() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let damages = [
                "head -c 1000", "head -c -1", "cat - /etc/hostname", "tr a b", "head -c 0", "tail -c +2",
            ]
            for image in [images.base, try await images.workshop.make(compression: "bzip2"), images.base] {
                var manifest = image.manifest
                manifest["files"] = nil
                let path = try write(manifest, in: box)
                for damage in damages {
                    let file = box.path("damaged")
                    try await Tool.shell("\(damage) < \(image.file) > \(file)")
                    let run = try await box.imgadm("install", "-m", path, "-f", file.string)
                    #expect(run.status == 1, "\(damage): \(run)")
                    #expect(run.errors.contains("imgadm install: error ("), "\(damage): \(run)")
                    #expect(try await box.datasets().isEmpty, "\(damage)")
                    #expect(try box.leftovers().isEmpty && box.recordNames().isEmpty, "\(damage)")
                }
            }
        }

        /// What counts is what the file makes: where its manifest says otherwise, that is told, and the record has what is there.
        @Test func whatTheManifestSaysOtherwiseIsTold() async throws {
            let box = try await Sandbox.make()
            let run = try await box.shell(
                """
                cd '\(box.root)' && truncate -s 3M d.raw && imgadm convert -q -o d d.raw name=d version=1 os=other &&
                sed -i 's/"image_size": *3\\b/"image_size": 1000/; s/"dataset_guid": *"[0-9]*"/"dataset_guid": "17"/' d.imgmanifest &&
                imgadm install -m d.imgmanifest -f d.zvol.gz && imgadm get d
                """)
            #expect(run.status == 0 && !run.output.contains("\"17\""), "\(run)")
            #expect(run.errors.contains("image_size 1000, but the disk has 3 MiB"), "\(run)")
            #expect(run.errors.contains("makes another snapshot than the manifest states"), "\(run)")
            // Also where the dataset is there already.
            let again = try await box.shell(
                "cd '\(box.root)' && rm var/imgadm/images/* && imgadm install -m d.imgmanifest -f d.zvol.gz")
            #expect(again.status == 0 && again.output.contains("Adopted"), "\(again)")
            #expect(again.errors.contains("makes another snapshot than the manifest states"), "\(again)")
            #expect(again.errors.contains("image_size 1000, but the disk has 3 MiB"), "\(again)")
        }

        /// A manifest may state more than one checksum, and all of them hold.
        @Test(arguments: [
            ("sha256", 64, "DownloadError"), ("sha512", 128, "DownloadError"), ("sha256", 63, "ManifestValidation"),
            ("md5", 32, "ManifestValidation"),
        ])
        func aDigestBesideTheSHA1Counts(algorithm: String, digits: Int, code: String) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            var manifest = images.base.manifest
            var file = try #require(manifest["files"]?[0]?.objectValue)
            file["digest"] = .string("\(algorithm):\(String(repeating: "0", count: digits))")
            manifest["files"] = [.object(file)]
            let run = try await box.imgadm(
                "install", "-m", try write(manifest, in: box), "-f", images.base.file.string)
            #expect(run.status == 1 && run.errors.contains("(\(code))"), "\(run)")
            #expect(try await box.datasets().isEmpty)
        }

        @Test func wrongCompressionIsAnError() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            for wrong in ["none", "bzip2", "xz"] {
                var manifest = images.base.manifest
                manifest["files"] = [
                    [
                        "sha1": images.base.manifest["files"]?[0]?["sha1"] ?? .null,
                        "size": .number(JSONNumber(images.base.size)), "compression": .string(wrong),
                    ]
                ]
                let run = try await box.imgadm(
                    "install", "-m", try write(manifest, in: box), "-f", images.base.file.string)
                #expect(run.status == 1, "\(wrong): \(run)")
                #expect(try await box.datasets().isEmpty)
            }
        }
    }
}
