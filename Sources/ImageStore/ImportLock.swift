public import Host
public import ImageModel
import SystemPackage

/// The lock under which an image comes or goes. Of a chain, the child's is taken first, then its origin's, and so on,
/// always in that order (state.md, "Files").
extension ImageStore {
    /// Takes an image's lock.
    ///
    /// - Parameter waiting: called once, when the wait has lasted a second.
    public func lock(_ uuid: ImageUUID, waiting: () -> Void) async throws -> FileLock {
        try await FileLock.taking(root.locks.appending("img.\(uuid).import.lock"), waiting: waiting)
    }

    /// Takes an image's lock if it is free.
    public func tryLock(_ uuid: ImageUUID) throws -> FileLock? {
        try FileLock.tryTaking(root.locks.appending("img.\(uuid).import.lock"))
    }

    /// Removes the lock files of dead processes.
    public func sweepLocks() throws {
        for name in try HostFile.names(in: root.locks) where name.hasPrefix("img.") && name.hasSuffix(".import.lock") {
            guard ImageUUID(String(name.dropFirst(4).dropLast(12))) != nil else { continue }
            FileLock.sweep(root.locks.appending(name))
        }
    }
}
