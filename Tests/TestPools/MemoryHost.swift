public import Host
public import ImageModel
public import ImageStore
import SystemPackage
import TestHost
import VirtualMachines
public import ZFS

/// A host with a pool in memory and its state in a folder of its own, which goes with it.
public final class MemoryHost {
    public let pools: MemoryZFS
    public let root: HostRoot
    public let pool: PoolName
    private let folder: FilePath

    /// A VM manager without VMs.
    private struct NoMachines: VirtualMachineRoots {
        func rootFolders() async throws -> Set<String> { [] }
    }

    /// - Parameter pools: those of another state root.
    public init(sharing pools: MemoryZFS = MemoryZFS(pools: ["tank", "other"])) throws {
        self.pools = pools
        folder = TestFolder.make("store")
        root = HostRoot(folder)
        pool = try PoolName(checking: "tank")
        try HostFile.makeFolder(root.records)
    }

    deinit { TestFolder.remove(folder) }

    /// Another run of the program on this host. A lock that was given back is held for a moment more by a command that another test of
    /// this process is just starting.
    public var store: ImageStore {
        ImageStore(
            root: root, runner: pools, zfs: pools.zfs, machines: NoMachines(), lockPatience: .seconds(10),
            log: MemoryZFS.silent)
    }

    /// The UUIDs of the images, as another run lists them.
    public func images() async throws -> Set<ImageUUID> { Set(try await store.images(in: pool).map(\.uuid)) }

    /// The names of the records.
    public func records() throws -> Set<String> { Set(try HostFile.names(in: root.records)) }
}
