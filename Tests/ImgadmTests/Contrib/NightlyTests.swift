import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What `contrib` has for every night: a vacuum with a report, and metrics.
    @Suite struct NightlyTests {
        private static let contrib = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .removingLastComponent().removingLastComponent().appending("contrib")

        private func filled() async throws -> (Sandbox, Fixture) {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.top.uuid).status == 0)
            return (box, images)
        }

        @Test func theVacuumKeepsItsReport() async throws {
            let (box, images) = try await filled()
            let report = box.path("last.json")
            func run(_ arguments: String) async throws -> Sandbox.Run {
                try await box.shell(
                    "IMGADM='\(Binaries.imgadm)' REPORT='\(report)' VACUUM_ARGUMENTS='\(arguments)' bash '\(Self.contrib)/systemd/vacuum-report'"
                )
            }
            // What is too new stays.
            let kept = try await run("--older-than 30d")
            #expect(kept.status == 0, "\(kept)")
            #expect(try JSONValue(parsing: try #require(try box.read("last.json")))["changed"] == false)
            // A mistake leaves the report of the last run.
            let wrong = try await run("--no-such-option")
            #expect(wrong.status == 2 && wrong.errors.contains("error (Option)"), "\(wrong)")
            #expect(try JSONValue(parsing: try #require(try box.read("last.json")))["changed"] == false)
            let done = try await run("name=top")
            #expect(done.status == 0 && done.errors.contains("Deleted image \(images.top.uuid)"), "\(done)")
            let answer = try JSONValue(parsing: try #require(try box.read("last.json")))
            #expect(answer["images"]?[0]?["uuid"]?.stringValue == images.top.uuid && answer["ok"] == true)
            #expect(try HostFile.names(in: box.root).filter { $0.hasPrefix("last.json") } == ["last.json"])
        }

        /// Prometheus' own parser reads it, where it is there; the counts are those of `list`.
        @Test func metrics() async throws {
            let (box, images) = try await filled()
            try await Tool.run(
                "zfs", "clone", "\(box.pool)/\(images.base.uuid)@final", "\(box.pool)/\(TestUUID.make())")
            func run(_ imgadm: String) async throws -> Sandbox.Run {
                try await box.shell(
                    "cd '\(box.root)' && IMGADM='\(imgadm)' /usr/bin/python3 '\(Self.contrib)/prometheus/imgadm-metrics' imgadm.prom"
                )
            }
            let made = try await run(Binaries.imgadm)
            #expect(made.status == 0, "\(made)")
            let text = try #require(try box.read("imgadm.prom"))
            #expect(text.contains("imgadm_images{pool=\"\(box.pool)\"} 3\n"), "\(text)")
            // The base is what a machine was made of.
            #expect(text.contains("imgadm_unused_images{pool=\"\(box.pool)\"} 2\n"), "\(text)")
            let planned = try JSONValue(
                parsing: Array(try await box.imgadm("vacuum", "-nj", "-P", box.pool).output.utf8))
            #expect(
                text.contains("imgadm_unused_image_bytes{pool=\"\(box.pool)\"} \(planned["bytes"]?.text() ?? "?")\n"),
                "\(text)")
            let parsed = try await box.shell(
                """
                /usr/bin/python3 - '\(box.path("imgadm.prom"))' <<'E'
                import sys
                from prometheus_client.parser import text_string_to_metric_families as read
                text = open(sys.argv[1]).read()
                families = list(read(text))
                assert [each.name for each in families] == ["imgadm_images", "imgadm_image_bytes", "imgadm_unused_images",
                    "imgadm_unused_image_bytes"], families
                assert all(each.type == "gauge" and each.documentation for each in families)
                E
                """)
            #expect(parsed.status == 0, "\(parsed)")
            // Where imgadm fails, the file stays, and nothing lies beside it.
            let failed = try await run("/bin/false")
            #expect(failed.status == 1 && failed.errors.contains("imgadm-metrics: "), "\(failed)")
            #expect(try box.read("imgadm.prom") == text)
            #expect(try HostFile.names(in: box.root).allSatisfy { !$0.hasPrefix(".imgadm-") })
        }

        @Test(.enabled(if: ExecutableSearch.find("systemd-analyze") != nil, "systemd is not installed"))
        func systemdTakesTheUnits() async throws {
            let folder = TestFolder.make("units")
            defer { TestFolder.remove(folder) }
            // As they are installed, but for where the programs are.
            try await Tool.shell(
                """
                cp '\(Self.contrib)'/systemd/*.service '\(Self.contrib)'/systemd/*.timer \
                    '\(Self.contrib)'/prometheus/*.service '\(Self.contrib)'/prometheus/*.timer \
                    '\(Self.contrib)'/../packaging/*.service '\(Self.contrib)'/../packaging/*.timer '\(folder)'
                sed -i "s,/usr/libexec/imgadm/vacuum-report,'\(Self.contrib)/systemd/vacuum-report',
                    s,/usr/libexec/imgadm/imgadm-metrics,'\(Self.contrib)/prometheus/imgadm-metrics',
                    s,/usr/bin/imgapi-server,'\(Binaries.server)'," '\(folder)'/*.service
                """)
            let units = try HostFile.names(in: folder).sorted().map { folder.appending($0).string }
            #expect(units.count == 7)
            let words = units.map { "'\($0)'" }.joined(separator: " ")
            let said = try await Tool.shell("systemd-analyze verify --man=no \(words) 2>&1")
            #expect(said.isEmpty, "\(said)")
            let calendar = try await Tool.shell("systemd-analyze calendar '*-*-* 03:00:00' '*:0/10'")
            #expect(calendar.contains("Next elapse"))
        }
    }
}
