import CHost
public import Failure
import Glibc
public import SystemPackage

/// Whole small files: read with a limit, written so that a crash leaves the old or the new one.
public enum HostFile {
    /// The bytes of a file, or nil if there is none.
    ///
    /// - Parameters:
    ///   - limit: the most bytes it may have.
    ///   - origin: who may have put it there, and so what it may be.
    /// - Throws: `FileSystemError`, also for what is no file or is longer; `PermissionDenied`.
    public static func read(
        _ path: FilePath, limit: Int = 64 << 20, from origin: Origin = .state
    ) throws -> [UInt8]? {
        guard let file = try open(path, from: origin) else { return nil }
        defer { try? file.close() }
        do {
            return try readAll(file, limit: limit)
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            throw failure("cannot read", path, error)
        }
    }

    /// The bytes of a file that was named for this one command; nil if there is none. It may be a pipe that has nothing to say
    /// yet, so this waits on a thread of its own, and can be cancelled.
    ///
    /// - Throws: `FileSystemError`, also for what is longer than the limit; `PermissionDenied`; `CancellationError`.
    public static func readHandedOver(_ path: FilePath, limit: Int) async throws -> [UInt8]? {
        try await withTaskExecutorPreference(DedicatedThread("input")) {
            try read(path, limit: limit, from: .handedOver)
        }
    }

    /// The bytes of an open file.
    ///
    /// - Throws: `Errno`; `EFBIG` for what is longer than the limit, before anything of it is read if its size tells so;
    ///   `CancellationError` while it waits for a pipe.
    static func readAll(_ file: FileDescriptor, limit: Int) throws -> [UInt8] {
        let status = try file.stat()
        let size = status.size
        guard size <= Int64(limit) else { throw Errno.fileTooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(clamping: max(0, size)))
        // A small file is read a thousand times in a row: there is one of each image.
        let step = status.type == .regular ? min(64 << 10, max(512, Int(clamping: size) + 1)) : 64 << 10
        var chunk = [UInt8](repeating: 0, count: step)
        while true {
            if status.type != .regular { try file.waitUntilReadable() }
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            if count == 0 { return bytes }
            guard count <= limit - bytes.count else { throw Errno.fileTooLarge }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// The first bytes of a file that somebody named; fewer where it has fewer.
    public static func readHead(_ path: FilePath, count: Int) throws -> [UInt8] {
        guard let file = try open(path, from: .setUp) else {
            throw failure("cannot read", path, Errno.noSuchFileOrDirectory)
        }
        defer { try? file.close() }
        do {
            var bytes = [UInt8](repeating: 0, count: count)
            let read = try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            return Array(bytes[..<read])
        } catch {
            throw failure("cannot read", path, error)
        }
    }

    /// Replaces a file: temporary file beside it, fsync, rename, fsync of the folder (state.md, "Crash safety").
    ///
    /// The temporary file always has the same name, so that one left by a process that was killed is replaced by the next
    /// writer. Two writers at a time must be kept apart by a lock, or give it names of their own, and clear what is left.
    public static func write(
        _ bytes: [UInt8], to path: FilePath, by temporary: FilePath? = nil,
        mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws {
        try makeFolder(path.removingLastComponent())
        let temporary = temporary ?? Self.temporary(path)
        do {
            let file = try make(temporary, mode)
            do {
                try setMode(file, mode)
                try file.writeAll(bytes)
                try sync(file)
                try file.close()
            } catch {
                try? file.close()
                throw error
            }
            try rename(temporary, to: path)
        } catch {
            // The first error counts; what is left has a name that the next writer replaces.
            _ = try? unlink(temporary)
            throw failure("cannot write", path, error)
        }
    }

    /// Makes a file of the user's that is to be renamed once it is whole. A file or a link that has its name goes: it was left by a run that was
    /// killed, or is one of somebody who wants to see or to change what is written.
    ///
    /// It is locked for as long as it is open, so that no other run takes it away, nor a file that one reads
    /// (``sharing(_:)``).
    ///
    /// - Throws: `FileInUse` if another run has it; `FileSystemError`, also for a device, a FIFO or a folder of its name; `PermissionDenied`.
    public static func anew(_ path: FilePath) throws -> FileDescriptor {
        if let found = try FileIdentity(path, followingLinks: false), !found.isRegular, !found.isLink {
            throw Failure(
                .fileSystem, "cannot write \"\(path)\", which is \(found.kind)",
                hint: "take it away, or give the output another name")
        }
        let options: FileDescriptor.OpenOptions = [.noFollow, .nonBlocking, .closeOnExec]
        // What cannot be opened is no file of a run; whether it can be taken away, the next step tells.
        if let existing = try? FileDescriptor.open(path, .readOnly, options: options) {
            defer { try? existing.close() }  // it was not even read
            guard chost_try_lock(existing.rawValue) != EWOULDBLOCK else { throw FileInUse(path) }
        }
        do {
            let file = try make(path, userMode)
            guard chost_try_lock(file.rawValue) != EWOULDBLOCK else {
                try? file.close()  // it is another run's by now
                throw FileInUse(path)
            }
            // The process's own umask is narrower where the user shares his files with a group.
            if !userMode.isDisjoint(with: [.groupWrite, .otherWrite]) { try setMode(file, userMode) }
            return file
        } catch {
            throw failure("cannot write", path, error)
        }
    }

    /// Removes a file that ``anew(_:)`` has made for a run that has ended, so that it stays removed after a power cut. One that another run has
    /// made under its name, and has open, stays; so does one that cannot be opened.
    ///
    /// - Returns: false if nothing was removed.
    @discardableResult
    public static func removeAbandoned(_ path: FilePath) throws -> Bool {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
            defer { try? file.close() }  // it was not even read
            guard chost_try_lock(file.rawValue) != EWOULDBLOCK,
                try FileIdentity(path, followingLinks: false) == FileIdentity(file)
            else { return false }
            return try remove(path)
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory, Errno.permissionDenied {
            return false
        } catch Errno.tooManySymbolicLinkLevels {
            // A link, which no run makes.
            return try remove(path)
        } catch {
            throw failure("cannot remove", path, error)
        }
    }

    /// The mode of the files that a command makes for its user, by the umask that he has called it with. What imgadm keeps for itself
    /// has modes of its own.
    public static var userMode: FilePermissions {
        FilePermissions(rawValue: 0o666).subtracting(FilePermissions(rawValue: chost_user_mask()))
    }

    /// Keeps a file that is read from being taken for one that a run has left unfinished. Where there are no locks, nothing does.
    public static func sharing(_ file: FileDescriptor) { _ = chost_share_lock(file.rawValue) }

    private static func make(_ path: FilePath, _ mode: FilePermissions) throws -> FileDescriptor {
        try unlink(path)
        return try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow], permissions: mode)
    }

    /// Where the content of a file is before it replaces the old one.
    public static func temporary(_ path: FilePath) -> FilePath { FilePath("\(path).tmp") }

    /// Removes a file, so that it stays removed after a power cut; false if there was none.
    @discardableResult
    public static func remove(_ path: FilePath) throws -> Bool {
        do {
            guard try unlink(path) else { return false }
            try syncFolder(path.removingLastComponent())
            return true
        } catch {
            throw failure("cannot remove", path, error)
        }
    }

    /// Removes a name; false if there was none. It may be back after a power cut.
    @discardableResult
    static func unlink(_ path: FilePath) throws(Errno) -> Bool {
        if unsafe path.withPlatformString({ unsafe Glibc.unlink($0) }) == 0 { return true }
        let error = Errno(rawValue: errno)
        if error == .noSuchFileOrDirectory || error == .notDirectory { return false }
        throw error
    }

    /// Renames a file, replacing what is there, so that a power cut does not undo it.
    public static func rename(_ from: FilePath, to: FilePath) throws {
        do {
            let result = unsafe from.withPlatformString { old in
                unsafe to.withPlatformString { new in unsafe Glibc.rename(old, new) }
            }
            if result != 0 { throw Errno(rawValue: errno) }
            let (source, target) = (from.removingLastComponent(), to.removingLastComponent())
            try syncFolder(target)
            if source != target { try syncFolder(source) }
        } catch {
            throw failure("cannot rename \(from) to", to, error)
        }
    }

    /// A ``FileError``, which names the file, of what the file system said; what has been named already stays as it is.
    public static func failure(_ doing: String, _ path: FilePath, _ error: any Error) -> any CodedError {
        if let error = error as? any CodedError { return error }
        return FileError(doing, path, error)
    }

    /// The same of what has no path.
    ///
    /// - Parameter name: what a message calls it, `standard output`.
    public static func failure(_ doing: String, what name: String, _ error: any Error) -> any CodedError {
        if let error = error as? any CodedError { return error }
        return FileError(doing, what: name, error)
    }
}
