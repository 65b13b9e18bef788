import Host
import Testing
import ZFS

@testable import VirtualMachines

/// Which devices have a machine's files.
@Suite struct FolderUsersTests {
    private static func mounts(_ lines: [String]) -> [MountTable.Mount] {
        MountTable(Array(lines.joined(separator: "\n").utf8)).mounts
    }

    private func devices(_ here: [String], elsewhere: [String] = [], at folder: String? = nil) throws -> Set<String> {
        let name = try #require(DatasetName("zones/vm"))
        return FolderUsers.devices(
            of: name, at: folder, here: Self.mounts(here),
            elsewhere: Self.mounts(elsewhere).filter { $0.isOf(name) })
    }

    /// Whichever of them is the machine's own, a process in it is seen.
    @Test func allThatHasItsNameCounts() throws {
        let found = try devices(
            ["1 0 0:40 / /zones/vm rw - zfs zones/vm rw", "2 0 0:41 / /mnt rw - fuse.zfs zones/vm rw,user_id=0"],
            elsewhere: ["3 0 0:42 / / rw - zfs zones/vm rw", "4 0 0:43 / / rw - zfs zones/vm2 rw"])
        #expect(found == ["0:40", "0:41", "0:42"])
    }

    /// Anybody may mount by FUSE, and call it as he likes.
    @Test func whatAUserHasMountedIsNotTheMachine() throws {
        let fake = "9 0 0:90 / /home/eve rw - fuse.zfs zones/vm rw,user_id=1000,group_id=1000"
        #expect(try devices([fake], elsewhere: [fake]) == [])
        #expect(try devices([fake], elsewhere: ["3 0 0:42 / / rw - zfs zones/vm rw"]) == ["0:42"])
    }

    /// Paths are those of each process's own mount namespace, so that they tell nothing.
    @Test func whatIsMountedInItCountsUnlessItIsElsewhereAsWell() throws {
        let here = [
            "1 0 0:5 / /dev rw - devtmpfs dev rw", "2 0 0:40 / /data rw - zfs zones/vm rw",
            "3 2 0:44 / /data/sub rw - zfs zones/vm/sub rw", "4 2 0:5 / /data/dev rw - devtmpfs dev rw",
            "5 0 0:46 / /data2 rw - tmpfs tmp rw", "6 0 0:40 /x /srv/x rw - zfs zones/vm rw",
        ]
        #expect(try devices(here, at: "/data") == ["0:40", "0:44"])
        #expect(try devices(here) == ["0:40", "0:44"])
        #expect(try devices(["5 0 0:46 / /data2 rw - tmpfs tmp rw"], at: "/data") == [])
    }
}
