import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgapi-server mirror`: images with their origins, from a server into a folder.
    @Suite struct MirrorTests {
        private func mirror(_ root: FilePath, from url: String, _ words: String...) async throws -> Sandbox.Run {
            let box = try await Sandbox.make()
            return try await box.shell(
                "exec '\(Binaries.server)' mirror --root '\(root)' --from '\(url)' \(words.joined(separator: " "))")
        }

        @Test func theOriginsComeAlong() async throws {
            let images = try await Fixture.get()
            let root = TestFolder.make("mirror")
            defer { TestFolder.remove(root) }
            let chain = [images.base, images.middle, images.top]
            let dry = try await mirror(root, from: images.server.url, "-n", "uuid=\(images.top.uuid)")
            for (line, image) in zip(dry.lines, chain) {
                #expect(line.hasPrefix("[dry-run] Mirrored image \(image.uuid) (\(image.name)@1.0.0), "), "\(dry)")
                #expect(line.hasSuffix("iB") || line.hasSuffix(" B"), "\(dry)")
            }
            #expect(dry.lines.count == 4 && dry.lines[3].hasPrefix("[dry-run] 3 images would be copied, "), "\(dry)")
            #expect(try HostFile.names(in: root).isEmpty)
            let run = try await mirror(root, from: images.server.url, "uuid=\(images.top.uuid)")
            #expect(
                run.status == 0 && run.lines.dropLast() == chain.map { "Mirrored image \($0.uuid) (\($0.name)@1.0.0)" },
                "\(run)")
            let again = try await mirror(root, from: images.server.url, "uuid=\(images.top.uuid)")
            #expect(
                again.status == 0 && again.lines.count == 1 && again.output.hasPrefix("3 active images are here, "),
                "\(again)")
            let nothing = try await mirror(root, from: images.server.url, "-n", "uuid=\(images.top.uuid)")
            #expect(nothing.lines == ["[dry-run] Nothing would be copied: all is here"], "\(nothing)")
            let unknown = try await mirror(root, from: images.server.url, "name=nosuch", "os=other")
            #expect(
                unknown.status == 0 && unknown.errors.contains("lists no active image that fits name=nosuch os=other"),
                "\(unknown)")
            // What was mirrored serves as the original does.
            let server = try TestServer(root)
            let box = try await Sandbox.make()
            try box.use(server.url)
            let imported = try await box.imgadm("import", images.top.uuid)
            #expect(imported.status == 0, "\(imported)")
            let theirs = try await box.imgadm("show", images.top.uuid)
            let manifest = try JSONValue(parsing: Array(theirs.output.utf8))
            #expect(manifest["published_at"] == images.top.manifest["published_at"] && manifest["state"] == "active")
        }

        @Test func severalAtOnceAreInNoOthersWay() async throws {
            let images = try await Fixture.get()
            for round in 0..<8 {
                let root = TestFolder.make("mirror")
                defer { TestFolder.remove(root) }
                let runs = try await withThrowingTaskGroup(of: Sandbox.Run.self) { group in
                    for _ in 0..<3 {
                        group.addTask { try await mirror(root, from: images.server.url, "uuid=\(images.top.uuid)") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(runs.allSatisfy { $0.status == 0 }, "round \(round): \(runs)")
                let names = try HostFile.names(in: root.appending("images"))
                #expect(names.count == 6 && names.allSatisfy { !$0.hasSuffix(".tmp") }, "\(names)")
                let check = try await mirror(root, from: images.server.url, "uuid=\(images.top.uuid)")
                #expect(check.status == 0 && check.output.hasPrefix("3 active images are here"), "\(check)")
            }
        }

        @Test(arguments: ImageStorage.allCases)
        func iconsComeAlong(storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let icons = TestFolder.make("icons")
            let root = TestFolder.make("mirror")
            defer { for folder in [icons, root] { TestFolder.remove(folder) } }
            var manifest = images.base.manifest
            manifest["icon"] = ["contentType": "image/png", "sha1": "x"]
            try HostFile.makeFolder(icons.appending("images"))
            try Tool.write(JSONValue.object(manifest).text(), to: icons.appending("images/\(images.base.uuid).json"))
            try Tool.write("PNG", to: icons.appending("images/\(images.base.uuid).icon"))
            try await Tool.run("cp", images.base.file.string, icons.appending("images/\(images.base.uuid).file").string)
            let source = try TestServer(icons)
            defer { withExtendedLifetime(source) {} }
            let registry = storage == .registry ? try await RegistryServer() : nil
            let words = registry.map { ["--registry", "\($0.url)/vm/images"] } ?? ["--root", root.string]
            try await Tool.run(Binaries.server, ["mirror", "--from", source.url] + words)
            let server = try TestServer(words)
            defer { withExtendedLifetime(server) {} }
            let answer = try await Tool.shell(
                "curl -sf -w ' %{content_type}' '\(server.url)/images/\(images.base.uuid)/icon'; curl -s '\(server.url)/images/\(images.base.uuid)' | grep -c '\"icon\": true'"
            )
            #expect(answer == "PNG image/png1\n", "\(answer)")
        }

        /// Each of several failures is a line of its own, and the last line of what was done counts what is there.
        @Test func severalFailuresAreToldOneByOne() async throws {
            let images = try await Fixture.get()
            let (source, root) = (TestFolder.make("broken"), TestFolder.make("mirror"))
            defer { for folder in [source, root] { TestFolder.remove(folder) } }
            try HostFile.makeFolder(source.appending("images"))
            let broken = [TestUUID.make(), TestUUID.make()]
            for uuid in broken + [images.base.uuid] {
                var manifest = images.base.manifest
                manifest["uuid"] = .string(uuid)
                if uuid != images.base.uuid {
                    manifest["files"] = [
                        ["size": 5, "compression": "gzip", "sha1": .string(String(repeating: "0", count: 40))]
                    ]
                    try Tool.write("wrong", to: source.appending("images/\(uuid).file"))
                }
                try Tool.write(JSONValue.object(manifest).text(), to: source.appending("images/\(uuid).json"))
            }
            try await Tool.run(
                "cp", images.base.file.string, source.appending("images/\(images.base.uuid).file").string)
            let server = try TestServer(source)
            defer { withExtendedLifetime(server) {} }
            let run = try await mirror(root, from: server.url)
            let errors = run.errors.split(separator: "\n")
            #expect(run.status == 1 && errors.count == 4, "\(run)")
            for uuid in broken {
                #expect(errors.contains { $0.hasPrefix("imgapi-server: error (DownloadError)") && $0.contains(uuid) })
            }
            #expect(errors.contains { $0.contains("error (MultiError): 2 images") }, "\(run)")
            #expect(run.lines.last?.hasPrefix("1 active image is here, ") == true, "\(run)")
        }

        /// What to do is what can be done with `mirror`.
        @Test func whatIsToBeDoneIsSaid() async throws {
            let images = try await Fixture.get()
            let (source, root) = (TestFolder.make("private"), TestFolder.make("mirror"))
            defer { for folder in [source, root] { TestFolder.remove(folder) } }
            try HostFile.makeFolder(source.appending("images"))
            for _ in 0..<2 {
                var manifest = images.base.manifest
                let uuid = TestUUID.make()
                manifest["uuid"] = .string(uuid)
                manifest["public"] = false
                try Tool.write(JSONValue.object(manifest).text(), to: source.appending("images/\(uuid).json"))
                try await Tool.run("cp", images.base.file.string, source.appending("images/\(uuid).file").string)
            }
            let server = try TestServer(["--root", source.string, "--mode", "private"])
            defer { withExtendedLifetime(server) {} }
            let run = try await mirror(root, from: server.url)
            #expect(run.status == 1 && run.errors.contains("hint: --mode private is for such images"), "\(run)")
            #expect(!run.errors.contains("tries them again"), "\(run)")
            let closed = try await CannedServer(respond: { _ in
                "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
            })
            let refused = try await mirror(root, from: closed.url)
            #expect(refused.status == 1 && refused.errors.contains("--token-file FILE shows it a token"), "\(refused)")
            #expect(
                !refused.errors.contains("IMGADM_TOKEN") && !refused.errors.contains("imgadm sources"), "\(refused)")
        }

        @Test func whatIsNotTheManifestsStaysOut() async throws {
            let images = try await Fixture.get()
            let root = TestFolder.make("mirror")
            defer { TestFolder.remove(root) }
            let proxy = try await FaultProxy(to: images.server.port, [], then: .corrupt(at: 30_000))
            let run = try await mirror(root, from: proxy.url, "uuid=\(images.base.uuid)")
            #expect(run.status == 1 && run.errors.contains("error (DownloadError)"), "\(run)")
            #expect(try HostFile.names(in: root.appending("images")).isEmpty)
            let broken = try await FaultProxy(to: images.server.port, [.cut(after: 100_000)])
            let second = try await mirror(root, from: broken.url, "uuid=\(images.base.uuid)")
            #expect(second.status == 0, "\(second)")
            #expect(try HostFile.names(in: root.appending("images")).count == 2)
            let nobody = try await mirror(root, from: "http://127.0.0.1:1")
            #expect(nobody.status == 1 && nobody.errors.contains("error (ConnectionError)"), "\(nobody)")
        }
    }
}
