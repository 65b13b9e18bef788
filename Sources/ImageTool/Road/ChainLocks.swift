import Host
import ImageModel
import ImageStore
import ZFS

/// An image that others build on was deleted between the plan and its lock.
struct OriginGone: Error { let uuid: ImageUUID }

/// The locks of an import: those of the images that it installs, and those that it builds on, held so that nobody deletes
/// them. All are in one open file, however long the chain is; of the lock files that other tools know, it has the image's own
/// and that of the one which is being installed.
final class ChainLocks: Sendable {
    private let table: PoolLocks
    private let file: FileLock

    init(of head: ImageUUID, in pool: PoolName, _ store: ImageStore, _ report: Report) async throws {
        table = try await store.locks(of: pool)
        file = try await store.lockFile(head) { report.waiting(for: head, $0) }
    }

    /// Takes the lock of an image that is to be installed.
    ///
    /// - Returns: false if it is installed by now; it is held then.
    func take(_ uuid: ImageUUID, _ report: Report, isThere: () async throws -> Bool) async throws -> Bool {
        let mode = try await table.takingToInstall(uuid, waiting: { report.waiting(for: uuid, $0) }, isThere: isThere)
        guard mode == .exclusive else { return false }
        guard try await isThere() else { return true }
        try hold(uuid)
        return false
    }

    /// Holds an image that is installed.
    ///
    /// - Throws: `OriginGone` if it is not any more.
    func hold(_ uuid: ImageUUID, _ report: Report, isThere: () async throws -> Bool) async throws {
        try await table.taking(uuid, .shared) { report.waiting(for: uuid, $0) }
        guard try await isThere() else { throw OriginGone(uuid: uuid) }
    }

    /// An image whose lock was taken is installed: others may build on it, and nobody may delete it.
    func hold(_ uuid: ImageUUID) throws { _ = try table.tryTaking(uuid, .shared) }

    /// Gives everything back; what is held in the open file goes with it.
    func release() { file.release() }
}
