import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Images of volumes: what the dataset tells need not be typed, and cannot be contradicted.
    @Suite struct CreateVolumeTests {
        private static let fields = ["name=disk", "version=1", "os=linux"]
        private static let machine = ["disk_driver=virtio", "nic_driver=virtio", "cpu_type=host"]

        /// Userspace ZFS makes volumes of streams alone.
        private func volume(_ name: String, _ size: String, _ box: Sandbox) async throws {
            let made = try await box.shell(
                """
                set -e -o pipefail; cd \(box.root)
                truncate -s \(size) disk.raw; seq 1 2000 | dd of=disk.raw bs=4096 seek=9 conv=notrunc status=none
                imgadm convert -q --force -c none -o volume disk.raw name=volume version=1
                zfs receive \(box.pool)/\(name) < volume.zvol
                """)
            try #require(made.status == 0, "\(made)")
        }

        private func manifest(_ box: Sandbox) throws -> JSONValue {
            try JSONValue(parsing: try HostFile.read(box.path("disk-1.imgmanifest")) ?? [])
        }

        @Test func typeAndSizeAreThoseOfTheVolume() async throws {
            let box = try await Sandbox.make()
            let vm = TestUUID.make()
            try await volume(vm, "19992K", box)
            let create = ["create", "-c", "none", "-o", box.root.string, vm] + Self.fields
            let run = try await box.imgadm(create + Self.machine)
            #expect(run.status == 0, "\(run)")
            let made = try manifest(box)
            #expect(made["type"] == "zvol" && made["image_size"] == 20)
            let same = try await box.imgadm(create + ["--force", "image_size=20", "type=zvol"] + Self.machine)
            #expect(same.status == 0, "\(same)")

            for wrong in ["100", "10240", "19"] {
                let refused = try await box.imgadm(create + ["--force", "image_size=\(wrong)"] + Self.machine)
                #expect(refused.status == 1 && refused.errors.contains("error (ManifestValidation)"), "\(refused)")
                #expect(refused.errors.contains("image_size \(wrong), but the disk has 20 MiB"), "\(refused)")
                #expect(refused.errors.contains("image_size=20"), "\(refused)")
            }
            // The hint leads to what is taken.
            let missing = try await box.imgadm("create", "-o", box.root.string, vm, "name=disk")
            let hint = try #require(missing.errors.split(separator: "as ").last).split(whereSeparator: \.isWhitespace)
            #expect(missing.status == 1 && hint.allSatisfy { $0.contains("=") }, "\(missing)")
            let led = try await box.imgadm(
                ["create", "-c", "none", "--force", "-o", box.root.string, vm, "name=disk"] + hint.map(String.init))
            #expect(led.status == 0, "\(led)")
            try await SandboxPool.destroyDataset("\(box.pool)/\(vm)")
        }

        @Test func aVolumeThatHasGrownHasNotTheSizeOfItsOrigin() async throws {
            let manager = try VMStandIn()
            let box = try await Sandbox.make(environment: manager.environment)
            let vm = TestUUID.make()
            try await volume("\(vm)-disk0", "32M", box)
            let made = try await box.shell(
                "cd \(box.root); truncate -s 20M small.raw; imgadm import -q ./small.raw version=1; imgadm list -H -o uuid"
            )
            let image = try #require(made.lines.last)
            try manager.add([
                "uuid": .string(vm), "brand": "kvm", "state": "stopped", "zpool": .string(box.pool),
                "zfs_filesystem": .string("\(box.pool)/\(vm)"),
                "disks": [
                    [
                        "path": "/dev/null", "zfs_filesystem": .string("\(box.pool)/\(vm)-disk0"),
                        "image_uuid": .string(image), "boot": true,
                    ]
                ],
            ])
            let run = try await box.imgadm(
                "create", "-c", "none", "-o", box.root.string, vm, "name=disk", "version=1")
            #expect(run.status == 0 && run.output.contains("Inheriting from origin image \(image)"), "\(run)")
            #expect(try manifest(box)["image_size"] == 32)
            try await SandboxPool.destroyDataset("\(box.pool)/\(vm)-disk0")
        }
    }
}
