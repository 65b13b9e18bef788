import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// A private server, and hosts that it knows.
    @Suite struct PrivateServerTests {
        @Test(arguments: ImageStorage.allCases)
        func hostsWithATokenImportWhatWasPublishedWithOne(storage: ImageStorage) async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            var manifest = images.base.manifest
            manifest["public"] = false
            try box.write(JSONValue.object(manifest).text(), to: "image.json")
            try HostFile.makeFolder(box.path("server/images"))
            try await Tool.shell(
                """
                cd '\(box.root)'; umask 077
                for user in build hosts stranger; do openssl rand -hex 32 > $user.token; done
                ssh-keygen -q -t ecdsa -N '' -f ada
                digest() { printf %s "$(cat $1.token)" | sha256sum | cut -c1-64; }
                printf '{"build":{"scope":"own","tokens":["sha256:%s"]},"hosts":{"scope":"read","tokens":["sha256:%s"]},"ada":{"scope":"own","keys":["%s"]}}' \
                    "$(digest build)" "$(digest hosts)" "$(cat ada.pub)" > users
                """)
            let options = [
                "--mode", "private", "--users", box.path("users").string, "--audit", box.path("audit").string,
            ]
            let registry = storage == .registry ? try await RegistryServer() : nil
            let server =
                if let registry {
                    try TestServer(registry, arguments: options)
                } else {
                    try TestServer(box.path("server"), arguments: options)
                }
            func token(_ user: String) -> [String] { ["--token-file", box.path("\(user).token").string] }
            let publish = ["publish", "-m", box.path("image.json").string, "-f", images.base.file.string, server.url]
            for user in ["hosts", "stranger"] {
                let refused = try await box.imgadm(publish + token(user))
                #expect(
                    refused.status == 1
                        && refused.errors.contains(user == "hosts" ? "(ForbiddenError)" : "(UnauthorizedError)"),
                    "\(refused)")
            }
            let published = try await box.imgadm(publish + token("build"))
            #expect(published.status == 0, "\(published)")

            try box.use(server.url)
            let uuid = images.base.uuid
            for words in [
                ["avail"], ["show", uuid], ["show", "base"], ["import", uuid], ["import", "base"],
                ["import", "-S", server.url, "base"], ["import", "-S", server.url, uuid],
                ["remote", "list", server.url],
            ] {
                let strange = try await box.imgadm(words)
                #expect(
                    strange.status == 1 && strange.errors.contains("(UnauthorizedError)")
                        && ["401", "--token-file", "IMGADM_TOKEN", "--key"].allSatisfy(
                            strange.errors.contains)
                        && !strange.errors.contains("docker"),
                    "\(words): \(strange)")
            }
            // The hint names the options that this command has.
            let unknown = try await box.imgadm("sources", "-a", "\(server.url)?channel=x")
            #expect(unknown.errors.contains("imgadm sources -a URL --token-file FILE"), "\(unknown)")
            #expect(unknown.status == 1 && !unknown.errors.contains("--token TOKEN"), "\(unknown)")
            let added = try await box.imgadm(["sources", "-a", server.url] + token("hosts"))
            #expect(added.status == 0 && added.output.hasPrefix("Changed"), "\(added)")
            let imported = try await box.imgadm("import", "base")
            #expect(imported.status == 0, "\(imported)")
            #expect(try await box.imgadm("avail", "-Ho", "uuid").output == "\(uuid)\n")
            let key = ["--key", box.path("ada").string, "--user", "ada"]
            let list = try await box.imgadm(["remote", "list", "-Ho", "uuid", server.url] + key)
            #expect(list.output == "\(uuid)\n", "\(list)")
            let forbidden = try await box.imgadm(["remote", "disable", uuid, server.url] + key)
            #expect(forbidden.status == 1 && forbidden.errors.contains("(ForbiddenError)"), "\(forbidden)")
            let deleted = try await box.imgadm(["remote", "delete", uuid, server.url] + token("build"))
            #expect(deleted.status == 0, "\(deleted)")
            let audit = try #require(try box.read("audit")).split(separator: "\n")
            let actions = try audit.map { try JSONValue(parsing: String($0))["action"]?.stringValue ?? "" }
            #expect(actions == ["import", "import", "file", "activate", "disable", "delete"], "\(audit)")

            // Who signs is known with what is only asked, too.
            for (more, status, says) in [
                ([], 0, "Successfully published"), ([], 1, "ImageUuidAlreadyExists"), (["--if-absent"], 0, "already"),
            ] as [([String], Int32, String)] {
                let run = try await box.imgadm(publish + key + more)
                #expect(run.status == status && (run.output + run.errors).contains(says), "\(more): \(run)")
            }
        }
    }
}
