public import Host
public import ImageModel

/// The lock of an image's files in the download folder. They are there once, whatever the pools are that the image is to come to, so that no
/// lock of an image on its pool keeps two commands from them.
///
/// It is taken after all locks of images, in the table and of files, and nothing is waited for while it is held but the download itself.
public final class DownloadLock: Sendable {
    private let table: LockTable
    private let number: Int64

    init(_ table: LockTable, _ number: Int64) {
        self.table = table
        self.number = number
    }

    public func release() { table.release(number) }
}

extension ImageStore {
    /// Takes the lock of an image's download, waiting for it.
    ///
    /// - Parameter waiting: called once, when the wait has lasted a second, with those who have it.
    /// - Throws: `LockTimeout`; `UnsafeFolder`, `FileSystemError`, `PermissionDenied`.
    public func lockDownload(_ uuid: ImageUUID, waiting: ([LockHolder]) -> Void) async throws -> DownloadLock {
        let (table, number) = try download(uuid)
        try await table.wait(for: number, of: "the download of image \(uuid)", limit: lockPatience)(waiting) {
            () -> Void? in try table.tryTaking(number, .exclusive) ? () : nil
        }
        return DownloadLock(table, number)
    }

    /// Takes the lock of an image's download if it is free.
    public func tryLockDownload(_ uuid: ImageUUID) throws -> DownloadLock? {
        let (table, number) = try download(uuid)
        return try table.tryTaking(number, .exclusive) ? DownloadLock(table, number) : nil
    }

    /// Of its own opening of the table, so that tasks of one process meet in it, too.
    private func download(_ uuid: ImageUUID) throws -> (LockTable, Int64) {
        // Another state root has its files elsewhere. No pool has the guid 0.
        (try LockTable(in: HostRoot.sharedLocks), PoolLocks.number("download \(root.downloads)/\(uuid)", guid: 0))
    }
}
