import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What the stream of an image may say, and what of it is heeded.
    @Suite struct ReceivedStreamTests {
        @Test func streamsSayNothingAboutThisHost() async throws {
            let images = try await Fixture.get()
            let uuid = TestUUID.make()
            let dataset = "\(images.workshop.pool)/props-\(uuid)"
            let file = images.workshop.folder.appending("images/\(uuid).file")
            try await Tool.shell(
                "zfs create -o mountpoint=\(images.workshop.folder)/evil -o canmount=off -o setuid=off -o imgadm:ignore=true -o quota=1G \(dataset); zfs snapshot \(dataset)@final; zfs send -p \(dataset)@final > \(file)"
            )
            _ = try await images.workshop.describe(uuid, name: "props", compression: "none", origin: nil, file: file)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", uuid)
            #expect(run.status == 0, "\(run)")
            let properties = try await Tool.run(
                "zfs", "get", "-H", "-o", "value", "mountpoint,canmount,setuid,quota,imgadm:ignore",
                "\(box.pool)/\(uuid)")
            let values = properties.split(separator: "\n").map(String.init)
            #expect(values[0].hasSuffix("/mnt/\(uuid)"), "\(values)")
            #expect(Array(values[1...]) == ["on", "on", "none", "-"], "\(values)")
            #expect(try await box.imgadm("get", uuid).status == 0)
        }

        @Test func streamsWithSeveralSnapshotsAreRefused() async throws {
            let images = try await Fixture.get()
            let uuid = TestUUID.make()
            let dataset = "\(images.workshop.pool)/many-\(uuid)"
            let file = images.workshop.folder.appending("images/\(uuid).file")
            try await Tool.shell(
                "zfs create \(dataset); zfs snapshot \(dataset)@one; zfs snapshot \(dataset)@final; zfs send -R \(dataset)@final > \(file)"
            )
            _ = try await images.workshop.describe(uuid, name: "many", compression: "none", origin: nil, file: file)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", uuid)
            #expect(run.status == 1 && run.errors.contains("error (UnexpectedNumberOfSnapshots)"), "\(run)")
            #expect(try await box.datasets().isEmpty)
            #expect(try box.recordNames().isEmpty && box.leftovers().isEmpty)
        }

        @Test func anotherSnapshotNameBecomesFinal() async throws {
            let images = try await Fixture.get()
            let uuid = TestUUID.make()
            let dataset = "\(images.workshop.pool)/other-\(uuid)"
            let file = images.workshop.folder.appending("images/\(uuid).file")
            try await Tool.shell(
                "zfs create \(dataset); zfs snapshot \(dataset)@release; zfs send \(dataset)@release > \(file)")
            _ = try await images.workshop.describe(uuid, name: "other", compression: "none", origin: nil, file: file)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            #expect(try await box.imgadm("import", uuid).status == 0)
            #expect(try await box.datasets() == [uuid, "\(uuid)@final"])
        }

        @Test func anIncrementOfSomethingElseIsRefused() async throws {
            let images = try await Fixture.get()
            let claimed = try await images.workshop.make(name: "claimed")
            let child = try await images.workshop.make(
                name: "liar", origin: images.base, manifest: ["origin": .string(claimed.uuid)])
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            _ = try await box.imgadm("import", images.base.uuid)
            let run = try await box.imgadm("import", child.uuid)
            #expect(run.status == 1 && run.errors.contains("error (UnexpectedOrigin)"), "\(run)")
            #expect(try await !box.datasets().contains { $0.hasPrefix(child.uuid) })
        }

        @Test func zfsItselfIsHeard() async throws {
            let images = try await Fixture.get()
            let uuid = TestUUID.make()
            let file = images.workshop.folder.appending("images/\(uuid).file")
            // A stream but for the checksum in its last record, which nobody else looks at.
            try await Tool.shell(
                "gzip -dc \(images.base.file) > \(file)"
                    + " && printf noise | dd of=\(file) bs=1 seek=$(($(stat -c %s \(file)) - 304)) conv=notrunc status=none"
            )
            _ = try await images.workshop.describe(uuid, name: "noise", compression: "none", origin: nil, file: file)
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", uuid)
            #expect(run.status == 1 && run.errors.contains("checksum mismatch"), "\(run)")
            #expect(try await box.datasets().isEmpty && box.leftovers().isEmpty)
        }
    }
}
