import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What is no image for sure is not destroyed; what is one, is as it was after a refusal; and who uses it is named.
    @Suite struct OnlyImagesTests {
        private func installed(_ uuid: (Fixture) -> String) async throws -> (box: Sandbox, images: Fixture) {
            let box = try await Sandbox.make()
            let images = try await Fixture.get()
            try box.use(images.server.url)
            let run = try await box.imgadm("import", "-q", uuid(images))
            #expect(run.status == 0, "\(run)")
            return (box, images)
        }

        private func mountpoint(_ box: Sandbox, _ name: String) async throws -> String {
            String(
                try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", "\(box.pool)/\(name)").dropLast())
        }

        /// A VM's dataset that was promoted has the image's `@final`, and no origin any more.
        @Test func aPromotedMachineStays() async throws {
            let (box, images) = try await installed(\.base.uuid)
            let (image, machine) = (images.base.uuid, TestUUID.make())
            try await Tool.run("zfs", "clone", "\(box.pool)/\(image)@final", "\(box.pool)/\(machine)")
            let folder = try await mountpoint(box, machine)
            try await Tool.shell(
                """
                echo 'years of work' > '\(folder)/data'; zfs promote '\(box.pool)/\(machine)'
                for i in $(seq 600); do zfs destroy '\(box.pool)/\(image)' && exit; sleep 0.1; done; exit 1
                """)
            let list = try await box.imgadm("list")
            #expect(list.errors.contains(machine), "\(list)")
            let json = try JSONValue(parsing: try await box.imgadm("list", "-j", "zpool=\(box.pool)").output)
            #expect(json[0]?["manifest"]?["uuid"]?.stringValue == machine)
            #expect(json[0]?["doubt"]?.stringValue?.contains("written") == true, "\(json)")
            let run = try await box.imgadm("delete", machine)
            #expect(run.status == 1 && run.errors.contains("NotAnImage") && run.errors.contains("written"), "\(run)")
            #expect(try HostFile.read(FilePath("\(folder)/data")) != nil)
            let snapshots = try await box.datasets().filter { $0.hasPrefix(machine) }
            #expect(snapshots == [machine, "\(machine)@final"])
            #expect(try await !box.imgadm("vacuum", "-f").output.contains("Deleted"))
            let forced = try await box.imgadm("delete", "-f", machine)
            #expect(forced.status == 0, "\(forced)")
        }

        @Test func aDatasetWithoutFinalStays() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            try await Tool.run("zfs", "create", "\(box.pool)/\(uuid)")
            let run = try await box.imgadm("delete", uuid)
            #expect(run.status == 1 && run.errors.contains("NotAnImage") && run.errors.contains("@final"), "\(run)")
            #expect(try await box.datasets() == [uuid])
            let table = try await box.imgadm("list", "zpool=\(box.pool)")
            #expect(table.lines.last?.hasPrefix("\(uuid)  ?") == true, "\(table)")
            #expect(try await box.imgadm("delete", "--force", uuid).status == 0)
            #expect(try await box.datasets().isEmpty)
        }

        /// A source that has an image of that UUID does not make one of what may be somebody's data.
        @Test(arguments: ["written", "no snapshot @final"])
        func whatMayBeDataGetsNoRecord(doubt: String) async throws {
            let (box, images) = try await installed(\.base.uuid)
            let (uuid, dataset) = (images.base.uuid, "\(box.pool)/\(images.base.uuid)")
            try await Tool.run("rm", box.path("var/imgadm/images/\(box.pool)-\(uuid).json").string)
            let folder = try await mountpoint(box, uuid)
            try await Tool.shell("echo mine > '\(folder)/data'; sync; zfs snapshot '\(dataset)@daily'")
            if doubt != "written" { try await Tool.run("zfs", "destroy", "\(dataset)@final") }
            let before = try await box.datasets()
            for words in [["update", "-n", uuid], ["update", uuid], ["update"]] {
                let run = try await box.imgadm(words)
                #expect(run.status == 1 && run.errors.contains("(NotAnImage)") && run.errors.contains(doubt), "\(run)")
            }
            let deleted = try await box.imgadm("delete", uuid)
            #expect(deleted.status == 1 && deleted.errors.contains("(NotAnImage)"), "\(deleted)")
            #expect(try await box.datasets() == before && box.recordNames() == [])
        }

        /// Of records of before they said what was installed, as of those that have it.
        @Test(arguments: [true, false]) func whatHasNoFinalStaysWhateverItsRecordSays(isOld: Bool) async throws {
            let (box, images) = try await installed(\.base.uuid)
            let (uuid, dataset) = (images.base.uuid, "\(box.pool)/\(images.base.uuid)")
            let name = "var/imgadm/images/\(box.pool)-\(uuid).json"
            var record = try JSONValue(parsing: try #require(try box.read(name))).objectValue ?? [:]
            if isOld { record["snapshot_guid"] = nil }
            try box.write(JSONValue.object(record).text(), to: name)
            try await Tool.shell("zfs snapshot '\(dataset)@daily'; zfs destroy '\(dataset)@final'")
            let run = try await box.imgadm("delete", uuid)
            #expect(run.status == 1 && run.errors.contains("(NotAnImage)") && run.errors.contains("@final"), "\(run)")
            #expect(try await box.datasets().contains("\(uuid)@daily"))
            let forced = try await box.imgadm("delete", "-f", uuid)
            #expect(forced.status == 0, "\(forced)")
        }

        /// An image that has lost its record, and is as it came, goes.
        @Test func anImageThatLostItsRecordGoes() async throws {
            let (box, images) = try await installed(\.base.uuid)
            try await Tool.run("rm", box.path("var/imgadm/images/\(box.pool)-\(images.base.uuid).json").string)
            let folder = try await mountpoint(box, images.base.uuid)
            try await Tool.run("ls", "-R", folder)
            let run = try await box.imgadm("delete", images.base.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(try await box.datasets().isEmpty)
        }

        @Test func aHeldSnapshotIsToldAtOnce() async throws {
            let (box, images) = try await installed(\.base.uuid)
            let snapshot = "\(box.pool)/\(images.base.uuid)@final"
            let guid = try await Tool.run("zfs", "get", "-Hpo", "value", "guid", snapshot)
            try await Tool.run("zfs", "hold", "keep", snapshot)
            let zfs = try await Tool.shell("command -v zfs").dropLast()
            try box.write("#!/bin/sh\necho \"$1\" >> '\(box.path("calls"))'\nexec \(zfs) \"$@\"\n", to: "bin/zfs")
            let run = try await box.shell(
                "chmod +x '\(box.path("bin/zfs"))'; PATH='\(box.path("bin"))':$PATH imgadm delete \(images.base.uuid)")
            // It is not tried again and again, as what is busy for a moment is.
            let calls = try box.read("calls")?.split(separator: "\n") ?? []
            #expect(!calls.isEmpty && calls.count { $0 == "destroy" } < 3, "\(calls)")
            #expect(run.status == 1 && run.errors.contains("DatasetBusy"), "\(run)")
            #expect(run.errors.contains("zfs holds \(snapshot)"), "\(run)")
            #expect(try await Tool.run("zfs", "get", "-Hpo", "value", "guid", snapshot) == guid)
            let mounted = try await Tool.run("zfs", "get", "-Ho", "value", "mounted", "\(box.pool)/\(images.base.uuid)")
            #expect(mounted == "yes\n")
            try await Tool.run("zfs", "release", "keep", snapshot)
            #expect(try await box.imgadm("delete", images.base.uuid).status == 0)
        }

        @Test func whoUsesAnImageIsNamed() async throws {
            let (box, images) = try await installed(\.base.uuid)
            let folder = try await mountpoint(box, images.base.uuid)
            let before = try await box.datasets()
            let uses = ["cd '\(folder)'; exec sleep 600", "exec sleep 600 < '\(folder)/root/etc/image'"]
            for use in uses {
                let run = try await box.shell(
                    """
                    (\(use)) & until grep -q sleep /proc/$!/comm; do sleep 0.05; done
                    imgadm delete \(images.base.uuid); kill $!; wait
                    """)
                #expect(run.errors.contains("error (DatasetBusy)"), "\(run)")
                #expect(run.errors.contains("(sleep)") && run.errors.contains("process "), "\(run)")
                // Who it is, is all that there is to be said.
                #expect(!run.errors.contains("umount"), "\(run)")
                #expect(try await box.datasets() == before)
            }
            #expect(try await box.imgadm("delete", images.base.uuid).status == 0)
        }

        @Test(arguments: ["legacy", "none"])
        func withoutAMountpoint(value: String) async throws {
            let (box, images) = try await installed(\.middle.uuid)
            for uuid in [images.middle.uuid, images.base.uuid] {
                try await Tool.run("zfs", "set", "mountpoint=\(value)", "\(box.pool)/\(uuid)")
            }
            let run = try await box.imgadm("delete", images.middle.uuid)
            #expect(run.status == 0, "\(run)")
            let vacuum = try await box.imgadm("vacuum", "-f")
            #expect(vacuum.lines == ["Deleted image \(images.base.uuid) (base@1.0.0)"], "\(vacuum)")
            #expect(try await box.datasets().isEmpty)
        }
    }
}
