import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Words that are not quite the name of an image: the first digits of a UUID, names of files, slips of the keyboard.
    @Suite struct TypedWordTests {
        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        /// A host with an image server, and a registry that nobody can reach.
        private static func box(_ images: Fixture) async throws -> Sandbox {
            let box = try await Sandbox.make()
            try box.write(
                """
                {"sources":[{"url":"\(images.server.url)"},{"url":"http://127.0.0.1:1","type":"docker"}],"upgradedToVer":"3.0.0"}
                """, to: "var/imgadm/imgadm.conf")
            return box
        }

        @Test func theFirstDigitsOfAUUIDNameAnImageOfASource() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "digits-\(TestUUID.make().prefix(8))", bytes: 1000)
            let box = try await Self.box(images)
            let digits = String(image.uuid.prefix(8))
            for word in [digits, "\(digits)-", "\(digits)\u{2026}", "\(digits)...", String(image.uuid.prefix(20))] {
                let shown = try await box.imgadm("show", word)
                #expect(shown.status == 0 && shown.output.contains(image.uuid), "\(word): \(shown)")
            }
            let few = try await box.imgadm("import", "imgapi:\(digits)")
            #expect(few.status == 1 && few.errors.contains("error (ImageNotFound)"), "\(few)")
            let run = try await box.imgadm("import", "-q", "\(digits)\u{2026}")
            #expect(run.status == 0 && run.lines.last?.hasPrefix("Imported image \(image.uuid)") == true, "\(run)")
            // Of what is installed, fewer do.
            for word in ["\(digits)\u{2026}", "\(digits.prefix(4))...", "\(digits)..."] {
                let got = try await box.imgadm("get", word)
                #expect(got.status == 0 && got.output.contains(image.uuid), "\(word): \(got)")
            }
            let gone = try await box.imgadm("get", "00000000\u{2026}")
            #expect(gone.status == 3 && gone.errors.contains("error (ImageNotInstalled)"), "\(gone)")
            let remote = try await box.imgadm("remote", "show", "\(digits)\u{2026}", images.server.url)
            #expect(remote.status == 0 && remote.output.contains(image.uuid), "\(remote)")
        }

        @Test func digitsThatSeveralHaveAreAmbiguousAndANameCountsMore() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "digits-\(TestUUID.make().prefix(8))", bytes: 1000)
            let twin = String(image.uuid.prefix(24)) + TestUUID.make().suffix(12)
            let copy = images.workshop.folder.appending("images/\(twin).file")
            try await Tool.run("cp", image.file.string, copy.string)
            _ = try await images.workshop.describe(
                twin, name: "twin-\(image.name)", compression: "gzip", origin: nil, file: copy)
            let box = try await Self.box(images)
            let digits = String(image.uuid.prefix(8))
            for word in [digits, "\(digits)\u{2026}"] {
                let run = try await box.imgadm("import", word)
                #expect(run.status == 1 && run.errors.contains("error (AmbiguousName)"), "\(run)")
                #expect(run.errors.contains(twin) && run.errors.contains(image.uuid), "\(run)")
            }
            let named = try await images.workshop.make(name: digits, bytes: 1000)
            let shown = try await box.imgadm("show", digits)
            #expect(shown.status == 0 && shown.output.contains(named.uuid), "\(shown)")
            let nobody = try await box.imgadm("show", "00000000\u{2026}")
            #expect(nobody.status == 1 && nobody.errors.contains("whose UUID begins with \"00000000\""), "\(nobody)")
        }

        @Test func aFileIsNotAskedOfARegistry() async throws {
            let images = try await Fixture.get()
            let box = try await Self.box(images)
            let made = try await run(
                "touch web.zfs.gz web.imgmanifest lone.zvol z-1.zip plain; mkdir -p my.dir; touch my.dir/web.zfs",
                in: box)
            try #require(made.status == 0, "\(made)")
            for (word, hint) in [
                ("web.zfs.gz", "imgadm install -m web.imgmanifest -f web.zfs.gz"),
                ("web.imgmanifest", "imgadm install -m web.imgmanifest -f web.zfs.gz"),
                ("lone.zvol", "imgadm install -m MANIFEST -f lone.zvol"), ("z-1.zip", "./z-1.zip names the file"),
                ("my.dir/web.zfs", "imgadm install -m MANIFEST -f my.dir/web.zfs"),
                ("far.imgmanifest", "imgadm install -m far.imgmanifest -f FILE"),
            ] {
                for command in ["import", "show"] {
                    let run = try await run("imgadm \(command) \(word)", in: box)
                    #expect(run.status == 1 && run.errors.contains("error (ImageNotFound)"), "\(run)")
                    #expect(run.errors.contains(hint), "\(word): \(run)")
                    #expect(
                        run.errors.contains(
                            word.hasPrefix("far") ? "a file, which does not lie here" : "a file \"\(word)\" lies here"),
                        "\(run)")
                }
            }
            // What has no suffix, or is said to be a reference, is asked for all the same.
            let plain = try await run("imgadm import -S http://127.0.0.1:1 plain", in: box)
            #expect(plain.status == 1 && plain.errors.contains("warning: a file \"plain\" lies here"), "\(plain)")
            #expect(!plain.errors.contains("error (ImageNotFound)"), "\(plain)")
            let meant = try await run("imgadm import -S http://127.0.0.1:1 docker:web.zfs.gz", in: box)
            #expect(meant.status == 1 && !meant.errors.contains("ImageNotFound"), "\(meant)")
        }

        @Test func filesInEachOthersPlaceAreTold() async throws {
            let box = try await Sandbox.make()
            let made = try await run("printf '{\"v\": 2}' > a.imgmanifest; seq 1 100 | gzip > a.zfs.gz", in: box)
            try #require(made.status == 0, "\(made)")
            let url = "http://127.0.0.1:1"
            for (command, hint) in [
                ("install gone-1.0.0.zfs.gz", "imgadm install -m MANIFEST -f gone-1.0.0.zfs.gz"),
                ("install gone.qcow2", "imgadm import gone.qcow2 takes a disk or a root file system"),
                ("install a.imgmanifest", "imgadm install -m a.imgmanifest -f a.zfs.gz"),
                ("install a.zfs.gz a.imgmanifest", "imgadm install -m a.imgmanifest -f a.zfs.gz"),
                ("install -f a.zfs.gz", "imgadm install -m a.imgmanifest -f a.zfs.gz"),
                ("publish a.zfs.gz \(url)", "imgadm publish -m a.imgmanifest -f a.zfs.gz \(url)"),
                ("publish web \(url)", "imgadm export -o NAME.zfs.gz web writes the two files"),
            ] {
                let run = try await run("imgadm \(command)", in: box)
                #expect(run.status == 2 && run.errors.contains(hint), "\(command): \(run)")
            }
            for command in ["install", "publish"] {
                let run = try await run(
                    "imgadm \(command) -m a.zfs.gz -f a.imgmanifest \(command == "publish" ? url : "")", in: box)
                #expect(run.status == 1 && run.errors.contains("error (InvalidManifest)"), "\(run)")
                let right = "imgadm \(command) -m a.imgmanifest -f a.zfs.gz\(command == "publish" ? " \(url)" : "")\n"
                #expect(run.errors.contains(right), "\(run)")
            }
        }

        @Test func whatIsMeantIsSaid() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "said-\(TestUUID.make().prefix(8))", bytes: 1000)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let version = try await box.imgadm("import", "\(image.name)@9")
            #expect(version.status == 1 && version.errors.contains("there is \(image.name)@1.0.0"), "\(version)")
            #expect(try await box.imgadm("import", "-q", image.name).status == 0)
            let file = try await box.imgadm("extract", image.name, "root/etc/image")
            #expect(
                file.status == 2
                    && file.errors.contains("imgadm export -P \(box.pool) -o NAME.zfs.gz \(image.name) writes its file"),
                "\(file)")
            for name in ["images/\(image.uuid).file", "images/\(image.uuid).json"] {
                try await Tool.run("rm", "-f", images.workshop.folder.appending(name).string)
            }
            for word in [image.name, String(image.uuid.prefix(8)), image.uuid] {
                let shown = try await box.imgadm("show", word)
                #expect(
                    shown.status == 1 && shown.errors.contains("imgadm get -P \(box.pool) \(word) shows it"),
                    "\(word): \(shown)")
            }
            let pipe = try await box.imgadm("import", "-")
            #expect(pipe.status == 2 && pipe.errors.contains("imgadm convert -"), "\(pipe)")
            for (words, hint) in [
                (["nosuchname"], "imgadm avail shows the images; docker:nosuchname would be the docker image"),
                (["https:/example.com/a.qcow2"], "did you mean \"https://example.com/a.qcow2\"?"),
                (["http//example.com/a.qcow2"], "did you mean \"http://example.com/a.qcow2\"?"),
                (["cloud.example.com/a/b.qcow2"], "did you mean \"https://cloud.example.com/a/b.qcow2\"?"),
                (["127.0.0.1:1/b.raw.xz", "name=x"], "did you mean \"https://127.0.0.1:1/b.raw.xz\"?"),
                (["\u{2014}q"], "begins with another dash"), (["debian\u{2013}13"], "did you mean \"debian-13\"?"),
                (["name=\(image.name)"], "imgadm avail name=\(image.name)"),
                ([image.name, "v1.0.0"], "imgadm import \(image.name)@v1.0.0 is"), ([image.name, "x"], "NAME@VERSION"),
                ([image.name, "name=x"], "fields are given to a file"),
            ] {
                let run = try await box.imgadm(["import"] + words)
                #expect(run.status != 0 && run.errors.contains(hint), "\(words): \(run)")
            }
            let shown = try await box.imgadm("show", "localhost:1/b.qcow2")
            #expect(
                shown.status == 2 && shown.errors.contains("did you mean \"https://localhost:1/b.qcow2\"?"), "\(shown)")
            let digits = String(repeating: "Ab", count: 32)
            let checksum = try await box.imgadm("import", "--checksum", digits, "./x.qcow2")
            #expect(
                checksum.status == 2 && checksum.errors.contains("hint: --checksum sha256:\(digits)"), "\(checksum)")
            let dataset = try await box.imgadm("list", "-P", "tank/images")
            #expect(dataset.status != 0 && dataset.errors.contains("hint: tank: images lie directly"), "\(dataset)")
            // What lies here is a file, wherever else there may be one.
            let local = try await run(
                "mkdir a.b; echo nothing > a.b/c.qcow2; imgadm import a.b/c.qcow2 2>&1 || true", in: box)
            #expect(!local.output.contains("did you mean"), "\(local)")
            let slip = try await box.imgadm("import", "htp://example.com/a.qcow2")
            #expect(slip.status == 2 && slip.errors.contains("did you mean \"http://example.com/a.qcow2\"?"), "\(slip)")
        }

        /// An image keeps its name where it is published: also one with slashes, as images of simplestreams have.
        @Test func aNameWithSlashesIsAskedOfImageServers() async throws {
            let images = try await Fixture.get()
            let name = "sys-\(TestUUID.make().prefix(8))/24.04"
            let image = try await images.workshop.make(name: name, bytes: 1000)
            let box = try await Self.box(images)
            for words in [
                ["show", name], ["show", "\(name)@1.0.0"], ["import", "-n", "-S", images.server.url, name],
            ] {
                let shown = try await box.imgadm(words)
                #expect(shown.status == 0 && shown.output.contains(image.uuid), "\(words): \(shown)")
            }
            let run = try await box.imgadm("import", "-q", name)
            #expect(run.status == 0 && run.lines.last?.hasPrefix("Imported image \(image.uuid)") == true, "\(run)")
            // Also where simplestreams come first, and nobody has docker's.
            let streams = try await self.run(
                """
                mkdir -p www/streams/v1; echo '{"format":"index:1.0","index":{}}' > www/streams/v1/index.json
                """, in: box)
            #expect(streams.status == 0, "\(streams)")
            let site = try await FileServer(box.path("www"))
            try box.write(
                """
                {"sources":[{"url":"\(site.url)","type":"simplestreams"},{"url":"\(images.server.url)"}],"upgradedToVer":"3.0.0"}
                """, to: "var/imgadm/imgadm.conf")
            let beside = try await box.imgadm("show", name)
            #expect(beside.status == 0 && beside.output.contains(image.uuid), "\(beside)")
            let nobody = try await box.imgadm("show", "\(name)1")
            #expect(nobody.status == 1 && nobody.errors.contains("error (ImageNotFound)"), "\(nobody)")
            try box.use(images.server.url)
            // Who has it not, and answers, is no registry.
            let none = try await box.imgadm("import", "-S", images.server.url, "\(name)1")
            #expect(none.status == 1 && none.errors.contains("error (ImageNotFound)"), "\(none)")
            // And where nobody has it, it is a docker image.
            let docker = try await box.imgadm("import", "acme/web")
            #expect(docker.errors.contains("127.0.0.1:1") || docker.errors.contains("registry"), "\(docker)")
        }

        /// A word that a registry is asked for may have been a slip, or another server.
        @Test func whatIsNoDockerImageIsToldAsWhatItMayBe() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "slip-\(TestUUID.make().prefix(8))", bytes: 1000)
            let box = try await Self.box(images)
            let host = String(images.server.url.dropFirst("http://".count))
            for (word, hint) in [
                ("\(image.name)x", "did you mean \"\(image.name)\"?"),
                ("\(host)/\(image.name)", "answers as an image server"),
                (image.name.uppercased(), "did you mean \"\(image.name)\"?"),
            ] {
                let run = try await box.imgadm("import", word)
                #expect(run.status == 1 && run.errors.contains(hint), "\(word): \(run)")
            }
            // No docker image is sought at a registry that is not there.
            for (word, hint) in [
                ("\(image.name)x:1", "did you mean \"\(image.name)\"?"),
                ("debian/13/cloud", "imgadm sources -t simplestreams -a https://"),
                ("ubuntu/24.04", "imgadm sources -t simplestreams -a https://"),
            ] {
                let run = try await box.imgadm("import", "-S", "http://127.0.0.1:1", word)
                #expect(run.status == 1 && run.errors.contains(hint), "\(word): \(run)")
            }
            let tagged = try await box.imgadm("import", "127.0.0.1:1/acme/web:12")
            #expect(tagged.status == 1 && tagged.errors.contains("error (ConnectionError)"), "\(tagged)")
            let plain = try await box.imgadm("import", "-S", "http://127.0.0.1:1", "acme/web")
            #expect(plain.status == 1 && !plain.errors.contains("simplestreams"), "\(plain)")
            // A server is no image, and is asked of no registry.
            for command in ["import", "show"] {
                let run = try await box.imgadm(command, host)
                #expect(run.status == 2 && run.errors.contains("imgadm sources -a http://\(host) adds"), "\(run)")
            }
        }

        @Test func aUUIDIsFilteredByItsFirstDigits() async throws {
            let images = try await Fixture.get()
            let image = try await images.workshop.make(name: "filter-\(TestUUID.make().prefix(8))", bytes: 1000)
            let box = try await Self.box(images)
            for digits in ["\(image.uuid.prefix(8))", "\(image.uuid.prefix(8))\u{2026}", "\(image.uuid.prefix(20))"] {
                #expect(
                    try await box.imgadm("avail", "-Ho", "name", "uuid=\(digits)").lines == [image.name], "\(digits)")
            }
            #expect(try await box.imgadm("avail", "-Ho", "name", "uuid=\(image.uuid.prefix(7))").lines.isEmpty)
        }

        @Test func aRootThatCallsItselfOtherwiseIsTold() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                mkdir -p r/etc; printf 'ID=debian\\nVERSION_ID=12\\n' > r/etc/os-release; tar -C r -cf rootfs-1.tar etc
                tar -C r -cf debian-12.tar --mtime=@1 etc; tar -C r -cf named-1.tar --mtime=@2 etc
                """, in: box)
            try #require(made.status == 0, "\(made)")
            let told = try await run("imgadm import -q rootfs-1.tar", in: box)
            #expect(
                told.status == 0 && told.output.contains("is called \"debian-12\" by its os-release; name="), "\(told)")
            for words in ["debian-12.tar version=1", "named-1.tar name=mine"] {
                let run = try await run("imgadm import -q \(words)", in: box)
                #expect(run.status == 0 && !run.output.contains("os-release"), "\(run)")
            }
        }
    }
}
