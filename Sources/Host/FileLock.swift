import CHost
import Failure
import Glibc
public import SystemPackage

/// A lock file that one process holds at a time and that dies with its holder, however that ends.
///
/// The kernel's lock on the open file is what counts, never the file's being there. The file is removed while
/// the lock is still held; whoever opened it before that finds, once it has the lock, that the path leads to
/// another file or none, and starts again.
public final class FileLock: Sendable {
    public let path: FilePath
    private let file: FileDescriptor

    private init(path: FilePath, file: FileDescriptor) {
        self.path = path
        self.file = file
    }

    /// Takes the lock if it is free.
    ///
    /// - Returns: nil if another holds it, or a command that a dead holder had started is still at work.
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func tryTaking(_ path: FilePath) throws -> FileLock? {
        try HostFile.makeFolder(path.removingLastComponent())
        while true {
            let file: FileDescriptor
            do {
                file = try FileDescriptor.open(
                    path, .readWrite, options: [.create, .closeOnExec, .noFollow, .nonBlocking],
                    permissions: [.ownerReadWrite])
            } catch {
                throw HostFile.failure("cannot open lock file", path, error)
            }
            let failed = chost_try_lock(file.rawValue)
            guard failed == 0 else {
                try? file.close()
                if failed == EWOULDBLOCK { return nil }
                throw HostFile.failure("cannot lock", path, Errno(rawValue: failed))
            }
            do {
                let held = try file.stat()
                guard held.type == .regular else { throw HostFile.UnexpectedFile(held.type) }
                if try FileIdentity(path, followingLinks: false) == FileIdentity(held) {
                    guard try commandsOfTheDead(file).isEmpty else {
                        try? file.close()
                        return nil
                    }
                    let lock = FileLock(path: path, file: file)
                    lock.noteHolder(file)
                    return lock
                }
                try? file.close()
            } catch {
                try? file.close()
                throw HostFile.failure("cannot lock", path, error)
            }
        }
    }

    /// Takes the lock, waiting for it.
    ///
    /// - Parameters:
    ///   - limit: how long.
    ///   - waiting: called once, when the wait has lasted a second, with those who have it, as far as that can be seen.
    /// - Throws: `LockTimeout`; as `tryTaking`.
    public static func taking(
        _ path: FilePath, limit: Duration = LockWait.longest, waiting: ([LockHolder]) -> Void
    ) async throws -> FileLock {
        let wait = LockWait(for: "\"\(path)\"", limit: limit) { try holders(of: path) }
        return try await wait(waiting) { try tryTaking(path) }
    }

    /// Gives the lock back and removes its file.
    public func release() {
        // A file that stays is swept by a later run: the kernel's lock is what counts.
        _ = try? HostFile.unlink(path)
        try? file.close()
    }

    /// Removes a lock file that a dead process left behind; one that is held stays. So does an empty one for a minute: whoever has just
    /// made it is about to lock it, and would find it taken.
    public static func sweep(_ path: FilePath) {
        // One that cannot be looked at, or be taken away, does no harm.
        guard let mark = try? FileMark(path, followingLinks: false) else { return }
        if mark.size == 0, let age = mark.modified.age, (0..<60_000).contains(age) { return }
        (try? tryTaking(path))?.release()
    }
}
