import CHost
public import Failure
import Glibc
public import SystemPackage

/// Whole small files: read with a limit, written so that a crash leaves the old or the new one.
public enum HostFile {
    /// The bytes of a file, or nil if there is none.
    ///
    /// - Parameter limit: the most bytes it may have.
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func read(_ path: FilePath, limit: Int = 64 << 20) throws -> [UInt8]? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw failure("cannot open", path, error)
        }
        defer { try? file.close() }
        do {
            let size = try file.stat()
            guard size.type != .directory else { throw Errno.isDirectory }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(min(limit, max(0, Int(size.size))) + 1)
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return bytes }
                bytes.append(contentsOf: chunk[..<count])
                guard bytes.count <= limit else { throw Errno.fileTooLarge }
            }
        } catch {
            throw failure("cannot read", path, error)
        }
    }

    /// The first bytes of a file; fewer where it has fewer.
    public static func readHead(_ path: FilePath, count: Int) throws -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
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
    /// writer. Two writers at a time must be kept apart by a lock.
    public static func write(
        _ bytes: [UInt8], to path: FilePath, mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws {
        let folder = path.removingLastComponent()
        try makeFolder(folder)
        let temporary = temporary(path)
        do {
            let file = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow], permissions: mode)
            do {
                try file.writeAll(bytes)
                try sync(file)
                try file.close()
            } catch {
                try? file.close()
                throw error
            }
            try rename(temporary, to: path)
            try syncFolder(folder)
        } catch {
            _ = try? remove(temporary)
            throw failure("cannot write", path, error)
        }
    }

    /// Where the content of a file is before it replaces the old one.
    public static func temporary(_ path: FilePath) -> FilePath { FilePath("\(path).tmp") }

    /// Makes a folder and those above it.
    public static func makeFolder(_ path: FilePath) throws {
        guard !path.isEmpty else { return }
        if unsafe path.withPlatformString({ unsafe mkdir($0, 0o755) }) == 0 { return }
        switch Errno(rawValue: errno) {
        case .fileExists: return
        case .noSuchFileOrDirectory where !path.removingLastComponent().isEmpty:
            try makeFolder(path.removingLastComponent())
            if unsafe path.withPlatformString({ unsafe mkdir($0, 0o755) }) == 0 || errno == EEXIST { return }
            throw failure("cannot make folder", path, Errno(rawValue: errno))
        case let other: throw failure("cannot make folder", path, other)
        }
    }

    /// Removes a file; false if there was none.
    @discardableResult
    public static func remove(_ path: FilePath) throws -> Bool {
        if unsafe path.withPlatformString({ unsafe unlink($0) }) == 0 { return true }
        let error = Errno(rawValue: errno)
        if error == .noSuchFileOrDirectory || error == .notDirectory { return false }
        throw failure("cannot remove", path, error)
    }

    /// A path that does not count from the current folder.
    public static func absolute(_ path: FilePath) -> FilePath {
        guard path.isRelative else { return path }
        var buffer = [CChar](repeating: 0, count: 4097)
        guard unsafe getcwd(&buffer, 4096) != nil else { return path }
        return FilePath(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            .pushing(path)
    }

    /// Removes an empty folder; one that is not, or not there, stays as it is.
    public static func removeFolder(_ path: FilePath) { _ = unsafe path.withPlatformString { unsafe rmdir($0) } }

    public static func exists(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe access($0, F_OK) } == 0
    }

    /// The bytes of a file, or nil if there is no such file.
    public static func size(_ path: FilePath) -> Int64? {
        try? path.stat(followTargetSymlink: false).size
    }

    /// Renames a file, replacing what is there.
    public static func rename(_ from: FilePath, to: FilePath) throws {
        let result = unsafe from.withPlatformString { old in
            unsafe to.withPlatformString { new in unsafe Glibc.rename(old, new) }
        }
        if result != 0 { throw failure("cannot rename \(from) to", to, Errno(rawValue: errno)) }
    }

    /// The names in a folder, without `.` and `..`; none if there is no such folder.
    public static func names(in folder: FilePath) -> [String] {
        guard let stream = unsafe folder.withPlatformString({ unsafe opendir($0) }) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Bytes free for this user on the file system of a folder, or nil if that cannot be told.
    public static func freeSpace(at path: FilePath) -> UInt64? {
        var bytes: UInt64 = 0
        let failed = unsafe path.withPlatformString { unsafe chost_free_space($0, &bytes) }
        return failed == 0 ? bytes : nil
    }

    /// Claims an open file as long as it stays open, against other processes that ask by this too; false if one of them has
    /// it.
    public static func claim(_ file: FileDescriptor) -> Bool { chost_try_lock(file.rawValue) == 0 }

    /// Flushes an open file to the disk.
    public static func sync(_ file: FileDescriptor) throws {
        let failed = chost_sync(file.rawValue)
        if failed != 0 { throw Errno(rawValue: failed) }
    }

    /// Flushes a folder's entries to the disk, so that a rename in it outlives a power cut.
    public static func syncFolder(_ folder: FilePath) throws {
        let open = try FileDescriptor.open(
            folder.isEmpty ? "." : folder, .readOnly, options: [.directory, .closeOnExec])
        defer { try? open.close() }
        try sync(open)
    }

    /// A failure of the file system, as text that names the file.
    public static func failure(_ doing: String, _ path: FilePath, _ error: any Error) -> Failure {
        if let failure = error as? Failure { return failure }
        let denied = (error as? Errno).map { [.permissionDenied, .notPermitted].contains($0) } ?? false
        return Failure(
            denied ? .permissionDenied : .fileSystem, "\(doing) \"\(path)\"", cause: error,
            hint: denied ? "run as root, or set IMGADM_ROOT to a folder of your own" : nil)
    }
}
