import CHost
import Glibc
public import SystemPackage

/// A lock of a folder, on its own handle: nothing is made for it, whoever can read the folder can take it, and it dies with its holder.
public final class FolderLock: Sendable {
    private let folder: FileDescriptor
    /// False where the file system knows no locks of folders: then nothing keeps others out.
    public let isHeld: Bool

    private init(_ folder: FileDescriptor, isHeld: Bool) {
        self.folder = folder
        self.isHeld = isHeld
    }

    /// Takes the lock if it is free.
    ///
    /// - Returns: nil if another has it.
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func tryTaking(_ path: FilePath) throws -> FolderLock? {
        while true {
            do {
                let folder = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
                do {
                    let failed = chost_try_lock(folder.rawValue)
                    if failed == EWOULDBLOCK {
                        try folder.close()
                        return nil
                    }
                    // Somebody may have put another folder in its place.
                    if try FileIdentity(path, followingLinks: true) == FileIdentity(folder) {
                        return FolderLock(folder, isHeld: failed == 0)
                    }
                } catch {
                    try? folder.close()  // what went wrong is told already
                    throw error
                }
                try folder.close()
            } catch {
                throw HostFile.failure("cannot lock folder", path, error)
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
        _ path: FilePath, limit: Duration, waiting: ([LockHolder]) -> Void
    ) async throws -> FolderLock {
        let wait = LockWait(for: "folder \"\(path)\"", limit: limit, hint: "see what that does, and try again") {
            try LockHolder.all(of: path, byte: nil)
        }
        return try await wait(waiting) { try tryTaking(path) }
    }

    /// Gives the lock back: once.
    public func release() {
        // It goes with its last handle, which closing takes away whatever it says.
        try? folder.close()
    }
}
