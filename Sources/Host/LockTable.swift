import CHost
import Glibc
public import SystemPackage

/// Locks by number, all of them in one file that every process of this host opens, whatever its state root is.
///
/// A lock belongs to the opening of the file: it dies with its holder, however that ends, and a table holds any number of
/// locks with the one descriptor. The file itself is never removed, so that nobody can hold a lock of a file that is gone.
public final class LockTable: Sendable {
    /// How a lock is held.
    public enum Mode: Int32, Sendable {
        /// Beside others that hold it so.
        case shared = 1
        case exclusive = 2
    }

    private let file: FileDescriptor
    private let path: FilePath

    /// Opens a table; file and folder are made if they are not there.
    ///
    /// - Parameter folder: is to be this user's alone.
    /// - Throws: `UnsafeFolder` where it is somebody else's; `FileSystemError`, `PermissionDenied`.
    public init(in folder: FilePath) throws {
        path = folder.appending("locks")
        guard let opened = try PrivateFolder.making(folder).open("locks", create: true) else {
            throw HostFile.failure("cannot open", path, Errno.noSuchFileOrDirectory)
        }
        file = opened
    }

    deinit { try? file.close() }

    /// Takes a lock if it is free; one that this table holds already is then held in the new mode.
    ///
    /// - Returns: false if another holds it in a way that excludes this one.
    /// - Throws: `FileSystemError`.
    public func tryTaking(_ number: Int64, _ mode: Mode) throws -> Bool {
        let failed = chost_range_lock(file.rawValue, mode.rawValue, number)
        guard failed != 0 else { return true }
        if failed == EWOULDBLOCK { return false }
        throw HostFile.failure("cannot lock", path, Errno(rawValue: failed))
    }

    /// How another holds a lock; nil if it is free.
    public func holder(of number: Int64) throws -> Mode? {
        let found = chost_range_holder(file.rawValue, number)
        guard found < 0 else { return Mode(rawValue: found) }
        throw HostFile.failure("cannot look at the locks in", path, Errno(rawValue: -found))
    }

    /// A wait for a lock.
    ///
    /// - Parameters:
    ///   - what: has the lock, for errors.
    ///   - limit: how long.
    ///   - hint: what to do when it has been waited for so long; nil: the usual.
    public func wait(for number: Int64, of what: String, limit: Duration, hint: String? = nil) -> LockWait {
        LockWait(for: what, limit: limit, hint: hint) { [path] in try LockHolder.all(of: path, byte: number) }
    }

    /// Gives a lock back.
    public func release(_ number: Int64) { _ = chost_range_lock(file.rawValue, 0, number) }
}
