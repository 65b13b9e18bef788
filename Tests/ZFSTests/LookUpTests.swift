import Failure
import Host
import Testing
import ZFS

/// Things looked up by name, some of which are not there: `zfs` complains of those and fails all the same.
@Suite struct LookUpTests {
    private static let datasetLine = "tank/a\tfilesystem\ttank/base@final\t/tank/a\t-\n"
    private static let snapshotLine = "tank/a@final\tsnapshot\t-\t-\t-\n"

    @Test func aDatasetComesWithTheSnapshotsThatWereAskedFor() async throws {
        let other = "tank/a@other\tsnapshot\t-\t-\t-\n"
        let host = FakeZFS(.prints(LookUpTests.datasetLine + LookUpTests.snapshotLine + other))
        let found = try await host.zfs.dataset(dataset("tank/a"), probing: ["final", "none"])
        #expect(found?.dataset.origin?.description == "tank/base@final" && found?.snapshots == ["final"])
    }

    @Test func aSnapshotThatIsMissingIsNoError() async throws {
        let host = FakeZFS(
            .fails("cannot open 'tank/a@final': dataset does not exist\n", output: LookUpTests.datasetLine))
        let found = try await host.zfs.dataset(dataset("tank/a"), probing: ["final"])
        #expect(found?.dataset.name.description == "tank/a" && found?.snapshots == [])
    }

    @Test(arguments: [
        "cannot open 'tank/a': dataset does not exist\n", "cannot open 'tank': no such pool\n",
        "cannot open 'tank/a': dataset does not exist\ncannot open 'tank/a@final': dataset does not exist\n",
    ])
    func aDatasetThatIsMissingIsNil(complaint: String) async throws {
        let host = FakeZFS(.fails(complaint))
        let found = try await host.zfs.dataset(dataset("tank/a"), probing: ["final"])
        #expect(found?.dataset == nil)
    }

    /// The name of a snapshot alone, or of something else, is not the dataset.
    @Test(arguments: ["", snapshotLine, "tank/ab\tfilesystem\t-\t/tank/ab\t-\n", "tank/a\tbookmark\t-\t-\t-\n"])
    func anotherLineIsNotTheDataset(output: String) async throws {
        let found = try await FakeZFS(.prints(output)).zfs.dataset(dataset("tank/a"), probing: ["final"])
        #expect(found?.dataset == nil)
    }

    /// Only where every complaint is of something missing, and there is one, was the question answered.
    static let failures: [(CommandOutcome.Ending, String)] = [
        (.exited(1), ""), (.exited(1), "\n"), (.exited(1), "internal error\n"),
        (.exited(1), "cannot open 'tank/a': dataset does not exist\ncannot open 'tank/a@final': I/O error\n"),
        (.exited(1), "cannot open 'tank/a': I/O error\ncannot open 'tank/a@final': dataset does not exist\n"),
        (.exited(1), "dataset does not exist, or worse\n"),
        (.exited(2), "cannot open 'tank/a': dataset does not exist\n"),
        (.signaled(9), "cannot open 'tank/a': dataset does not exist\n"), (.signaled(11), ""),
    ]

    @Test(arguments: failures)
    func anyOtherFailureIsOne(ending: CommandOutcome.Ending, complaint: String) async throws {
        let outcome = CommandOutcome(ending: ending, output: Array(LookUpTests.datasetLine.utf8), errorText: complaint)
        let name = try dataset("tank/a")
        let wanted = try [snapshot("tank/a@final")]
        let one = await #expect(throws: ZFSError.self) { try await FakeZFS(outcome).zfs.dataset(name) }
        #expect(one?.message == "cannot look up \"tank/a\"")
        let many = await #expect(throws: ZFSError.self) { try await FakeZFS(outcome).zfs.existing(wanted) }
        #expect(many?.message == "cannot look up snapshots")
    }

    @Test func thoseOfManySnapshotsThatExist() async throws {
        let wanted = try [snapshot("tank/a@final"), snapshot("tank/b@final"), snapshot("tank/c@final")]
        let host = FakeZFS(
            .fails(
                "cannot open 'tank/b@final': dataset does not exist\n", output: "tank/c@final\nodd\ntank/a@final\n"))
        #expect(try await host.zfs.existing(wanted) == [wanted[0], wanted[2]])
    }

    @Test func withoutSnapshotsNothingIsAsked() async throws {
        let host = FakeZFS(.fails("usage\n", status: 2))
        #expect(try await host.zfs.existing([]) == [])
        #expect(host.calls == [])
    }

    /// More names than a vector of arguments holds.
    @Test func manySnapshotsAreAskedForInSeveralCallsEachOnce() async throws {
        let long = String(repeating: "x", count: 240)
        let wanted = try (100_000..<104_000).map { try snapshot("tank/\(long)@\($0)") }
        // Behind the options of each call stand the names.
        let host = FakeZFS { command, _ in .prints(command.arguments.dropFirst(6).joined(separator: "\n")) }
        #expect(try await host.zfs.existing(wanted) == Set(wanted))
        let names = host.calls.flatMap { $0.dropFirst(7) }
        #expect(names == wanted.map(\.description))
        let sizes = host.calls.map { words in words.reduce(0) { $0 + $1.utf8.count + 9 } }
        #expect(sizes.count > 1 && sizes.allSatisfy { $0 < 1 << 20 })
    }
}
