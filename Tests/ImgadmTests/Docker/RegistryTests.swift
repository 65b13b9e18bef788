import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What registries hold, and how they answer (docker.md, "Registry protocol").
    @Suite struct RegistryTests {
        /// An index with two architectures, a variant and an attestation.
        private func index(_ name: String, in registry: RegistryServer) async throws -> [String: String] {
            var entries: [JSONValue] = []
            var uuids: [String: String] = [:]
            for platform in ["linux/amd64", "linux/arm64", "linux/arm/v6", "linux/arm/v7"] {
                let parts = platform.split(separator: "/").map(String.init)
                let layer = try await registry.layer(name, "echo \(platform) > platform")
                var config: JSONObject = ["architecture": .string(parts[1]), "os": "linux"]
                var its: JSONObject = config
                if parts.count > 2 {
                    config["variant"] = .string(parts[2])
                    its["variant"] = .string(parts[2])
                }
                let image = try await registry.image(name, nil, [layer], config: config)
                var entry =
                    RegistryServer.descriptor(RegistryServer.manifestType, image.digest, image.size).objectValue ?? [:]
                entry["platform"] = .object(its)
                entries.append(.object(entry))
                uuids[platform] = try await RegistryFixture.uuids([layer])[0]
            }
            let statement = try await registry.layer(
                name, "echo '{}' > statement", mediaType: "application/vnd.in-toto+json")
            let attestation = try await registry.image(
                name, nil, [statement], config: ["architecture": "unknown", "os": "unknown"])
            entries.insert(
                [
                    "mediaType": .string(RegistryServer.manifestType), "digest": .string(attestation.digest),
                    "size": .number(JSONNumber(attestation.size)),
                    "platform": ["os": "unknown", "architecture": "unknown"],
                    "annotations": ["vnd.docker.reference.type": "attestation-manifest"],
                ], at: 0)
            try await registry.manifest(
                [
                    "schemaVersion": 2, "mediaType": .string(RegistryServer.indexType), "manifests": .array(entries),
                ], type: RegistryServer.indexType, to: name, "1")
            return uuids
        }

        @Test func anIndexHasAnImageForEachPlatform() async throws {
            let registry = try await RegistryFixture.get().registry
            let uuids = try await index("index", in: registry)
            let reference = "\(registry.host)/index:1"
            let box = try await Sandbox.make()
            let own = try await box.imgadm("import", reference)
            #expect(own.status == 0, "\(own)")
            let expected = try #require(uuids["linux/\(RegistryServer.architecture)"])
            #expect(try await box.imgadm("list", "-Ho", "uuid", "zpool=\(box.pool)").lines == [expected])
            for (platform, uuid) in uuids {
                let show = try await box.imgadm("show", "--platform", platform, reference)
                let manifest = try JSONValue(parsing: Array(show.output.utf8))
                #expect(manifest["uuid"]?.stringValue == uuid, "\(platform): \(show)")
            }
            // Any variant will do where none is named; the first is it.
            let arm = try await box.imgadm("import", "--platform", "linux/arm", reference)
            #expect(arm.output.contains(try #require(uuids["linux/arm/v6"])), "\(arm)")
            let none = try await box.imgadm("import", "--platform", "windows/amd64", reference)
            #expect(none.status == 1 && none.errors.contains("error (PlatformNotFound)"), "\(none)")
            for platform in uuids.keys { #expect(none.errors.contains(platform), "\(none)") }
            #expect(!none.errors.contains("unknown"), "\(none)")
            let wrong = try await box.imgadm("import", "--platform", "linux", reference)
            #expect(wrong.status == 2 && wrong.errors.contains("error (Option)"), "\(wrong)")
        }

        @Test func aSingleImageIsForOnePlatform() async throws {
            let registry = try await RegistryFixture.get().registry
            let layer = try await registry.layer("single", "echo x > x")
            for tag in ["1", "2"] {
                _ = try await registry.image(
                    "single", tag, [layer],
                    config: ["architecture": .string(RegistryServer.architecture), "os": "linux"])
            }
            let box = try await Sandbox.make()
            let import1 = try await box.imgadm("import", "\(registry.host)/single:1")
            #expect(import1.status == 0, "\(import1)")
            // Also when it is there already, under this name or another.
            for tag in ["1", "2", "1"] {
                let other = try await box.imgadm(
                    "import", "--platform", "linux/s390x", "\(registry.host)/single:\(tag)")
                #expect(other.status == 1 && other.errors.contains("error (PlatformNotFound)"), "\(other)")
            }
            let own = try await box.imgadm("import", "\(registry.host)/single:2")
            #expect(own.status == 0 && own.output.contains("already installed"), "\(own)")
        }

        @Test func passwordsOfTheDockerConfig() async throws {
            let fixture = try await RegistryFixture.get()
            let registry = try await RegistryServer(.password, storage: fixture.registry.storage)
            let box = try await Sandbox.make()
            let reference = "\(registry.host)/test/three:one"
            let without = try await box.imgadm("show", reference)
            #expect(without.status == 1 && without.errors.contains("error (Unauthorized)"), "\(without)")
            // reader:secret and reader:wrong
            for (auth, works) in [("cmVhZGVyOnNlY3JldA==", true), ("cmVhZGVyOndyb25n", false), ("%%%", false)] {
                try box.write(
                    "{\"auths\": {\"\(registry.host)\": {\"auth\": \"\(auth)\"}}}", to: "docker/config.json")
                let run = try await box.imgadm(
                    "show", reference, environment: ["DOCKER_CONFIG": box.path("docker").string])
                #expect((run.status == 0) == works, "\(auth): \(run)")
                #expect(works || run.errors.contains("Unauthorized") || run.errors.contains("ConfigError"), "\(run)")
                #expect(!run.errors.contains("secret") && !run.errors.contains(auth), "\(run)")
            }
        }

        @Test func credentialHelpers() async throws {
            let fixture = try await RegistryFixture.get()
            let registry = try await RegistryServer(.password, storage: fixture.registry.storage)
            let box = try await Sandbox.make()
            try box.write("{\"credHelpers\": {\"\(registry.host)\": \"test\"}}", to: "docker/config.json")
            try box.write(
                """
                #!/bin/sh
                read -r host
                [ "$1" = get ] && [ "$host" = "\(registry.host)" ] || exit 1
                echo '{"ServerURL": "x", "Username": "reader", "Secret": "secret"}'
                """, to: "bin/docker-credential-test")
            try await Tool.run("chmod", "+x", box.path("bin/docker-credential-test").string)
            let path = "\(box.path("bin")):\(ProcessEnvironment.variables["PATH"] ?? "")"
            let environment = ["DOCKER_CONFIG": box.path("docker").string, "PATH": path]
            let run = try await box.imgadm("show", "\(registry.host)/test/three:one", environment: environment)
            #expect(run.status == 0, "\(run)")
            try box.write("#!/bin/sh\necho broken >&2; exit 1\n", to: "bin/docker-credential-test")
            try await Tool.run("chmod", "+x", box.path("bin/docker-credential-test").string)
            let broken = try await box.imgadm("show", "\(registry.host)/test/three:one", environment: environment)
            // A helper that fails is a warning, with what it said; this registry then wants more.
            #expect(broken.status == 1 && broken.errors.contains("exit status 1: broken"), "\(broken)")
            #expect(broken.errors.contains("error (Unauthorized)"), "\(broken)")
        }

        @Test func tokensOfAService() async throws {
            let fixture = try await RegistryFixture.get()
            let service = try await TokenService.start()
            let registry = try await RegistryServer(.token(service), storage: fixture.registry.storage)
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/test/three:one")
            #expect(run.status == 0, "\(run)")
            // One token does for the manifest, the config and three layers.
            #expect(service.requests.count == 1, "\(service.requests)")
            #expect(service.requests.first?.contains("service=test-registry") == true)
        }

        @Test func tokensOfAServiceThatWantsAPassword() async throws {
            let fixture = try await RegistryFixture.get()
            let service = try await TokenService.start(authorization: "Basic cmVhZGVyOnNlY3JldA==")
            let registry = try await RegistryServer(.token(service), storage: fixture.registry.storage)
            let box = try await Sandbox.make()
            let reference = "\(registry.host)/test/three:one"
            let refused = try await box.imgadm("show", reference)
            #expect(refused.status == 1 && refused.errors.contains("error (Unauthorized)"), "\(refused)")
            try box.write(
                "{\"auths\": {\"\(registry.host)\": {\"username\": \"reader\", \"password\": \"secret\"}}}",
                to: "docker/config.json")
            let run = try await box.imgadm("show", reference, environment: ["DOCKER_CONFIG": box.path("docker").string])
            #expect(run.status == 0, "\(run)")
        }

        @Test func credentialsDoNotFollowARedirect() async throws {
            let registry = try await RegistryFixture.get().registry
            let layer = try await registry.layer("moved", "echo 1 > file")
            let image = try await registry.image("moved", "1", [layer])
            _ = image
            let proxy = try await FaultProxy(to: registry.port, path: "/v2/", [])
            let target = proxy.url
            let front = try await CannedServer { head in
                guard head.contains("\r\nAuthorization: Basic ") else {
                    return
                        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                }
                let path = head.split(separator: " ")[1]
                return
                    "HTTP/1.1 307 Away\r\nLocation: \(target)\(path)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            }
            let box = try await Sandbox.make()
            let host = front.url.dropFirst(7)
            try box.write(
                "{\"auths\": {\"\(host)\": {\"username\": \"reader\", \"password\": \"secret\"}}}",
                to: "docker/config.json")
            let run = try await box.imgadm(
                "import", "\(host)/moved:1", environment: ["DOCKER_CONFIG": box.path("docker").string])
            #expect(run.status == 0, "\(run)")
            #expect(proxy.requests.count >= 3)
            for head in proxy.requests { #expect(!head.lowercased().contains("authorization"), "\(head)") }
        }

        @Test func aSourceOfTypeDocker() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            let url = fixture.registry.url
            let added = try await box.imgadm("sources", "-t", "docker", "-a", url)
            #expect(added.output == "Added \"docker\" image source \"\(url)\"\n", "\(added)")
            let run = try await box.imgadm("show", "-S", url, "test/three:one")
            #expect(run.status == 2 && run.errors.contains("error (Option)"), "\(run)")
            let imported = try await box.imgadm("import", "-S", url, "test/three:one")
            #expect(imported.status == 0, "\(imported)")
            // It has no list, and beside it there is no other.
            _ = try await box.imgadm("sources", "-d", "https://images.smartos.org")
            let listed = try await box.imgadm("avail", "-H")
            #expect(listed.status == 0 && listed.output.isEmpty, "\(listed)")
            let hub = try await box.imgadm("sources", "-f", "--add-docker-hub")
            #expect(hub.output == "Added \"docker\" image source \"https://docker.io\"\n", "\(hub)")
        }

        /// `dockerImportSkipUuids`: registries are asked for a UUID, as the name of a repository, only if the config wants it, and only for
        /// what no other source has.
        @Test func aUUIDIsARepositoryWhereTheConfigSaysSo() async throws {
            let registry = try await RegistryFixture.get().registry
            let images = try await Fixture.get()
            let uuid = TestUUID.make()
            for name in [uuid, images.base.uuid] {
                try await registry.image(name, "latest", [try await registry.layer(name, "echo \(name) > x")])
            }
            let proxy = try await FaultProxy(to: registry.port, path: "/v2/", [])
            let box = try await Sandbox.make()
            func configure(_ more: String) throws {
                try box.write(
                    #"{\#(more)"sources":[{"type":"docker","url":"\#(proxy.url)"},{"url":"\#(images.server.url)"}],"upgradedToVer":"3.0.0"}"#,
                    to: "var/imgadm/imgadm.conf")
            }
            for more in ["", #""dockerImportSkipUuids":true,"#] {
                try configure(more)
                let run = try await box.imgadm("import", uuid)
                #expect(run.status == 1 && run.errors.contains("error (ActiveImageNotFound)"), "\(run)")
                #expect(proxy.requests.isEmpty)
            }
            try configure(#""dockerImportSkipUuids":false,"#)
            let other = try await box.imgadm("import", images.base.uuid)
            #expect(other.status == 0 && proxy.requests.isEmpty, "\(other)")
            #expect(try await box.datasets().contains(images.base.uuid))
            let nowhere = try await box.imgadm("import", TestUUID.make())
            #expect(nowhere.status == 1 && nowhere.errors.contains("error (ActiveImageNotFound)"), "\(nowhere)")
            let run = try await box.imgadm("import", uuid)
            #expect(run.status == 0 && run.output.contains("from \"\(proxy.url)\""), "\(run)")
            #expect(try await box.imgadm("list", "--docker", "-Ho", "repository").output.contains(uuid))
        }

        @Test func whatThereIsNot() async throws {
            let fixture = try await RegistryFixture.get()
            let box = try await Sandbox.make()
            for reference in [
                "test/three:none", "test/none:one", "test/three@sha256:\(String(repeating: "0", count: 64))",
            ] {
                let run = try await box.imgadm("import", "\(fixture.registry.host)/\(reference)")
                #expect(run.status == 1 && run.errors.contains("error (ActiveImageNotFound)"), "\(run)")
            }
            for word in ["a:b:c", "../x", "-x/y", "a@sha256:12", "x/", "127.0.0.1:99999/x"] {
                let run = try await box.imgadm("import", "--", word)
                #expect(run.status == 2 && run.errors.contains("error ("), "\(word): \(run)")
            }
        }
    }
}
