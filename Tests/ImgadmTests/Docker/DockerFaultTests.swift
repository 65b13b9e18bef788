import Host
import JSON
import TestHost
import Testing

extension EndToEnd {
    /// Registries that break, lie, or hold what cannot be taken.
    @Suite struct DockerFaultTests {
        static let passing: [(name: String, path: String, faults: [Fault])] = [
            ("a manifest too many", "/manifests/", [.status(429, retryAfter: "1")]),
            ("a blob too many", "/blobs/", [.status(429, retryAfter: "1"), .status(503)]),
            ("a blob cut", "/blobs/", [.pass, .cut(after: 1000), .cut(after: 50_000)]),
            ("a blob stalled", "/blobs/", [.pass, .stall(after: 70_000)]),
            ("dropped", "/v2/", [.drop, .drop]),
        ]

        @Test(arguments: passing)
        func whatPassesIsOvercome(name: String, path: String, faults: [Fault]) async throws {
            let fixture = try await RegistryFixture.get()
            let proxy = try await FaultProxy(to: fixture.registry.port, path: path, faults)
            let box = try await Sandbox.make(environment: Fault.environment(faults))
            let run = try await box.imgadm("import", "\(proxy.url.dropFirst(7))/test/three:one")
            #expect(run.status == 0, "\(name): \(run)")
            #expect(try await box.datasets().count == 6)
            #expect(try box.leftovers().isEmpty)
        }

        static let lasting: [(name: String, path: String, fault: Fault, code: String)] = [
            ("manifest changed", "/manifests/", .corrupt(at: 60), ""),
            ("blobs and config changed", "/blobs/", .corrupt(at: 20), "DownloadError"),
            ("the last layers changed", "/blobs/sha256", .corrupt(at: 120), ""),
            ("blobs cut always", "/blobs/", .cut(after: 10), ""),
            ("no manifest", "/manifests/", .raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), "SourceError"),
            ("a page", "/manifests/", .raw("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), "SourceError"),
            (
                "an endless manifest", "/manifests/",
                .raw("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + String(repeating: " ", count: 5_000_000)),
                "SourceError"
            ),
            ("503 always", "/v2/", .status(503), ""),
            (
                "redirects in a circle", "/v2/", .raw("HTTP/1.1 302 x\r\nLocation: /v2/\r\nContent-Length: 0\r\n\r\n"),
                ""
            ),
        ]

        @Test(arguments: lasting)
        func whatLastsIsAnErrorAndLeavesNothing(name: String, path: String, fault: Fault, code: String) async throws {
            let fixture = try await RegistryFixture.get()
            let proxy = try await FaultProxy(to: fixture.registry.port, path: path, [], then: fault)
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(proxy.url.dropFirst(7))/test/three:one")
            #expect(run.status == 1 && run.errors.contains("error (\(code)"), "\(name): \(run)")
            #expect(try await box.datasets().isEmpty, "\(name)")
            #expect(
                try box.recordNames().isEmpty && box.leftovers().isEmpty, "\(name): \((try? box.leftovers()) ?? [])")
        }

        @Test func aLayerThatUnpacksToSomethingElse() async throws {
            let registry = try await RegistryFixture.get().registry
            let good = try await registry.layer("diff", "echo 1 > file")
            let bad = try await registry.layer("diff", "echo 2 > file")
            var lie = bad
            lie.diffID = good.diffID
            try await registry.image("diff", "1", [good, lie])
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/diff:1")
            #expect(run.status == 1 && run.errors.contains("error (DownloadError)"), "\(run)")
            #expect(run.errors.contains(good.diffID) && run.errors.contains(bad.diffID), "\(run)")
            // The layer below was right.
            #expect(try await box.datasets().count == 2)
            #expect(try box.leftovers().isEmpty)
        }

        @Test(arguments: [
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        ])
        func layersThatNobodyCanUnpack(_ type: String) async throws {
            let registry = try await RegistryFixture.get().registry
            let name = "odd\(type.utf8.count)"
            try await registry.image(name, "1", [try await registry.layer(name, "echo 1 > file", mediaType: type)])
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/\(name):1")
            #expect(run.status == 1 && run.errors.contains("error (UnsupportedImage)"), "\(run)")
            #expect(try await box.datasets().isEmpty)
        }

        @Test func anArtifactIsNoImage() async throws {
            let registry = try await RegistryFixture.get().registry
            let config = try await registry.push([:], to: "artifact")
            try await registry.manifest(
                [
                    "schemaVersion": 2, "mediaType": .string(RegistryServer.manifestType),
                    "config": RegistryServer.descriptor("application/vnd.example+json", config.digest, config.size),
                    "layers": [],
                ], type: RegistryServer.manifestType, to: "artifact", "1")
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/artifact:1")
            #expect(run.status == 1 && run.errors.contains("error (UnsupportedImage)"), "\(run)")
        }

        @Test func anImageWithoutLayers() async throws {
            let registry = try await RegistryFixture.get().registry
            try await registry.image("nothing", "1", [])
            let box = try await Sandbox.make()
            let run = try await box.imgadm("import", "\(registry.host)/nothing:1")
            #expect(run.status == 1 && run.errors.contains("error (UnsupportedImage)"), "\(run)")
        }

        static let limits: [(setting: String, script: String, word: String)] = [
            ("\"layerEntries\": 10", "for i in $(seq 20); do : > $i; done", "entries"),
            ("\"layerBytes\": 1000000", "head -c 2000000 /dev/zero > zeros", "bytes"),
            ("\"nameLength\": 100", "mkdir -p $(printf 'n%.0s' $(seq 80))/$(printf 'n%.0s' $(seq 80))", "name"),
            ("\"windowBytes\": 1000000", "head -c 20000000 /dev/urandom > noise", "memory"),
            ("\"layers\": 1", "echo 1 > file", "layers"),
            ("\"manifestBytes\": 100", "echo 1 > file", "bytes"),
        ]

        @Test(arguments: limits)
        func limitsAreSettings(setting: String, script: String, word: String) async throws {
            let registry = try await RegistryFixture.get().registry
            let name = "limits\(setting.utf8.count)\(word)"
            let layer = try await registry.layer(
                name, script, compression: word == "memory" ? "zstd --ultra -20 --long=25" : "gzip")
            try await registry.image(name, "1", [layer, try await registry.layer(name, "echo 2 > two")])
            let box = try await Sandbox.make()
            try box.write("{\"docker\": {\(setting)}}", to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("import", "\(registry.host)/\(name):1")
            #expect(run.status == 1 && run.errors.contains(word), "\(setting): \(run)")
            #expect(try await box.datasets() == [])
            // The upper layer's file may wait for the next run.
            #expect(try box.leftovers().allSatisfy { $0.hasPrefix("downloads/") })
            try box.write("{}", to: "var/imgadm/imgadm.conf")
            let again = try await box.imgadm("import", "\(registry.host)/\(name):1")
            #expect(again.status == 0, "\(setting): \(again)")
            #expect(try box.leftovers() == [])
        }
    }
}
