public import ImageModel
import Time
public import ZFS

/// The lock of a machine of which an image is being made. Like those of images it is found by the pool's guid, so that runs meet in
/// it wherever they have their state.
public final class MachineLock: Sendable {
    private let table: PoolLocks
    private let machine: ImageUUID

    fileprivate init(_ table: PoolLocks, _ machine: ImageUUID) {
        self.table = table
        self.machine = machine
    }

    public func release() { table.releaseMachine(machine) }
}

extension ImageStore {
    /// Takes the lock of a machine if it is free, or as soon as a holder that is at its end is gone; nil if another has it.
    public func tryLockMachine(_ machine: ImageUUID, in pool: PoolName) async throws -> MachineLock? {
        let table = try await locks(of: pool)
        let isTaken = try await ImageStore.ending.until(by: .real) { try table.tryTakingMachine(machine) }
        return isTaken ? MachineLock(table, machine) : nil
    }
}
