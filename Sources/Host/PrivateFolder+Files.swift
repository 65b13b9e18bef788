import CHost
import Failure
import Glibc
public import SystemPackage

/// Files of a private folder, each by its name alone.
extension PrivateFolder {
    /// A path to a file that leads through the open handle, for what needs one: also for programs that we run as the same
    /// user. It is good as long as this object lives.
    public func path(of name: String) -> FilePath {
        FilePath("/proc/\(getpid())/fd/\(folder.rawValue)").appending(name)
    }

    /// Opens a file for reading and writing.
    ///
    /// - Parameter create: it is made if there is none, with mode 0600.
    /// - Returns: nil if there is none.
    /// - Throws: `FileSystemError`, also for what is no file of ours; `PermissionDenied`.
    public func open(_ name: String, create: Bool = false) throws -> FileDescriptor? {
        do {
            try check(name)
            let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (create ? O_CREAT : 0)
            let handle = unsafe chost_openat(folder.rawValue, name, flags, 0o600)
            guard handle >= 0 else {
                if errno == ENOENT && !create { return nil }
                throw errno == ELOOP ? HostFile.UnexpectedFile(.symbolicLink) : Errno(rawValue: errno)
            }
            let file = FileDescriptor(rawValue: handle)
            do {
                let stat = try file.stat()
                guard stat.type == .regular else { throw HostFile.UnexpectedFile(stat.type) }
                return file
            } catch {
                try? file.close()
                throw error
            }
        } catch {
            throw HostFile.failure("cannot open", path.appending(name), error)
        }
    }

    /// The bytes of a file, or nil if there is none.
    ///
    /// - Throws: as `open`, and `FileSystemError` for a file longer than `limit` bytes.
    public func read(_ name: String, limit: Int) throws -> [UInt8]? {
        guard let file = try open(name) else { return nil }
        defer { try? file.close() }
        do {
            return try HostFile.readAll(file, limit: limit)
        } catch {
            throw HostFile.failure("cannot read", path.appending(name), error)
        }
    }

    /// Bytes of a file and when it was last written, in seconds since 1970; nil if there is none, or it is no file.
    public func status(_ name: String) throws -> (size: Int64, modified: Int64)? {
        try check(name)
        var there = stat()
        guard unsafe fstatat(folder.rawValue, name, &there, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw HostFile.failure("cannot look at", path.appending(name), Errno(rawValue: errno))
        }
        guard there.st_mode & S_IFMT == S_IFREG else { return nil }
        return (Int64(there.st_size), Int64(there.st_mtim.tv_sec))
    }

    /// The names of all that is there.
    public func names() throws -> [String] {
        do {
            // Another handle of the same folder: a copy of ours would share its place in the list.
            let handle = unsafe chost_openat(folder.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
            guard handle >= 0 else { throw Errno(rawValue: errno) }
            return try HostFile.names(in: FileDescriptor(rawValue: handle))
        } catch {
            throw HostFile.failure("cannot read folder", path, error)
        }
    }

    /// Renames a file, replacing what is there, so that a power cut does not undo it.
    public func rename(_ old: String, to new: String) throws {
        do {
            try check(old)
            try check(new)
            guard unsafe renameat(folder.rawValue, old, folder.rawValue, new) == 0 else { throw Errno(rawValue: errno) }
            try HostFile.syncFolder(folder)
        } catch {
            throw HostFile.failure("cannot rename \"\(path.appending(old))\" to", path.appending(new), error)
        }
    }

    /// Removes a file, so that it stays removed after a power cut; false if there was none.
    @discardableResult
    public func remove(_ name: String) throws -> Bool {
        do {
            try check(name)
            guard unsafe unlinkat(folder.rawValue, name, 0) == 0 else {
                if errno == ENOENT { return false }
                throw Errno(rawValue: errno)
            }
            try HostFile.syncFolder(folder)
            return true
        } catch {
            throw HostFile.failure("cannot remove", path.appending(name), error)
        }
    }

    /// One component, so that nothing leads out of the folder.
    private func check(_ name: String) throws(Failure) {
        guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.contains("\0") else {
            throw Failure(.internalError, "\"\(name)\" is no name of a file")
        }
    }
}
