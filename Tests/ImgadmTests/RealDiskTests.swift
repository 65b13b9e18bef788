import Host
import JSON
import TestHost
import Testing

extension EndToEnd {
    /// A disk as machines have it, with partitions and a file system: what the tools of others say of it holds of the image, too.
    @Suite(
        .enabled(
            if: ["sgdisk", "mke2fs", "e2fsck"].allSatisfy { ExecutableSearch.find($0) != nil },
            "gdisk or e2fsprogs is not installed"))
    struct RealDiskTests {
        /// `disk.raw`, of 64 MiB: a GPT, and an ext4 with files in its second partition. `whole` looks such a disk over.
        ///
        /// (What sgdisk finds wrong it says, and ends with 0.)
        private static let disk = """
            PATH=$PATH:/usr/sbin:/sbin
            mkdir -p tree/etc tree/usr
            echo ID=demo > tree/etc/os-release
            seq 1 300000 > tree/usr/numbers
            head -c 3000000 /dev/urandom > tree/usr/noise
            ln -s ../usr/noise tree/etc/noise
            truncate -s 64M disk.raw
            sgdisk -n 1:2048:+1M -t 1:ef02 -n 2:4096:128991 -t 2:8300 -c 2:root disk.raw > sgdisk.log
            mke2fs -q -t ext4 -L demo -d tree -E offset=$((4096 * 512)) disk.raw $(((128992 - 4096) / 2))k
            whole() {
                sgdisk -v $1 > sgdisk.log
                grep 'No problems found' sgdisk.log
                e2fsck -fn "$1?offset=$((4096 * 512))"
            }
            whole disk.raw
            """

        private static let formats: [(file: String, script: String)] = [
            ("web-1.qcow2", "qemu-img convert -f raw -O qcow2 disk.raw web-1.qcow2"),
            ("packed-1.qcow2", "qemu-img convert -f raw -O qcow2 -c disk.raw packed-1.qcow2"),
            ("web-1.vhdx", "qemu-img convert -f raw -O vhdx disk.raw web-1.vhdx"),
            ("web-1.vmdk", "qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw web-1.vmdk"),
        ]

        @Test func partitionsAndFilesComeThroughWhole() async throws {
            let box = try await Sandbox.make()
            func run(_ script: String) async throws -> Sandbox.Run {
                try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
            }
            var script = Self.disk
            for format in Self.formats {
                script += """

                    \(format.script)
                    imgadm inspect --format json \(format.file) > \(format.file).json
                    imgadm import -q \(format.file)
                    imgadm export -q --force -o back.raw $(imgadm list -H -o uuid)
                    cmp back.raw disk.raw
                    whole back.raw
                    imgadm delete $(imgadm list -H -o uuid)
                    """
            }
            let made = try await run(script)
            #expect(made.status == 0, "\(made)")
            for format in Self.formats {
                let seen = try JSONValue(parsing: try #require(try box.read("\(format.file).json")))
                let disk = try #require(seen["disk"])
                #expect(disk["partition_table"] == "gpt" && disk["size"] == 67_108_864, "\(format.file): \(seen)")
                let partitions = try #require(disk["partitions"]?.arrayValue)
                try #require(partitions.count == 2)
                #expect(partitions[0]["offset"] == 1_048_576 && partitions[0]["type"] == "bios-boot")
                #expect(partitions[1]["offset"] == 2_097_152 && partitions[1]["size"] == 63_946_752)
                #expect(partitions[1]["name"] == "root" && partitions[1]["file_system"] == "ext")
            }
            #expect(try box.leftovers() == [])
        }
    }
}
