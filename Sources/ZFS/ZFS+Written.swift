import Failure
import Host
import Logging

/// Whether a dataset is still what it was at a snapshot.
extension ZFS {
    /// Bytes that were written to datasets since their snapshot of that name, as far as both are there; nil where this ZFS keeps no
    /// such account (zfs-fuse; it came to illumos in 2011).
    public func written(since snapshot: String, to names: [DatasetName]) async throws -> [DatasetName: UInt64]? {
        do {
            return try await numbers("written@\(snapshot)", of: names)
        } catch let error as ZFSError where error.kind == .noProperty { return nil }
    }

    /// Has what was written to a pool go to its disks, so that the accounts are of now.
    ///
    /// - Returns: false where this ZFS cannot be told to do that (zfs-fuse): its accounts of what is mounted lag by half a minute.
    @discardableResult
    public func flush(_ pool: PoolName) async throws -> Bool {
        let outcome = try await runner.run(Command("zpool", ["sync", pool.description]))
        if !outcome.succeeded { log.info("zpool sync failed", metadata: ["said": "\(outcome.errorText.prefix(300))"]) }
        return outcome.succeeded
    }

    /// Whether datasets refer to more or less than these snapshots of them do, as far as both are there: something was written
    /// then. Where the sizes are the same, something else of the same size may have been.
    public func differInSize(from snapshots: [SnapshotName]) async throws -> [DatasetName: Bool] {
        let told = try await told(
            ["referenced"], of: snapshots.flatMap { [$0.dataset.description, $0.description] },
            doing: "compare datasets with their snapshots")
        var differ: [DatasetName: Bool] = [:]
        for snapshot in snapshots {
            guard let now = told[snapshot.dataset.description]?["referenced"],
                let then = told[snapshot.description]?["referenced"]
            else { continue }
            differ[snapshot.dataset] = now.value != then.value
        }
        return differ
    }

    /// The snapshot that `differs` takes for a moment; of a run that was killed then, it may be left.
    public static let probe = "imgadm-probe"

    /// Finds out by a stream of the differences, where ZFS does not tell otherwise; one of nothing has two records, its
    /// beginning and its end, of 312 bytes each (dmu_replay_record). It takes a snapshot for that, and destroys it.
    public func differs(from snapshot: SnapshotName) async throws -> Bool {
        guard let probe = snapshot.dataset.snapshot(ZFS.probe) else { return true }
        return try await uncancelled {
            try await destroy(probe)
            try await self.snapshot(probe)
            do {
                let differs = try await self.differs(probe, from: snapshot)
                try await destroy(probe)
                return differs
            } catch {
                try await destroy(probe)
                throw error
            }
        }
    }

    /// Whether a snapshot differs from an earlier one of its dataset, by the same stream.
    public func differs(_ snapshot: SnapshotName, from earlier: SnapshotName) async throws -> Bool {
        try await withTaskExecutorPreference(DedicatedThread("probe")) {
            try await send(snapshot, from: earlier) { output in
                var size = 0
                // It is read to its end, so that it ends well.
                while case let bytes = try output.read(64 << 10), !bytes.isEmpty {
                    size = min(size + bytes.count, 1 << 30)
                }
                return size > 2 * 312
            }
        }
    }
}
