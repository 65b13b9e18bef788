import JSON
import TestHost
import Testing

extension EndToEnd {
    /// Manifests that a server should not send: a clear error, nothing left behind, no crash.
    @Suite struct HostileInputTests {
        private static let fields = [
            "v", "name", "version", "type", "os", "origin", "state", "files", "requirements", "tags", "acl",
            "published_at",
            "channels", "disabled", "public", "owner",
        ]
        private static let values: [JSONValue] = [
            .null, true, -1, 1e300, "", "\u{0}\u{1b}[2J\r\n", "../../../etc/passwd", "-o mountpoint=/", "$(reboot)",
            "a@b", "a/b",
            [], [[]], [nil_, 5], [:], ["a": ["b": [:]]],
        ]
        private static let nil_ = JSONValue.null

        @Test func everyFieldWrong() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let uuid = images.base.uuid
            let server = try await CannedServer([:])
            try box.use(server.url)
            for (row, field) in Self.fields.enumerated() {
                for (column, value) in Self.values.enumerated() {
                    var manifest = images.base.manifest
                    manifest[field] = value
                    server.answer("/images/\(uuid)", bytes: Array(JSONValue.object(manifest).text().utf8))
                    server.answer("/images", bytes: Array("[\(JSONValue.object(manifest).text())]".utf8))
                    // It reads a manifest as an import does: each field and each value some times.
                    if (row + column).isMultiple(of: 4) {
                        let show = try await box.imgadm("show", uuid)
                        #expect([0, 1].contains(show.status), "\(field)=\(value.text()): \(show)")
                    }
                    let run = try await box.imgadm("import", uuid)
                    #expect(run.status == 1, "\(field)=\(value.text()): \(run)")
                    #expect(run.errors.contains("imgadm import: error ("), "\(field)=\(value.text()): \(run)")
                    #expect(
                        !run.output.contains("\u{1b}") && !run.errors.contains("\u{1b}"), "\(field)=\(value.text())")
                }
            }
            #expect(try await box.datasets().isEmpty)
            #expect(try box.recordNames().isEmpty && box.leftovers().isEmpty)
        }

        @Test func filesThatAreNone() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let uuid = images.base.uuid
            let server = try await CannedServer([:])
            try box.use(server.url)
            let files: [JSONValue] = [
                [5], [["size": -1]], [["size": 1e300, "sha1": 5, "compression": 7]], [["compression": "rar"]],
                [["size": 9_223_372_036_854_775_807, "sha1": "x", "compression": "gzip"]],
                [["sha1": "zz", "size": 0, "compression": "none"]],
            ]
            for value in files {
                var manifest = images.base.manifest
                manifest["files"] = value
                server.answer("/images/\(uuid)", bytes: Array(JSONValue.object(manifest).text().utf8))
                let run = try await box.imgadm("import", uuid)
                #expect(run.status == 1 && run.errors.contains("imgadm import: error ("), "\(value.text()): \(run)")
            }
            #expect(try await box.datasets().isEmpty)
            #expect(try box.leftovers().isEmpty)
        }

        @Test func hugeAndDeepManifests() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            let uuid = images.base.uuid
            let server = try await CannedServer([:])
            try box.use(server.url)
            let deep = String(repeating: "{\"a\":", count: 3000) + "1" + String(repeating: "}", count: 3000)
            let huge = "\"\(String(repeating: "x", count: 5 << 20))\""
            for text in ["{\"uuid\":\"\(uuid)\",\"tags\":\(deep)}", "{\"uuid\":\"\(uuid)\",\"description\":\(huge)}"] {
                server.answer("/images/\(uuid)", bytes: Array(text.utf8))
                let run = try await box.imgadm("import", uuid)
                #expect(run.status == 1 && run.errors.contains("could not ask"), "\(run.errors.prefix(500))")
            }
        }

        @Test func environmentsThatAreNonsense() async throws {
            let box = try await Sandbox.make()
            for (name, value) in [
                ("IMGADM_POOL", "-rf"), ("IMGADM_POOL", "a/b"), ("IMGADM_POOL", "x y;z"),
                ("IMGADM_CONNECT_TIMEOUT", "abc"),
                ("IMGADM_STALL_TIMEOUT", "-5"), ("http_proxy", "://"), ("SSL_CERT_FILE", "/nonexistent"),
                ("REQ_ID", "\u{1b}[2J"),
            ] {
                let run = try await box.imgadm("get", TestUUID.make(), environment: [name: value])
                #expect([1, 3].contains(run.status) && run.errors.contains("error ("), "\(name)=\(value): \(run)")
            }
            let images = try await Fixture.get()
            let proxied = try await box.imgadm("show", "-S", images.base.uuid, environment: ["http_proxy": "://"])
            #expect(proxied.status == 2)
        }
    }
}
