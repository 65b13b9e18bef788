import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// What `docs/first-image.md` tells a newcomer to type.
    @Suite struct FirstImageTests {
        /// The lines that are to be typed, without those that start a machine, and those that zfs-fuse cannot: it has no clones of
        /// volumes. `Tests/OpenZFS/cases/first-image.sh` has them.
        private static func lines() throws -> [String] {
            // Tests run in the folder of the package.
            let page = try #require(try HostFile.read("docs/first-image.md"))
            return String(decoding: page, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("    ") }
                .map { String($0.dropFirst(4)) }
                .filter { !$0.hasPrefix("systemd-nspawn") && !$0.hasPrefix("qemu-system") && !$0.contains("tank/vm1") }
        }

        @Test func everyLineOfThePageWorks() async throws {
            let box = try await Sandbox.make()
            let made = try await StreamsSite.run(StreamsSite.incus, in: box)
            try #require(made.status == 0, "\(made)")
            let disk = "debian-13-genericcloud-amd64.qcow2"
            let listed = try await box.shell(
                "cd \(box.root)/www && cp images/debian/trixie/*/cloud/20250813_05:24/disk.qcow2 \(disk) && sha512sum \(disk) > SHA512SUMS"
            )
            try #require(listed.status == 0, "\(listed)")
            let server = try await FileServer(box.path("www"))
            let pool = "first-\(box.pool)"
            let typed = try Self.lines().map { line in
                line.replacing("https://images.linuxcontainers.org", with: server.url)
                    .replacing("https://cloud.debian.org/images/cloud/trixie/latest", with: server.url)
                    .replacing("zpool create tank", with: "zpool create -O mountpoint=\(box.root)/tank tank")
                    .replacing("/var/tmp/tank.img", with: "\(box.root)/tank.img")
                    .replacing("tank ", with: "\(pool) ").replacing("tank/", with: "\(pool)/")
                    .replacing("=tank", with: "=\(pool)")
            }
            #expect(typed.count > 15)
            let run = try await box.shell(
                """
                # What was just mounted is busy for a moment.
                trap 'for n in $(seq 1000); do zpool destroy -f \(pool) 2>/dev/null && break; sleep 0.1; done' EXIT
                set -ex -o pipefail
                mkdir \(box.root)/home; cd \(box.root)/home
                imgadm sources -d https://images.smartos.org
                \(typed.joined(separator: "\n"))
                test "$(cat "$root/etc/hostname")" = web
                test "$(zfs get -H -o value type "\(pool)/$disk")" = volume
                test "$(stat -c %s seed.img)" -gt 10000
                imgadm list -H -o name,type
                """)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.contains { $0.hasPrefix("debian-13-genericcloud") && $0.hasSuffix("zvol") }, "\(run)")
            #expect(run.errors.contains("ImageHasDependentClones"), "\(run)")
            #expect(run.output.contains("found in \"\(server.url)/SHA512SUMS\""), "\(run)")
        }
    }
}
