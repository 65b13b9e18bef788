import Failure
import Host
import Testing
import ZFS

/// What `zfs` says when it fails, as a case that a caller can act on.
@Suite struct ComplaintTests {
    static let complaints: [(text: String, code: Failure.Code)] = [
        ("cannot open 'tank/a': dataset does not exist\n", .datasetNotFound),
        ("cannot open 'tank': no such pool\n", .poolNotFound),
        ("cannot open 'tank/a': no such pool 'tank'\n", .poolNotFound),
        ("could not find any snapshots to destroy; check snapshot names.\n", .datasetNotFound),
        ("cannot create 'tank/a': dataset already exists\n", .datasetExists),
        (
            "cannot receive new filesystem stream: destination 'tank/a' exists\nmust specify -F to overwrite it\n",
            .datasetExists
        ),
        ("cannot unmount 'tank/a': not currently mounted\n", .notMounted),
        ("cannot rename 'tank/a': dataset is busy\n", .datasetBusy),
        ("cannot unmount '/tank/a': Device or resource busy\n", .datasetBusy),
        ("umount: /tank/a: target is in use.\ncannot unmount '/tank/a': umount failed\n", .datasetBusy),
        ("cannot unmount '/tank/a': unmount failed\n", .datasetBusy),
        (
            "cannot destroy 'tank/a': filesystem has dependent clones\nuse '-R' to destroy these datasets:\ntank/vm\n",
            .imageHasDependentClones
        ),
        ("cannot receive new filesystem stream: out of space\n", .noSpace),
        ("cannot receive new filesystem stream: destination tank/a space quota exceeded.\n", .noSpace),
        ("cannot create 'tank/a': permission denied\n", .permissionDenied),
        ("cannot open '/dev/zfs': Permission denied\n", .permissionDenied),
        ("The ZFS modules are not loaded.\nTry running '/sbin/modprobe zfs' as root to load them.\n", .zfs),
        ("internal error: failed to initialize ZFS library\n", .zfs),
        ("cannot destroy 'tank/a': filesystem has children\n", .imageHasChildDatasets),
        ("something that nobody has ever seen\n", .zfs), ("", .zfs), ("\n", .zfs),
    ]

    @Test(arguments: complaints)
    func aComplaintIsReadAndKept(text: String, code: Failure.Code) async throws {
        let host = FakeZFS(.fails(text))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.mount(dataset("tank/a")) }
        #expect(failure?.code == code)
        #expect(failure?.message == "cannot mount \"tank/a\"")
        // Who may not use ZFS is told that, and not which command it was.
        let hasCommand = failure?.description.contains("zfs mount tank/a failed (exit status 1)") == true
        #expect(hasCommand == (code != .permissionDenied), "\(failure.map { "\($0)" } ?? "")")
        for line in text.split(separator: "\n").map(String.init) {
            #expect(failure?.description.contains(line) == true)
        }
    }

    @Test(arguments: [
        ("cannot create 'tank/a': out of space\n", "-P"), ("cannot create 'tank/a': permission denied\n", "zfs allow"),
        ("The ZFS modules are not loaded.\n", "modprobe zfs"),
        ("internal error: failed to initialize ZFS library\n", "zfs-fuse"),
        ("Please make sure that the zfs-fuse daemon is running.\n", "service zfs-fuse start"),
    ])
    func aComplaintThatPeopleCanHelpComesWithAdvice(text: String, advice: String) async throws {
        let host = FakeZFS(.fails(text))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.create(dataset("tank/a")) }
        #expect(failure?.hint?.contains(advice) == true)
    }

    @Test func theMessageSaysWhatWasBeingDone() async throws {
        let host = FakeZFS(.fails("no\n"))
        let renaming = await #expect(throws: ZFSError.self) {
            try await host.zfs.rename(dataset("tank/a"), to: dataset("tank/b"))
        }
        #expect(renaming?.message == "cannot rename dataset \"tank/a\" to \"tank/b\"")
        let cloning = await #expect(throws: ZFSError.self) {
            try await host.zfs.clone(snapshot("tank/a@final"), to: dataset("tank/b"))
        }
        #expect(cloning?.message == "cannot clone \"tank/a@final\" to \"tank/b\"")
        let listing = await #expect(throws: ZFSError.self) { try await host.zfs.datasets(in: pool("tank")) }
        #expect(listing?.message == "cannot list datasets of \"tank\"")
    }

    @Test(arguments: [Int32(2), 127, 255])
    func anyStatusButZeroIsAFailure(status: Int32) async throws {
        let host = FakeZFS(.fails("", status: status, output: "tank\tfilesystem\t-\t/tank\t-\n"))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.datasets() }
        #expect(failure?.code == .zfs && failure?.description.contains("exit status \(status)") == true)
    }

    @Test func aKilledCommandIsAFailure() async throws {
        let host = FakeZFS(CommandOutcome(ending: .signaled(9)))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.datasets() }
        #expect(failure?.code == .zfs && failure?.description.contains("killed by signal 9") == true)
    }

    @Test func aHostWithoutZFSSaysSo() async throws {
        let host = FakeZFS { _, _ in throw Failure(.commandNotFound, "cannot find the program \"zfs\"") }
        let failure = await #expect(throws: Failure.self) { try await host.zfs.datasets() }
        #expect(failure?.code == .commandNotFound)
    }

    @Test func unmountingWhatIsNotMountedIsFine() async throws {
        let host = FakeZFS(.fails("cannot unmount 'tank/a': not currently mounted\n"))
        try await host.zfs.unmount(dataset("tank/a"))
        #expect(host.calls == [["zfs", "unmount", "tank/a"]])
    }

    @Test func unmountingWhatIsInUseIsNot() async throws {
        let host = FakeZFS(.fails("cannot unmount '/tank/a': unmount failed\n"))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.unmount(dataset("tank/a")) }
        #expect(failure?.code == .datasetBusy)
    }
}
