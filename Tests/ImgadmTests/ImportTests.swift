import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm import` (cli.md §3).
    @Suite struct ImportTests {
        @Test(arguments: ImageStorage.allCases)
        func aChainIsImportedBaseFirst(storage: ImageStorage) async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            try box.use(server.url)
            let run = try await box.imgadm("import", images.top.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(run.errors.isEmpty, "\(run)")
            let lines = run.lines
            #expect(lines[0] == "Importing \(images.top.uuid) (top@1.0.0) from \"\(server.url)\"")
            #expect(lines[1] == "Gather image \(images.top.uuid) ancestry")
            #expect(lines[2].hasPrefix("Must download and install 3 images ("))
            let imported = lines.filter { $0.hasPrefix("Imported image") }
            #expect(
                imported
                    == [images.base, images.middle, images.top].map { "Imported image \($0.uuid) (\($0.name)@1.0.0)" })
            #expect(lines.filter { $0.hasPrefix("Downloaded image") }.count == 3)
            #expect(
                Set(try await box.datasets())
                    == Set([images.base, images.middle, images.top].flatMap { [$0.uuid, "\($0.uuid)@final"] }))
            #expect(
                try box.recordNames()
                    == [images.base, images.middle, images.top].map { "\(box.pool)-\($0.uuid).json" }.sorted())
            #expect(try box.leftovers().isEmpty)
            // The files are really those of the image and of its origins.
            let mountpoint = try await Tool.run(
                "zfs", "get", "-H", "-o", "value", "mountpoint", "\(box.pool)/\(images.top.uuid)"
            ).dropLast()
            let content = try await Tool.run("cat", "\(mountpoint)/root/etc/image")
            #expect(content == "\(images.base.uuid)\n\(images.middle.uuid)\n\(images.top.uuid)\n")
            let again = try await box.imgadm("import", images.top.uuid)
            #expect(again.output == "Image \(images.top.uuid) (top 1.0.0) is already installed, skipping\n")
            #expect(again.status == 0)
        }

        @Test(arguments: ImageStorage.allCases)
        func whatIsInstalledAlreadyIsNotFetchedAgain(storage: ImageStorage) async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            try box.use(server.url)
            _ = try await box.imgadm("import", images.middle.uuid)
            let run = try await box.imgadm("import", images.top.uuid)
            #expect(run.lines.contains("Image \(images.middle.uuid) already installed"), "\(run)")
            #expect(run.lines.contains { $0.hasPrefix("Must download and install 1 image (") })
        }

        @Test(arguments: ["none", "gzip", "bzip2", "xz", "zstd"], ImageStorage.allCases)
        func everyCompression(format: String, storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: format, compression: format)
            let server = try await images.server(on: storage, with: image)
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "-S", server.url, image.uuid)
            #expect(run.status == 0, "\(run)")
            let get = try JSONValue(parsing: try await box.imgadm("get", image.uuid).output)
            var file = get["manifest"]?["files"]?[0]?.objectValue ?? [:]
            // A server that was given the file has taken its SHA-256.
            #expect((file["digest"]?.stringValue?.hasPrefix("sha256:") ?? false) == (storage == .registry))
            file["digest"] = nil
            var manifest = get["manifest"]?.objectValue ?? [:]
            manifest["files"] = [.object(file)]
            #expect(manifest == image.manifest)
            #expect(get["zpool"]?.stringValue == box.pool)
            #expect(get["source"]?.stringValue == server.url)
        }

        @Test(arguments: ImageStorage.allCases)
        func fiveAtOnceDoTheWorkOnce(storage: ImageStorage) async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            let proxy = try await FaultProxy(to: server.port, [])
            try box.use(proxy.url)
            let run = try await box.shell(
                "for i in 1 2 3 4 5; do (imgadm import \(images.top.uuid); echo status $?) & done; wait")
            #expect(run.lines.filter { $0 == "status 0" }.count == 5, "\(run)")
            #expect(run.lines.filter { $0.hasPrefix("Imported image \(images.top.uuid)") }.count == 1, "\(run)")
            #expect(proxy.requests.count == 3)
            #expect(try box.leftovers().isEmpty)
            #expect(try await box.datasets().count == 6)
        }

        @Test func aWaitingImportSaysSo() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let lock = box.path("var/run/img.\(images.base.uuid).import.lock")
            // The holder goes when the import has said who it is.
            let run = try await box.shell(
                """
                cd '\(box.root)'; mkdir -p var/run; mkfifo held
                { flock 9; echo > held; exec sleep 2500; } 9> '\(lock)' & holder=$!
                read -r < held
                imgadm import \(images.base.uuid) > out & import=$!
                until grep -q ' is locked by process ' out; do kill -0 $import || break; sleep 0.05; done
                kill $holder; wait $import; status=$?; cat out; exit $status
                """)
            #expect(run.lines.contains("Waiting for image \(images.base.uuid) import lock"), "\(run)")
            #expect(
                run.lines.contains { $0.contains("is locked by process ") && $0.hasSuffix("(sleep 2500)") }, "\(run)")
            #expect(run.status == 0)
        }

        @Test func aLockIsNotWaitedForWithoutEnd() async throws {
            let box = try await Sandbox.make(environment: ["IMGADM_LOCK_PATIENCE": "0.5"])
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let (folder, held, end) = (box.path("var/run"), box.path("held"), box.path("end"))
            let lock = folder.appending("img.\(images.base.uuid).import.lock")
            let run = try await box.shell(
                """
                mkdir -p \(folder); mkfifo \(held) \(end)
                (flock 9; echo > \(held); read line < \(end); rm -f \(lock)) 9> \(lock) & read -r < \(held)
                imgadm import \(images.base.uuid); echo status $?; echo > \(end); wait
                """)
            #expect(run.lines.contains("status 1") && run.errors.contains("error (LockTimeout)"), "\(run)")
            #expect(run.errors.contains("is locked by process "), "\(run)")
            #expect(try await box.datasets().isEmpty)
        }

        @Test(arguments: ImageStorage.allCases)
        func anImageMayBeTakenFromAnotherPool(storage: ImageStorage) async throws {
            let box = try await Sandbox.make()
            let other = try await Sandbox.make()
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            try box.use(server.url)
            let run = try await box.imgadm("import", "-P", other.pool, images.base.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(try await other.datasets().contains(images.base.uuid))
            #expect(try await box.datasets().isEmpty)
            #expect(try await box.imgadm("get", images.base.uuid).status == 3)
            #expect(try await box.imgadm("get", "-P", other.pool, images.base.uuid).status == 0)
            #expect(
                try await box.imgadm("list", "-Ho", "zpool", "uuid=\(images.base.uuid)", "zpool=\(other.pool)").output
                    == "\(other.pool)\n")
        }

        @Test func aPoolThatIsNotThereIsAClearError() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", "-P", "nosuchpool7", images.base.uuid)
            #expect(run.status == 1 && run.errors.contains("error (PoolNotFound)"), "\(run)")
        }

        /// The image is there all the same, and a person reads the word.
        @Test func aSourceThatIsAwayIsAPlainWarning() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.write(
                "{\"sources\":[{\"url\":\"http://127.0.0.1:1\"},{\"url\":\"\(images.server.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("import", "-q", images.base.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(run.errors.hasPrefix("imgadm import: warning: image source \"http://127.0.0.1:1\": "), "\(run)")
            #expect(!run.errors.contains("{") && run.errors.split(separator: "\n").count == 1, "\(run)")
        }

        /// NAME:VERSION is docker's way of writing it.
        @Test func aTagForAVersionIsToldApart() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let away = ["https_proxy": "http://127.0.0.1:1"]
            let run = try await box.imgadm("import", "base:1.0.0", environment: away)
            #expect(run.status == 1 && run.errors.contains("imgadm import base@1.0.0"), "\(run)")
            for other in ["docker:base:1.0.0", "nothing-\(TestUUID.make().prefix(8)):1"] {
                let run = try await box.imgadm("import", other, environment: away)
                #expect(run.status == 1 && !run.errors.contains("a source has"), "\(run)")
            }
        }

        @Test func whatNoSourceHas() async throws {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.write(
                "{\"sources\":[{\"url\":\"http://127.0.0.1:1\"},{\"url\":\"\(images.server.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("import", TestUUID.make())
            #expect(run.status == 1)
            #expect(
                run.errors.contains("error (ActiveImageNotFound)") && run.errors.contains("could not ask"), "\(run)")
            #expect(try box.leftovers().isEmpty)
        }

        @Test func onlyActiveImagesAreImportedButOriginsNeedNotBe() async throws {
            let images = try await Fixture.get()
            let origin = try await images.workshop.make(
                name: "retired", manifest: ["state": "disabled", "disabled": true])
            let child = try await images.workshop.make(name: "child", origin: origin)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let refused = try await box.imgadm("import", origin.uuid)
            #expect(refused.status == 1 && refused.errors.contains("error (ImageNotActive)"), "\(refused)")
            #expect(try await box.imgadm("import", child.uuid).status == 0)
        }

        @Test func aMissingOriginIsNamed() async throws {
            let images = try await Fixture.get()
            let missing = TestUUID.make()
            let child = try await images.workshop.make(name: "orphan", manifest: ["origin": .string(missing)])
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", child.uuid)
            #expect(
                run.status == 1 && run.errors.contains("error (OriginNotFoundInSource)")
                    && run.errors.contains(missing), "\(run)")
        }

        @Test func originsInACircleEnd() async throws {
            let (a, b) = (TestUUID.make(), TestUUID.make())
            func manifest(_ uuid: String, _ origin: String) -> String {
                "{\"v\":2,\"uuid\":\"\(uuid)\",\"name\":\"x\",\"version\":\"1\",\"state\":\"active\",\"type\":\"zone-dataset\",\"os\":\"linux\",\"origin\":\"\(origin)\",\"files\":[{\"size\":1,\"sha1\":\"x\",\"compression\":\"none\"}]}"
            }
            let server = try await CannedServer(["/images/\(a)": manifest(a, b), "/images/\(b)": manifest(b, a)])
            let box = try await Sandbox.make()
            try box.use(server.url)
            let run = try await box.imgadm("import", a)
            #expect(run.status == 1 && run.errors.contains("error (OriginCycle)"), "\(run)")
        }

        @Test func channelsAreAskedFor() async throws {
            let images = try await Fixture.get()
            let folder = try await ImageWorkshop.make()
            let image = try await folder.make(name: "staged", manifest: ["channels": ["staging"]])
            try Tool.write(
                "[{\"name\":\"release\",\"description\":\"\",\"default\":true},{\"name\":\"staging\",\"description\":\"\"}]",
                to: folder.folder.appending("channels.json"))
            let server = try TestServer(folder.folder)
            let box = try await Sandbox.make()
            try box.use(server.url)
            #expect(try await box.imgadm("import", image.uuid).errors.contains("error (ActiveImageNotFound)"))
            let run = try await box.imgadm("import", "-C", "staging", image.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines[0].hasSuffix("from \"\(server.url)\", channel \"staging\""))
            let other = try await Sandbox.make()
            #expect(try await other.imgadm("import", "-S", "\(server.url)?channel=staging", image.uuid).status == 0)
            _ = images
        }

        @Test func aRawStreamIsTakenAsItIs() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "raw", compression: "none")
            var file = try #require(image.manifest["files"]?[0]?.objectValue)
            file["sha1"] = "0000000000000000000000000000000000000000"
            file["compression"] = "gzip"
            var manifest = image.manifest
            manifest["files"] = [.object(file)]
            try images.workshop.save(manifest, image.uuid)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", image.uuid).status == 1)
            let run = try await box.imgadm("import", "--zstream", image.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(try box.leftovers().isEmpty)
        }

        @Test func spaceIsCheckedFirst() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(
                name: "huge",
                manifest: [
                    "files": [
                        [
                            "sha1": "0000000000000000000000000000000000000000", "size": 99_999_999_999_999,
                            "compression": "gzip",
                        ]
                    ]
                ])
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", image.uuid)
            #expect(run.status == 1 && run.errors.contains("error (NoSpace)"), "\(run)")
            #expect(!run.output.contains("Downloaded") && !run.errors.contains("quota"))
            // What sets the limit is named.
            try await Tool.run("zfs", "set", "quota=100M", box.pool)
            let limited = try await box.imgadm("import", image.uuid)
            #expect(limited.status == 1 && limited.errors.contains("error (NoSpace)"), "\(limited)")
            #expect(limited.errors.contains("property quota of zpool \"\(box.pool)\" is 100"), "\(limited)")
            try await Tool.run("zfs", "set", "quota=none", box.pool)
        }

        @Test func dsapiSourcesServeOldManifests() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "old")
            let file = image.manifest["files"]?[0]
            let sha1 = file?["sha1"]?.stringValue ?? ""
            let manifest = """
                {"uuid":"\(image.uuid)","name":"old","version":"1.2.3","description":"x","os":"smartos","type":"zone-dataset",
                 "creator_uuid":"352971aa-31ba-496c-9ade-a379feaecd52","vendor_uuid":"352971aa-31ba-496c-9ade-a379feaecd52",
                 "created_at":"2012-01-02T03:04:05Z","published_at":"2012-01-02T03:04:05Z",
                 "files":[{"path":"old.zfs.gz","sha1":"\(sha1)","size":\(image.size),"url":"\(images.server.url)/images/\(image.uuid)/file"}]}
                """
            let server = try await CannedServer(["/datasets": "[\(manifest)]", "/datasets/\(image.uuid)": manifest])
            let box = try await Sandbox.make()
            let added = try await box.imgadm("sources", "-t", "dsapi", "-a", "\(server.url)/datasets/")
            #expect(added.output == "Added \"dsapi\" image source \"\(server.url)/datasets\"\n", "\(added)")
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            #expect(try await box.imgadm("avail", "-Ho", "uuid,version").output == "\(image.uuid)  1.2.3\n")
            let run = try await box.imgadm("import", image.uuid)
            #expect(run.status == 0, "\(run)")
            let get = try JSONValue(parsing: try await box.imgadm("get", image.uuid).output)
            #expect(get["manifest"]?["v"] == 2)
            #expect(get["manifest"]?["owner"] == "352971aa-31ba-496c-9ade-a379feaecd52")
            #expect(get["manifest"]?["files"]?[0]?["compression"] == "gzip")
        }

        @Test func aFailedImportHarmsNothingThatWasThere() async throws {
            let images = try await Fixture.get()
            let bad = try await images.workshop.make(name: "bad", origin: images.base)
            var files = try #require(bad.manifest["files"]?[0]?.objectValue)
            files["sha1"] = "0000000000000000000000000000000000000000"
            var manifest = bad.manifest
            manifest["files"] = [.object(files)]
            try images.workshop.save(manifest, bad.uuid)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            _ = try await box.imgadm("import", images.base.uuid)
            let before = try await box.datasets()
            let run = try await box.imgadm("import", bad.uuid)
            #expect(
                run.status == 1 && run.errors.contains("error (DownloadError)") && run.errors.contains("sha1"), "\(run)"
            )
            #expect(try await box.datasets() == before)
            #expect(try box.recordNames().count == 1)
        }

        @Test(arguments: ImageStorage.allCases)
        func whenOneOfAChainFailsTheOthersStop(storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            let box = try await Sandbox.make()
            let proxy = try await FaultProxy(
                to: server.port, path: "/images/\(images.middle.uuid)/file", [], then: .status(404))
            try box.use(proxy.url)
            let run = try await box.imgadm("import", images.top.uuid)
            #expect(run.status == 1 && run.errors.contains("404"), "\(run)")
            #expect(try await !box.datasets().contains { $0.contains("-partial") })
            #expect(try await !box.datasets().contains(images.middle.uuid))
            let again = try await box.imgadm("import", "-S", server.url, images.top.uuid)
            #expect(again.status == 0, "\(again)")
            #expect(try box.leftovers().isEmpty)
        }

        @Test func aLeftoverPartialIsCleared() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            try await Tool.run(
                "zfs", "create", "-o", "imgadm:own=true", "\(box.pool)/\(images.base.uuid)-partial")
            try box.write("{}", to: "var/imgadm/images/\(box.pool)-\(images.base.uuid).json")
            try box.write("old", to: "var/run/img.\(images.base.uuid).import.lock")
            #expect(try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)").output.isEmpty)
            let run = try await box.imgadm("import", images.base.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.contains("Cleared leftover dataset \(box.pool)/\(images.base.uuid)-partial"), "\(run)")
            #expect(run.lines.contains("Cleared leftover record of image \(images.base.uuid)"), "\(run)")
            #expect(try box.leftovers().isEmpty)
        }

        @Test(arguments: ImageStorage.allCases)
        func aCompleteDownloadOfAnEarlierRunIsUsedIfItFits(storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            let box = try await Sandbox.make()
            let proxy = try await FaultProxy(to: server.port, [])
            try box.use(proxy.url)
            let folder = box.path("var/tmp/.imgadm-downloads")
            try await Tool.shell(
                "mkdir -p \(folder); cp \(images.middle.file) \(folder)/\(images.middle.uuid).file; tr a b < \(images.top.file) > \(folder)/\(images.top.uuid).file"
            )
            let run = try await box.imgadm("import", images.top.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(!proxy.requests.contains { $0.contains(images.middle.uuid) })
            #expect(proxy.requests.contains { $0.contains(images.top.uuid) })
            #expect(try box.leftovers().isEmpty)
        }

        @Test(arguments: ImageStorage.allCases)
        func aPartialDownloadIsResumed(storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let server = try await images.server(on: storage)
            let box = try await Sandbox.make()
            let proxy = try await FaultProxy(to: server.port, [])
            try box.use(proxy.url)
            let folder = box.path("var/tmp/.imgadm-downloads")
            try await Tool.shell(
                "mkdir -p \(folder); head -c 100000 \(images.middle.file) > \(folder)/\(images.middle.uuid).file.partial"
            )
            let run = try await box.imgadm("import", images.middle.uuid)
            #expect(run.status == 0, "\(run)")
            let request = try #require(proxy.requests.first { $0.contains("\(images.middle.uuid)/file") })
            #expect(request.lowercased().contains("range: bytes=100000-"), "\(request)")
        }

        /// Of a file without a checksum, Content-MD5 says whether it is whole; where the server states none either, that is told.
        @Test(arguments: ["right", "wrong", "none"])
        func withoutAChecksumContentMD5Counts(what: String) async throws {
            let images = try await Fixture.get()
            let base = images.base
            let bytes = try #require(try HostFile.read(base.file, limit: .max))
            let sum = what == "wrong" ? "/dev/null" : base.file.string
            let md5 = try await Tool.shell("openssl md5 -binary '\(sum)' | base64").dropLast()
            var manifest = base.manifest
            manifest["files"] = [["size": .number(JSONNumber(base.size)), "compression": "gzip"]]
            let text = JSONValue.object(manifest).text()
            let server = try await CannedServer(bytes: { head in
                guard head.hasPrefix("GET /images/\(base.uuid)/file") else {
                    return head.hasPrefix("GET /images/\(base.uuid)") ? Array(text.utf8) : nil
                }
                let stated = what == "none" ? "" : "Content-MD5: \(md5)\r\n"
                return Array(
                    "HTTP/1.1 200 OK\r\n\(stated)Content-Length: \(bytes.count)\r\nConnection: close\r\n\r\n".utf8)
                    + bytes
            })
            let box = try await Sandbox.make()
            try box.use(server.url)
            let run = try await box.imgadm("import", base.uuid)
            let warning =
                "warning: the file of image \(base.uuid) is not checked: its manifest has no checksum, and the server states none"
            #expect(run.errors.contains(warning) == (what == "none"), "\(run)")
            guard what == "wrong" else { return #expect(run.status == 0, "\(run)") }
            #expect(run.status == 1 && run.errors.contains("error (DownloadError)"), "\(run)")
            #expect(run.errors.lowercased().contains("md5"), "\(run)")
            #expect(try await box.datasets().isEmpty && box.recordNames().isEmpty && box.leftovers().isEmpty)
        }

        /// What this host's platform does not fit is refused before a byte is fetched: for the image, and for what it builds on.
        @Test(arguments: [
            ("min_platform", "20270101T000000Z", "MinPlatform"), ("max_platform", "20250101T000000Z", "MaxPlatform"),
            ("min_platform", "20260101T000000Z", nil),
        ])
        func thePlatformIsCheckedBeforeAnythingIsFetched(field: String, stamp: String, code: String?) async throws {
            let images = try await Fixture.get()
            let requirements: JSONObject = ["requirements": [field: ["7.0": .string(stamp)]]]
            let base = try await images.workshop.make(name: "platform", bytes: 1000, manifest: requirements)
            let child = try await images.workshop.make(name: "on-platform", origin: base, bytes: 1000)
            let proxy = try await FaultProxy(to: images.server.port, [])
            // It says that this is SmartOS 20260101T000000Z.
            let manager = try VMStandIn()
            defer { withExtendedLifetime(manager) {} }
            let box = try await Sandbox.make(environment: manager.environment)
            try box.use(proxy.url)
            for uuid in [base.uuid, child.uuid] {
                let run = try await box.imgadm("import", uuid)
                guard let code else {
                    #expect(run.status == 0, "\(run)")
                    continue
                }
                #expect(run.status == 1 && run.errors.contains("error (\(code))"), "\(run)")
                #expect(proxy.requests.isEmpty && !run.output.contains("Downloaded"), "\(run)")
                #expect(try await box.datasets().isEmpty && box.leftovers().isEmpty)
            }
        }

        /// Without -P and IMGADM_POOL, the pool is "zones".
        @Test func thePoolIsCalledZonesUnlessAnotherIsNamed() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let pools = try await Tool.run("zpool", "list", "-H", "-o", "name").split(separator: "\n")
            // On a host that has one, what is not there is told of it all the same.
            let unknown = TestUUID.make()
            for (words, there) in [
                (["get", unknown], 3), (["delete", unknown], 3), (["ancestry", unknown], 3), (["import", unknown], 1),
            ] as [([String], Int32)] {
                for line in ["unset IMGADM_POOL", "export IMGADM_POOL="] {
                    let run = try await box.shell("\(line); imgadm \(words.joined(separator: " "))")
                    guard !pools.contains("zones") else {
                        #expect(run.status == there, "\(run)")
                        continue
                    }
                    #expect(run.status == 1 && run.output.isEmpty, "\(run)")
                    #expect(run.errors.contains("error (PoolNotFound): there is no zpool \"zones\""), "\(run)")
                }
            }
            #expect(try await box.datasets().isEmpty && box.leftovers().isEmpty)
        }

        @Test(arguments: ImageStorage.allCases)
        func signalsStopAndCleanUp(storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let base = try await images.workshop.make(name: "long", bytes: 4_000_000)
            let top = try await images.workshop.make(name: "longer", origin: base, bytes: 4_000_000)
            let server = try await images.server(on: storage, with: top)
            let box = try await Sandbox.make()
            let proxy = try await FaultProxy(to: server.port, [], then: .stall(after: 2_000_000))
            try box.use(proxy.url)
            let downloads = box.path("var/tmp/.imgadm-downloads")
            for (signal, status) in [("HUP", 129), ("INT", 130), ("QUIT", 131), ("TERM", 143)] {
                // The base is being received, and what builds on it has come in part.
                let run = try await box.shell(
                    """
                    \(Binaries.imgadm) import \(top.uuid) & import=$!
                    begun() {
                        [ -s '\(downloads)/\(top.uuid).file.partial' ] && zfs list '\(box.pool)/\(base.uuid)-partial' > /dev/null 2>&1
                    }
                    until begun; do kill -0 $import || { echo ended; break; }; sleep 0.05; done
                    kill -\(signal) $import; wait $import; echo status $?
                    """, environment: ["IMGADM_STALL_TIMEOUT": "300"])
                #expect(run.lines.last == "status \(status)" && !run.lines.contains("ended"), "\(run)")
                #expect(try await box.datasets().isEmpty)
                #expect(try box.recordNames().isEmpty)
                // What can be resumed stays, and nothing else.
                #expect(try box.leftovers() == ["downloads/\(top.uuid).file.partial"])
                try await Tool.shell("rm '\(downloads)'/*")
            }
        }
    }
}
