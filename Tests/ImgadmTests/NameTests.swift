import JSON
import TestHost
import Testing

extension EndToEnd {
    /// Names of images, where a UUID is wanted.
    @Suite struct NameTests {
        /// A box with images installed: two versions of a name, and one that stands alone.
        private static func make() async throws -> (box: Sandbox, images: Fixture, old: TestImage, new: TestImage) {
            let images = try await Fixture.get()
            let name = "named-\(TestUUID.make().prefix(8))"
            let old = try await images.workshop.make(name: name)
            let new = try await images.workshop.make(
                name: name, manifest: ["version": "2.0.0", "published_at": "2026-02-02T00:00:00.000Z"])
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            for image in [old, new, images.base] {
                let run = try await box.imgadm("import", "-q", image.uuid)
                #expect(run.status == 0, "\(run)")
            }
            return (box, images, old, new)
        }

        @Test func installedImagesGoByNamesAndPrefixes() async throws {
            let (box, images, old, new) = try await Self.make()
            func uuid(_ argument: String) async throws -> String {
                let run = try await box.imgadm("get", argument)
                guard run.status == 0 else { return "status \(run.status): \(run.errors)" }
                return try JSONValue(parsing: run.output)["manifest"]?["uuid"]?.stringValue ?? ""
            }
            for (argument, expected) in [
                ("base", images.base.uuid), ("base@1.0.0", images.base.uuid), ("base@latest", images.base.uuid),
                ("\(old.name)@1.0.0", old.uuid), ("\(old.name)@2.0.0", new.uuid), ("\(old.name)@latest", new.uuid),
                (String(old.uuid.prefix(13)), old.uuid), (new.uuid, new.uuid),
            ] { #expect(try await uuid(argument) == expected, "\(argument)") }
            let ambiguous = try await box.imgadm("get", old.name)
            #expect(ambiguous.status == 1 && ambiguous.errors.contains("error (AmbiguousName)"), "\(ambiguous)")
            #expect(ambiguous.errors.contains(old.uuid) && ambiguous.errors.contains(new.uuid))
            for argument in ["nothing", "base@3", "abc", "zzzz", "\(old.uuid.prefix(3))", "/", "debian:12"] {
                let run = try await box.imgadm("get", argument)
                #expect(run.status == 3 && run.output.isEmpty, "\(argument): \(run)")
                #expect(
                    run.errors.contains("error (ImageNotInstalled): image \"\(argument)\" was not found on zpool"),
                    "\(argument): \(run)")
            }
            for argument in ["@", "", "a b:c", "$(reboot)"] {
                let run = try await box.imgadm("get", argument)
                #expect(run.status == 1 && run.errors.contains("error (InvalidUUID)"), "\(argument): \(run)")
            }
            // As people paste it.
            for typed in [old.uuid.uppercased(), " \(old.uuid)\t"] {
                #expect(try await uuid(typed) == old.uuid, "\(typed)")
            }
            let elsewhere = try await Sandbox.make()
            let wrongPool = try await box.imgadm("get", "-P", elsewhere.pool, old.name)
            #expect(
                wrongPool.status == 3 && wrongPool.errors.contains("\"\(box.pool)\": -P \(box.pool)"), "\(wrongPool)")
            for command in ["get", "delete", "ancestry", "inspect"] {
                let wrong = try await box.imgadm(command, "-P", elsewhere.pool, old.uuid)
                #expect(wrong.status == 3 && wrong.errors.contains("\"\(box.pool)\": -P \(box.pool)"), "\(wrong)")
            }
            // Of a pool that there is not, that is what is wrong, whatever is asked.
            for words in [
                ["get", old.name], ["get", old.uuid], ["ancestry", old.name], ["ancestry", old.uuid],
                ["delete", old.name],
                ["delete", old.uuid], ["vacuum", "-f"], ["vacuum", "-n"], ["list"], ["inspect", old.uuid],
                ["inspect", old.name],
                ["export", "-o", "-", "--format", "zfs", old.name], ["push", old.name, "127.0.0.1:1/a:1"],
            ] {
                let run = try await box.imgadm(words + ["-P", "nosuchpool9"])
                #expect(run.status == 1 && run.errors.contains("error (PoolNotFound)"), "\(words): \(run)")
                #expect(run.output.isEmpty, "\(words): \(run)")
            }
            // One digit off.
            let digit = old.uuid.last == "0" ? "1" : "0"
            let slip = try await box.imgadm("get", old.uuid.dropLast() + digit)
            #expect(slip.status == 3 && slip.errors.contains("did you mean \"\(old.uuid)\"?"), "\(slip)")
            // A letter off, or a version that there is not.
            for (typed, hint) in [
                (old.name + "x", "did you mean \"\(old.name)\"?"), ("base@3", "there is base@1.0.0"),
                ("bsae", "did you mean \"base\"?"),
            ] {
                for words in [
                    ["get"], ["delete"], ["ancestry"], ["push", "IMAGE", "127.0.0.1:1/a:1"], ["update", "-n"],
                ] {
                    let words = words.contains("IMAGE") ? words.map { $0 == "IMAGE" ? typed : $0 } : words + [typed]
                    let run = try await box.imgadm(words)
                    #expect(run.status == 3, "\(run)")
                    #expect(run.errors.contains("hint: \(hint)"), "\(words): \(run)")
                }
            }

            #expect(try await box.imgadm("ancestry", "-Ho", "uuid", "base").lines == [images.base.uuid])
            let update = try await box.imgadm("update", "-n", "base")
            #expect(update.status == 0, "\(update)")
            let deleted = try await box.imgadm("delete", "\(old.name)@1.0.0", String(new.uuid.prefix(18)))
            #expect(deleted.lines == ["Deleted image \(old.uuid)", "Deleted image \(new.uuid)"], "\(deleted)")
        }

        @Test func imagesOfSourcesGoByNames() async throws {
            let images = try await Fixture.get()
            let name = "named-\(TestUUID.make().prefix(8))"
            let old = try await images.workshop.make(name: name)
            let new = try await images.workshop.make(
                name: name, manifest: ["version": "2.0.0", "published_at": "2026-02-02T00:00:00.000Z"])
            _ = try await images.workshop.make(
                name: name, manifest: ["version": "3.0.0", "state": "disabled", "disabled": true])
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            for (argument, expected) in [
                (name, new), ("\(name)@latest", new), ("\(name)@1.0.0", old), ("imgapi:\(name)", new),
                ("imgapi:\(name)@1.0.0", old),
            ] {
                let run = try await box.imgadm("show", argument)
                #expect(try JSONValue(parsing: run.output)["uuid"]?.stringValue == expected.uuid, "\(argument): \(run)")
            }
            let twin = try await images.workshop.make(
                name: name, manifest: ["published_at": "2026-01-02T03:04:05.679Z"])
            let ambiguous = try await box.imgadm("import", "\(name)@1.0.0")
            #expect(ambiguous.status == 1 && ambiguous.errors.contains("error (AmbiguousName)"), "\(ambiguous)")
            #expect(ambiguous.errors.contains(twin.uuid) && ambiguous.errors.contains(old.uuid))
            for argument in ["imgapi:nothing-\(name)", "\(name)@3.0.0"] {
                let run = try await box.imgadm("import", argument)
                #expect(run.status == 1 && run.errors.contains("error (ImageNotFound)"), "\(argument): \(run)")
            }
            // A slip of the keyboard is not asked of Docker Hub.
            for typed in [name + "x", "imgapi:\(name)x"] {
                let slip = try await box.imgadm("import", typed)
                #expect(slip.status == 1 && slip.errors.contains("error (ImageNotFound)"), "\(slip)")
                #expect(slip.errors.contains("did you mean \"\(name)\"?"), "\(slip)")
            }
            // Nor of a source that is named, and is none of docker.
            for words in [
                ["import", name + "x"], ["import", "-S", images.server.url, name + "x"], ["show", name + "x"],
            ] {
                let slip = try await box.imgadm(words)
                #expect(slip.status == 1 && slip.errors.contains("error (ImageNotFound)"), "\(slip)")
                #expect(slip.errors.contains("did you mean \"\(name)\"?"), "\(slip)")
            }
            let bad = try await box.imgadm("import", "imgapi:a:b")
            #expect(bad.status == 2 && bad.errors.contains("error (Usage)"), "\(bad)")
            let imported = try await box.imgadm("import", name)
            #expect(
                imported.status == 0 && imported.lines.last == "Imported image \(new.uuid) (\(name)@2.0.0)",
                "\(imported)")
            let named = try await box.imgadm("import", "-S", images.server.url, "\(name)@2.0.0")
            #expect(named.output.contains("is already installed, skipping"), "\(named)")
        }
    }

    /// Forms of listings.
    @Suite struct FormatTests {
        @Test func everyFormatHasTheSameImages() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.top.uuid).status == 0)
            let all = ["list", "-o", "name,version,size", "-s", "published_at,name", "zpool=\(box.pool)"]
            let json = try JSONValue(parsing: try await box.imgadm(all + ["--format", "json"]).output)
            #expect(json == (try JSONValue(parsing: try await box.imgadm(all + ["-j"]).output)))
            let lines = try await box.imgadm(all + ["--format", "jsonl"]).lines.map { try JSONValue(parsing: $0) }
            #expect(json == .array(lines) && lines.count == 3)
            let table = try await box.imgadm(all + ["-H"]).lines.map { $0.split(separator: " ").joined(separator: ",") }
            #expect(try await box.imgadm(all + ["--format", "csv"]).lines == ["name,version,size"] + table)
            #expect(try await box.imgadm(all + ["--format", "csv", "-H"]).lines == table)
            try box.write(try await box.imgadm(all + ["--format", "yaml"]).output, to: "list.yaml")
            let yaml = try await Tool.shell(
                "/usr/bin/python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' '\(box.path("list.yaml"))'"
            )
            #expect(try JSONValue(parsing: yaml) == json)
            // What is pinned: the members of an image, in their order.
            #expect(
                lines[0].objectValue.map { Array($0.keys) } == [
                    "manifest", "zpool", "source", "cloneNames", "clones", "installed",
                ])
            for words in [
                ["--format", "xml"], ["-j", "--format", "csv"], ["--tree", "-j"], ["-l", "-o", "uuid"],
                ["--tree", "--docker"],
            ] {
                #expect(try await box.imgadm(["list"] + words).status == 2, "\(words)")
            }
            #expect(try await box.imgadm("get", "--format", "csv", images.top.uuid).status == 2)
            #expect(
                try await box.imgadm("get", "--format", "yaml", images.top.uuid).output.hasPrefix("manifest:\n  v: 2\n")
            )
            #expect(try await box.imgadm("show", "--format", "yaml", images.top.uuid).output.hasPrefix("v: 2\n"))
            #expect(
                try await box.imgadm("sources", "--format", "csv").lines == [
                    "url,type,insecure", "\(images.server.url),imgapi,false",
                ])
            #expect(
                try await box.imgadm("ancestry", "--format", "csv", "-Ho", "name", images.top.uuid).lines == [
                    "top", "middle", "base",
                ])
        }

        /// What a table is for is on a terminal of any width; in a pipe nothing is cut.
        @Test(arguments: [
            (40, ["UUID", "NAME", "USED", "CLONES"]), (80, ["UUID", "NAME", "VERSION", "USED", "UNIQUE", "CLONES"]),
        ])
        func aNarrowTerminalShowsNamesAndFigures(columns: Int, header: [String]) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            let name = "debian-13-genericcloud"
            let record = "var/imgadm/images/\(box.pool)-\(images.middle.uuid).json"
            try box.write(
                try #require(try box.read(record)).replacing("\"middle\"", with: "\"\(name)\""), to: record)
            let run = try await box.shell(
                "script -qec 'stty cols \(columns) rows 24; LC_ALL=C.UTF-8 \(Binaries.imgadm) list -l -P \(box.pool)' /dev/null < /dev/null"
            )
            let lines = run.output.split(whereSeparator: \.isNewline)
            #expect(lines.first?.split(separator: " ").map(String.init) == header, "\(run)")
            #expect(lines.count == 3 && lines.allSatisfy { $0.count <= columns }, "\(run)")
            let row = lines.first { $0.hasPrefix(images.middle.uuid.prefix(8)) }
            #expect(row?.contains(columns < 80 ? "  debian-1" : name) == true, "\(run)")
            let piped = try await box.imgadm("list", "-l", "-P", box.pool)
            #expect(piped.output.contains("\(images.middle.uuid)  \(name)  "), "\(piped)")
        }

        /// Records may state origins in a circle; each image is shown all the same.
        @Test func aCircleOfOriginsIsShown() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.top.uuid).status == 0)
            try await Tool.shell(
                "sed -i 's/\"uuid\": *\"\(images.base.uuid)\"/&, \"origin\": \"\(images.top.uuid)\"/' '\(box.path("var/imgadm/images"))'/*-\(images.base.uuid).json"
            )
            let tree = try await box.imgadm("list", "--tree", "-Ho", "name", "zpool=\(box.pool)")
            #expect(tree.lines.count == 3, "\(tree)")
            let json = try JSONValue(
                parsing: try await box.imgadm("list", "-j", "name=base", "zpool=\(box.pool)").output)
            #expect(json[0]?["manifest"]?["origin"]?.stringValue == images.top.uuid, "\(json)")
            let line = try await box.imgadm("ancestry", "-P", box.pool, images.base.uuid)
            #expect(line.status == 1 && line.errors.contains("name each other as their origins"), "\(line)")
        }

        @Test func treesAndSpace() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.top.uuid).status == 0)
            let filter = "zpool=\(box.pool)"
            let tree = try await box.imgadm(
                ["list", "--tree", "-Ho", "name,version", filter], environment: ["LC_ALL": "C.UTF-8"])
            #expect(tree.lines == ["base       1.0.0", "└─ middle  1.0.0", "   └─ top  1.0.0"], "\(tree)")
            let plain = try await box.imgadm(["list", "--tree", "-Ho", "name", filter], environment: ["LC_ALL": "C"])
            #expect(plain.lines == ["base", "`- middle", "   `- top"], "\(plain)")
            let long = try await box.imgadm("list", "-l", filter)
            #expect(
                long.lines.first?.split(separator: " ").suffix(4) == ["USED", "UNIQUE", "REFERENCED", "CLONES"],
                "\(long)")
            #expect(long.lines.dropFirst().allSatisfy { $0.contains("KiB") || $0.contains("MiB") }, "\(long)")
            let dataset = "\(box.pool)/\(images.base.uuid)"
            let bytes = try await Tool.run("zfs", "get", "-Hpo", "value", "used,referenced", dataset).split(
                separator: "\n")
            let ours = try await box.imgadm("list", "-Ho", "used,referenced", "name=base", filter).lines.first ?? ""
            #expect(ours.split(separator: " ") == bytes)
            // In JSON they are bytes, where they are asked for.
            for words in [["-l"], ["-o", "used"], ["-s", "unique"]] {
                let run = try await box.imgadm(["list", "-j"] + words + ["name=base", filter])
                let object = try JSONValue(parsing: Array(run.output.utf8))[0]
                for (field, value) in [("used", bytes[0]), ("referenced", bytes[1])] {
                    #expect(object?[field]?.intValue == Int(value), "\(words): \(run)")
                }
                #expect(object?["unique"]?.intValue ?? 0 > 0, "\(run)")
            }
            let usual = try JSONValue(
                parsing: Array(try await box.imgadm("list", "-j", "name=base", filter).output.utf8))
            #expect(usual[0]?["manifest"] != nil && usual[0]?["used"] == nil, "\(usual)")
            #expect(try await box.imgadm("list", "-o", "help").lines.count > 20)
            let slip = try await box.imgadm("list", "-o", "uuid,nmae", filter)
            #expect(slip.status == 2 && slip.errors.contains("did you mean \"name\"?"), "\(slip)")
            for words in [
                ["list", "nmae=base"], ["list", "-s", "-nmae"], ["list", "--docker", "-o", "uuid,repositry"],
                ["list", "-j", "typ=zvol"], ["ancestry", "-o", "verison", images.top.uuid], ["vacuum", "-n", "nmae=x"],
            ] {
                let run = try await box.imgadm(words)
                #expect(run.status == 2 && run.output.isEmpty && run.errors.contains("error (Usage)"), "\(run)")
                #expect(run.errors.contains("hint: did you mean \""), "\(run)")
            }
            let command = try await box.imgadm("lst")
            #expect(command.errors.contains("did you mean \"list\"?"), "\(command)")
        }
    }
}
