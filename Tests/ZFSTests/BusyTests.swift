import Failure
import TestClock
import Testing
import Time
import ZFS

/// A dataset that was just mounted or received into is busy for a moment.
@Suite(.timeLimit(.minutes(20))) struct BusyTests {
    private static let complaint = "cannot do that to 'tank/a': dataset is busy\n"

    private func host() -> FakeZFS {
        FakeZFS(.fails(BusyTests.complaint), .fails(BusyTests.complaint), .prints(""))
    }

    private func check(_ words: String..., by work: (ZFS) async throws -> Void) async throws {
        let host = host()
        try await work(host.zfs)
        #expect(host.calls == Array(repeating: ["zfs"] + words, count: 3))
    }

    @Test func aChangeIsTriedAgainUntilTheDatasetIsFree() async throws {
        try await check("destroy", "tank/a") { try await $0.destroy(dataset("tank/a")) }
        try await check("unmount", "tank/a") { try await $0.unmountWhenFree(dataset("tank/a")) }
        try await check("rename", "tank/a", "tank/b") { try await $0.rename(dataset("tank/a"), to: dataset("tank/b")) }
        try await check("rename", "tank/a@x", "tank/a@y") {
            try await $0.rename(snapshot("tank/a@x"), to: snapshot("tank/a@y"))
        }
    }

    private func checkOnce(_ work: (ZFS) async throws -> Void) async throws {
        let host = host()
        let failure = await #expect(throws: ZFSError.self) { try await work(host.zfs) }
        #expect(failure?.code == .datasetBusy && host.calls.count == 1)
    }

    @Test func whatDoesNotWaitFailsAtOnce() async throws {
        try await checkOnce { try await $0.unmount(dataset("tank/a")) }
        try await checkOnce { try await $0.mount(dataset("tank/a")) }
        try await checkOnce { try await $0.create(dataset("tank/a")) }
        try await checkOnce { try await $0.snapshot(snapshot("tank/a@final")) }
    }

    @Test(arguments: [
        "cannot open 'tank/a': dataset does not exist\n", "cannot destroy 'tank/a': filesystem has dependent clones\n",
        "cannot destroy 'tank/a': permission denied\n", "anything else\n", "",
    ])
    func onlyABusyDatasetIsWaitedFor(complaint: String) async throws {
        let host = FakeZFS(.fails(complaint), .prints(""))
        await #expect(throws: ZFSError.self) { try await host.zfs.destroy(dataset("tank/a")) }
        #expect(host.calls.count == 1)
    }

    @Test func whatComesAfterTheWaitIsTold() async throws {
        let host = FakeZFS(.fails(BusyTests.complaint), .fails("cannot open 'tank/a': dataset does not exist\n"))
        let failure = await #expect(throws: ZFSError.self) { try await host.zfs.destroy(dataset("tank/a")) }
        #expect(failure?.code == .datasetNotFound && host.calls.count == 2)
    }

    @Test func whatStaysBusyIsGivenUpAfterEightSeconds() async throws {
        let (host, clock) = (FakeZFS(.fails(BusyTests.complaint)), SteppingClock())
        let failure = await #expect(throws: ZFSError.self) {
            try await host.zfs(by: clock).unmountWhenFree(dataset("tank/a"))
        }
        #expect(failure?.code == .datasetBusy && clock.waits.reduce(.zero, +) == .seconds(8))
    }

    @Test func theWaitEndsWhenTheTaskIsCancelled() async throws {
        let host = FakeZFS(.fails(BusyTests.complaint))
        let name = try dataset("tank/a")
        let task = Task { try await host.zfs(by: .real).destroy(name) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!host.calls.isEmpty)
    }
}
