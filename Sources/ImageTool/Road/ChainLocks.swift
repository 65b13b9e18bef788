import Host
import ImageModel
import ImageStore
import Synchronization
import ZFS

/// An image that others build on was deleted between the plan and its lock.
struct OriginGone: Error { let uuid: ImageUUID }

/// The locks of an import: those of the images that it installs, and those that it builds on, held so that nobody deletes
/// them. All are in one open file, however long the chain is; of the lock files that other tools know, it has the image's own
/// and that of the one which is being installed.
///
/// An image is looked at once it is locked, and what was seen then is kept: it stays so. Its lock file is taken after its lock
/// in the table (`ImageLock`): two imports of one chain, begun at different images of it, would otherwise wait for each other.
final class ChainLocks: Sendable {
    private let table: PoolLocks
    private let head: ImageUUID
    private let headFile = Mutex<FileLock?>(nil)
    private let store: ImageStore
    private let pool: PoolName
    private let seen = Mutex(Seen())

    private struct Seen {
        /// Images of which nothing was there.
        var clear: Set<ImageUUID> = []
        /// The guids of `@final` of images that were held.
        var guids: [ImageUUID: UInt64] = [:]
    }

    init(of head: ImageUUID, in pool: PoolName, _ store: ImageStore) async throws {
        table = try await store.locks(of: pool)
        self.head = head
        self.store = store
        self.pool = pool
    }

    /// Takes the locks of images that are to be installed, child first, and holds what they build on, if none of that has to
    /// be waited for, nor the first one's lock file, and all is as it was planned. One look at all of them tells.
    ///
    /// - Returns: false if nothing was taken: then it is to be done one by one.
    func takeAll(_ uuids: [ImageUUID], buildingOn origin: ImageUUID?) async throws -> Bool {
        var taken: [ImageUUID] = []
        func take(_ uuid: ImageUUID, _ mode: LockTable.Mode) throws -> Bool {
            guard try table.tryTaking(uuid, mode) else { return false }
            taken.append(uuid)
            return true
        }
        func takeAndLook() async throws -> Bool {
            guard try uuids.allSatisfy({ try take($0, .exclusive) }), try origin.map({ try take($0, .shared) }) ?? true
            else { return false }
            guard let file = try store.tryLockFile(head) else { return false }
            headFile.withLock { $0 = file }
            let look = try await look(for: taken)
            return uuids.allSatisfy { look.images[$0] == nil } && origin.map { look.images[$0] != nil } ?? true
        }
        let isTaken: Bool
        do {
            isTaken = try await takeAndLook()
        } catch {
            giveBack(taken)
            throw error
        }
        if !isTaken { giveBack(taken) }
        return isTaken
    }

    private func giveBack(_ taken: [ImageUUID]) {
        release()
        taken.forEach(table.release)
    }

    /// Takes the lock of an image that is to be installed, and of the one that was asked for the lock file.
    ///
    /// - Returns: false if it is installed by now; it is held then.
    func take(_ uuid: ImageUUID, _ report: Report) async throws -> Bool {
        let mode = try await table.takingToInstall(
            uuid, waiting: { report.waiting(for: uuid, $0) }, isThere: { try await isThere(uuid) })
        guard mode == .exclusive else { return false }
        if uuid == head {
            let file = try await store.lockFile(uuid) { report.waiting(for: uuid, $0) }
            headFile.withLock { $0 = file }
        }
        guard try await isThere(uuid) else { return true }
        try hold(uuid)
        return false
    }

    /// Holds an image that is installed.
    ///
    /// - Throws: `OriginGone` if it is not any more.
    func hold(_ uuid: ImageUUID, _ report: Report) async throws {
        try await table.taking(uuid, .shared) { report.waiting(for: uuid, $0) }
        guard try await isThere(uuid) else { throw OriginGone(uuid: uuid) }
    }

    /// An image whose lock was taken is installed: others may build on it, and nobody may delete it.
    func hold(_ uuid: ImageUUID) throws { _ = try table.tryTaking(uuid, .shared) }

    /// What an installation need not look at.
    ///
    /// - Parameter origin: what the image builds on.
    func seen(_ uuid: ImageUUID, buildingOn origin: ImageUUID?) -> ImageToInstall.Seen {
        seen.withLock { all in
            var seen = ImageToInstall.Seen()
            seen.isClear = all.clear.contains(uuid)
            seen.originGUID = origin.flatMap { all.guids[$0] }
            return seen
        }
    }

    /// Notes by what an image is known that was installed under its lock.
    func note(_ made: MadeContent, of uuid: ImageUUID) {
        seen.withLock { seen in
            seen.clear.remove(uuid)
            seen.guids[uuid] = made.image?.snapshotGUID
        }
    }

    /// Takes the lock file of an image whose lock is taken.
    ///
    /// - Returns: nil if it is installed by now: another tool had the file, and it is held.
    func takeFile(of uuid: ImageUUID, _ report: Report) async throws -> FileLock? {
        if let file = try store.tryLockFile(uuid) { return file }
        let file = try await store.lockFile(uuid) { report.waiting(for: uuid, $0) }
        do {
            guard try await isThere(uuid) else { return file }
            try hold(uuid)
        } catch {
            file.release()
            throw error
        }
        file.release()
        return nil
    }

    /// Gives the lock file back; what is held in the open table goes with that.
    func release() {
        headFile.withLock { file in
            file?.release()
            file = nil
        }
    }

    private func isThere(_ uuid: ImageUUID) async throws -> Bool { try await look(for: [uuid]).images[uuid] != nil }

    private func look(for uuids: [ImageUUID]) async throws -> ImageStore.Look {
        let look = try await store.look(for: uuids, in: pool)
        for uuid in uuids {
            let isClear = try await store.isClear(uuid, in: look)
            let guid = try look.finalGUID(of: uuid)
            seen.withLock { seen in
                if isClear { seen.clear.insert(uuid) } else { seen.clear.remove(uuid) }
                seen.guids[uuid] = guid
            }
        }
        return look
    }
}
