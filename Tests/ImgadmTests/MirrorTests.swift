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
            #expect(dry.lines == chain.map { "[dry-run] Mirrored image \($0.uuid) (\($0.name)@1.0.0)" }, "\(dry)")
            #expect(HostFile.names(in: root).isEmpty)
            let run = try await mirror(root, from: images.server.url, "uuid=\(images.top.uuid)")
            #expect(
                run.status == 0 && run.lines == chain.map { "Mirrored image \($0.uuid) (\($0.name)@1.0.0)" }, "\(run)")
            let again = try await mirror(root, from: images.server.url, "uuid=\(images.top.uuid)")
            #expect(again.status == 0 && again.output.isEmpty, "\(again)")
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

        @Test func whatIsNotTheManifestsStaysOut() async throws {
            let images = try await Fixture.get()
            let root = TestFolder.make("mirror")
            defer { TestFolder.remove(root) }
            let proxy = try await FaultProxy(to: images.server.port, [], then: .corrupt(at: 30_000))
            let run = try await mirror(root, from: proxy.url, "uuid=\(images.base.uuid)")
            #expect(run.status == 1 && run.errors.contains("error (DownloadError)"), "\(run)")
            #expect(HostFile.names(in: root.appending("images")).isEmpty)
            let broken = try await FaultProxy(to: images.server.port, [.cut(after: 100_000)])
            let second = try await mirror(root, from: broken.url, "uuid=\(images.base.uuid)")
            #expect(second.status == 0, "\(second)")
            #expect(HostFile.names(in: root.appending("images")).count == 2)
            let nobody = try await mirror(root, from: "http://127.0.0.1:1")
            #expect(nobody.status == 1 && nobody.errors.contains("error (ConnectionError)"), "\(nobody)")
        }
    }
}
