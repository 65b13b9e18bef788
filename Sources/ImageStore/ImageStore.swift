import Failure
public import Host
import ImageModel
public import Logging
import SystemPackage
public import VirtualMachines
public import ZFS

/// The images of this host: what is installed, how one comes in whole, how one goes.
public struct ImageStore: Sendable {
    let root: HostRoot
    let zfs: ZFS
    let runner: any CommandRunner
    let machines: any VirtualMachineRoots
    let records: ImageRecords
    let log: Logger
    let identities = PoolIdentities()
    let hostNotes: HostNotes
    /// How long the lock of an image is waited for.
    let lockPatience: Duration

    public init(
        root: HostRoot, runner: any CommandRunner, zfs: ZFS, machines: any VirtualMachineRoots,
        lockPatience: Duration = LockWait.longest,
        log: Logger
    ) {
        self.root = root
        self.zfs = zfs
        self.runner = runner
        self.machines = machines
        self.lockPatience = lockPatience
        self.log = log
        records = ImageRecords(root: root, log: log)
        hostNotes = HostNotes(log: log)
    }

    /// The quota of a pool's own dataset in bytes, which all images of the pool share; nil if there is none.
    ///
    /// - Throws: `PoolNotFound`.
    public func quota(of pool: PoolName) async throws -> UInt64? {
        guard let found = try await zfs.numbers(["quota"], of: [pool.dataset])[pool.dataset] else {
            throw ZFS.noPool(pool)
        }
        return found["quota"].flatMap { $0 == 0 ? nil : $0 }
    }
}
