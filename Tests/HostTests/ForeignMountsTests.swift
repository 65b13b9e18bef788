import Testing

@testable import Host

@Suite struct ForeignMountsTests {
    private static func table(_ lines: String...) -> MountTable {
        MountTable(Array(lines.joined(separator: "\n").utf8))
    }

    /// A process may end while it is looked at.
    @Test func aNamespaceIsSeenByWhicheverOfItsProcessesLives() {
        let table = Self.table("1 0 0:50 / / rw - zfs zones/vm rw")
        let views = ForeignMounts.views(of: ["10", "11", "12", "20"]) { process in
            ForeignMounts.View(namespace: process.first == "1" ? "container" : "service", root: "/")
        } table: { process in
            process == "10" ? nil : table
        }
        #expect(views.map(\.process) == ["11", "20"])
    }

    /// One whose root is further down is not told of what is mounted elsewhere.
    @Test func eachRootOfANamespaceIsLookedFrom() {
        let views = ForeignMounts.views(of: ["10", "11", "12"]) { process in
            ForeignMounts.View(namespace: "container", root: process == "10" ? "/run/sshd" : "/")
        } table: { _ in
            Self.table("1 0 0:50 / / rw - zfs zones/vm rw")
        }
        #expect(views.map(\.process) == ["10", "11"])
    }

    @Test func whoMountedByFUSEIsAnOption() {
        let mounts = Self.table(
            "31 1 0:44 / /mnt/a\\040b rw,nosuid shared:1 master:2 - fuse.zfs tank/a rw,user_id=0,group_id=0,allow_other",
            "32 1 0:45 / /mnt/c rw - tmpfs tmpfs"
        ).mounts
        #expect(mounts.map(\.path) == ["/mnt/a b", "/mnt/c"])
        #expect(mounts.map(\.device) == ["0:44", "0:45"])
        #expect(mounts.map { $0.options.contains("user_id=0") } == [true, false])
    }
}
