import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What has an image's name and is none, and pools on which images cannot come and go as elsewhere.
    @Suite struct PlaceTests {
        private let box: Sandbox
        private let image: TestImage

        init() async throws {
            box = try await Sandbox.make()
            let images = try await Fixture.get()
            image = images.base
            try box.use(images.server.url)
        }

        private var dataset: String { "\(box.pool)/\(image.uuid)" }

        @Test func whatIsToBeIgnoredIsNotReplaced() async throws {
            #expect(try await box.imgadm("import", "-q", image.uuid).status == 0)
            let before = (try await box.datasets(), try box.recordNames())
            try await Tool.run("zfs", "set", "imgadm:ignore=true", dataset)
            for _ in 0..<2 {
                let run = try await box.imgadm("import", "-q", image.uuid)
                #expect(run.status == 1, "\(run)")
                #expect(run.errors.contains("error (DatasetExists): dataset \"\(dataset)\" is no image"), "\(run)")
            }
            #expect(try await box.datasets() == before.0)
            #expect(try box.recordNames() == before.1)
            try await Tool.run("zfs", "inherit", "imgadm:ignore", dataset)
            let listed = try await box.imgadm("list", "-H", "-o", "name")
            #expect(listed.output == "base\n", "\(listed)")
        }

        @Test func whereNoImageIsSeenNoneComes() async throws {
            try await Tool.run("zfs", "set", "imgadm:ignore=true", box.pool)
            let run = try await box.imgadm("import", "-q", image.uuid)
            #expect(run.status == 1 && run.errors.contains("error (UnsuitablePool): zpool"), "\(run)")
            #expect(try await box.datasets().isEmpty)
            #expect(try box.recordNames().isEmpty)
        }

        /// A record that was written when another pool had this one's name tells nothing of what is there now.
        @Test func theRecordOfAnotherPoolDoesNotCount() async throws {
            #expect(try await box.imgadm("import", "-q", image.uuid).status == 0)
            let name = "var/imgadm/images/\(box.pool)-\(image.uuid).json"
            let record = try #require(try box.read(name))
            let guid = try await Tool.run("zfs", "get", "-Hp", "-o", "value", "guid", box.pool).dropLast()
            try box.write(record.replacing("\"\(guid)\"", with: "\"1\""), to: name)
            try await Tool.shell("echo precious > \"$(zfs get -H -o value mountpoint \(dataset))/mine\"; sync")
            let deleted = try await box.imgadm("delete", image.uuid)
            #expect(deleted.status == 1 && deleted.errors.contains("error (NotAnImage)"), "\(deleted)")
            let vacuum = try await box.imgadm("vacuum", "-f")
            #expect(!vacuum.output.contains("Deleted image"), "\(vacuum)")
            // Nobody takes its name for that of what is there.
            let listed = try await box.imgadm("list", "-H", "-o", "uuid,name", "zpool=\(box.pool)")
            #expect(listed.lines == ["\(image.uuid)  -"], "\(listed)")
            let got = try await box.imgadm("get", image.uuid)
            #expect(got.status == 0 && !got.output.contains("\"base\""), "\(got)")
            let ancestry = try await box.imgadm("ancestry", "-H", "-o", "uuid,name", image.uuid)
            #expect(ancestry.lines == ["\(image.uuid)  -"], "\(ancestry)")
            let named = try await box.imgadm("get", "base")
            #expect(named.status == 3, "\(named)")
            let check = try await box.imgadm("check", "-P", box.pool)
            #expect(
                check.output.contains("has a record of another zpool, which was called \"\(box.pool)\""), "\(check)")
            #expect(try await box.datasets().contains(image.uuid))
        }
    }
}
