import Glibc
import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm check`: what is not in order is found, and what can be mended is mended.
    @Suite struct CheckTests {
        private static func make() async throws -> (Sandbox, Fixture) {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", "-q", images.middle.uuid).status == 0)
            return (box, images)
        }

        /// The kinds of what is found on the pool of a box.
        private static func kinds(_ box: Sandbox, _ words: String...) async throws -> [String] {
            let run = try await box.imgadm(["check", "-P", box.pool, "--format", "jsonl"] + words)
            return try run.lines.map { try JSONValue(parsing: $0) }.compactMap { finding in
                finding["kind"]?.stringValue.map { (finding["repaired"] == true ? "+" : "") + $0 }
            }.sorted()
        }

        @Test func aHostInOrder() async throws {
            let (box, images) = try await Self.make()
            #expect(try await Self.kinds(box) == [])
            // Without sources, too: files and URLs are imported all the same.
            #expect(try await box.imgadm("sources", "-d", images.server.url).status == 0)
            let run = try await box.imgadm("check", "-P", box.pool)
            #expect(run.status == 0 && run.output == "Everything is in order\n", "\(run)")
        }

        @Test func whatDeadRunsLeftIsCleared() async throws {
            let (box, images) = try await Self.make()
            let (gone, partial, foreign, download) = (
                TestUUID.make(), TestUUID.make(), TestUUID.make(), TestUUID.make()
            )
            let record =
                "{\"manifest\": {\"v\": 2, \"uuid\": \"\(gone)\", \"name\": \"x\"}, \"zpool\": \"\(box.pool)\", \"source\": null}"
            try box.write(record, to: "var/imgadm/images/\(box.pool)-\(gone).json")
            try box.write(record, to: "var/imgadm/images/absent-pool-\(gone).json")
            try box.write("{", to: "var/imgadm/images/\(box.pool)-\(gone).json.tmp")
            try box.write("x", to: "var/tmp/.imgadm-downloads/\(download).file")
            try box.write("y", to: "var/tmp/.imgadm-downloads/\(gone).file.partial")
            try await Tool.shell(
                """
                touch -d '2 hours ago' '\(box.path("var/imgadm/images/\(box.pool)-\(gone).json.tmp"))'
                touch -d '9 days ago' '\(box.path("var/tmp/.imgadm-downloads/\(download).file"))'
                zfs create -o imgadm:own=true '\(box.pool)/\(partial)-partial'
                zfs create '\(box.pool)/\(foreign)-partial'
                """)
            let before = try await box.datasets()
            let all = ["download", "in-the-way", "leftover", "record", "temporary-file"]
            #expect(try await Self.kinds(box) == all)
            // Looking changes nothing.
            #expect(try await box.datasets() == before)
            #expect(try await Self.kinds(box) == all)
            let text = try await box.imgadm("check", "-P", box.pool)
            #expect(
                text.status == 1 && text.errors.contains("error (ProblemsFound)")
                    && text.errors.contains("--repair mends"), "\(text)")
            #expect(
                try await Self.kinds(box, "--repair") == [
                    "+download", "+leftover", "+record", "+temporary-file", "in-the-way",
                ])
            #expect(try await Self.kinds(box) == ["in-the-way"])
            // Whether a pool is there at all is looked at with all pools; and what is on it stays.
            let everywhere = try await box.imgadm("check", "--format", "jsonl")
            #expect(everywhere.output.contains("absent-pool"), "\(everywhere)")
            #expect(try await box.datasets() == before.filter { $0 != "\(partial)-partial" })
            #expect(try box.recordNames().count == 3)
            #expect(try HostFile.names(in: box.path("var/tmp/.imgadm-downloads")) == ["\(gone).file.partial"])
            #expect(try await box.imgadm("get", images.middle.uuid).status == 0)
        }

        @Test func imagesThatLackSomething() async throws {
            let (box, images) = try await Self.make()
            let dataset = "\(box.pool)/\(images.base.uuid)"
            let guid = try await Tool.run("zfs", "get", "-Hpo", "value", "guid", "\(dataset)@final").dropLast()
            let path = "var/imgadm/images/\(box.pool)-\(images.base.uuid).json"
            let whole = try #require(try box.read(path))
            #expect(whole.contains("snapshot_guid"))
            // The record knows what was installed.
            try await Tool.run("zfs", "rename", "\(dataset)@final", "\(dataset)@f")
            #expect(try await Self.kinds(box, "--repair") == ["+final"])
            // One of an older version does not, but the manifest may.
            let text = whole.replacing("snapshot_guid", with: "unknown")
            try box.write(
                text.replacing("\"compression\"", with: "\"dataset_guid\": \"\(guid)\", \"compression\""), to: path)
            let stranger = TestUUID.make()
            try await Tool.shell(
                "zfs rename '\(dataset)@final' '\(dataset)@other'; zfs create '\(box.pool)/\(stranger)'")
            #expect(try await Self.kinds(box) == ["final", "no-record"])
            #expect(try await Self.kinds(box, "--repair") == ["+final", "no-record"])
            #expect(try await box.datasets().contains("\(images.base.uuid)@final"))
            // A snapshot that nothing vouches for stays what it is.
            try box.write(text, to: path)
            try await Tool.run("zfs", "rename", "\(dataset)@final", "\(dataset)@mine")
            try box.write("not JSON", to: "var/imgadm/images/\(box.pool)-\(images.middle.uuid).json")
            #expect(try await Self.kinds(box, "--repair") == ["no-final", "no-record", "record-damaged"])
            let after = try await box.datasets()
            #expect(after.contains("\(images.base.uuid)@mine") && after.contains(stranger))
        }

        /// Somebody else's folder where imgadm works keeps nothing from being told, and nothing is changed by what lies in it.
        @Test(.enabled(if: geteuid() == 0), arguments: ["var/run", "var/tmp", "var/tmp/.imgadm-downloads"])
        func aFolderOfSomebodyElse(folder: String) async throws {
            let (box, images) = try await Self.make()
            let partial = TestUUID.make()
            try await Tool.shell(
                """
                zfs create -o imgadm:own=true '\(box.pool)/\(partial)-partial'
                mkdir -p '\(box.path(folder))'; chown daemon '\(box.path(folder))'; chmod 755 '\(box.path(folder))'
                """)
            #expect(try await Self.kinds(box) == ["folder", "leftover"])
            let mark = folder == "var/run" ? "" : "+"
            #expect(try await Self.kinds(box, "--repair") == ["\(mark)leftover", "folder"].sorted())
            #expect(try await box.datasets().contains("\(partial)-partial") == (folder == "var/run"))
            let text = try await box.imgadm("check", "-P", box.pool)
            #expect(
                text.status == 1
                    && (text.output.contains("cannot be trusted") || text.output.contains("belongs to user")), "\(text)"
            )
            // Who changes something needs it.
            guard folder != "var/tmp/.imgadm-downloads" else { return }
            let run = try await box.imgadm("delete", images.middle.uuid)
            #expect(run.status == 1 && run.errors.contains("UnsafeFolder"), "\(run)")
        }

        @Test func configAndSources() async throws {
            let (box, _) = try await Self.make()
            try box.use("http://127.0.0.1:1")
            #expect(try await Self.kinds(box) == ["source"])
            try box.write("{", to: "var/imgadm/imgadm.conf")
            #expect(try await Self.kinds(box) == ["config"])
            let pool = try await box.imgadm("check", "-P", "nosuchpool9")
            #expect(pool.status == 1 && pool.output.contains("there is no zpool \"nosuchpool9\""), "\(pool)")
        }

        /// What a run at work has the lock of is not in anybody's way; it is once the lock is free.
        @Test func whatIsUnderWayIsNoDisorder() async throws {
            let (box, _) = try await Self.make()
            let uuid = TestUUID.make()
            try await Tool.shell("zfs create -o imgadm:own=true '\(box.pool)/\(uuid)-partial'")
            let run = try await box.shell(
                """
                look() { imgadm check -P '\(box.pool)' --format jsonl "$@" | grep -c '\(uuid)'; }
                mkdir -p '\(box.path("var/run"))'
                exec 9> '\(box.path("var/run/img.\(uuid).import.lock"))'
                flock 9; look --repair; exec 9>&-; look
                """)
            #expect(run.lines == ["0", "1"], "\(run)")
            #expect(try await box.datasets().contains { $0.hasSuffix("\(uuid)-partial") })
        }
    }
}
