import CHost
import Glibc
public import SystemPackage

extension HostFile {
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

    /// Removes an empty folder; one that is not, or not there, or that we may not remove, stays as it is: it harms nobody.
    public static func removeFolder(_ path: FilePath) { _ = unsafe path.withPlatformString { unsafe rmdir($0) } }

    /// The names in a folder, without `.` and `..`; none if there is no such folder.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func names(in folder: FilePath) throws -> [String] {
        do {
            let open = try FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec])
            return try names(in: open)
        } catch Errno.noSuchFileOrDirectory {
            return []
        } catch {
            throw failure("cannot read folder", folder, error)
        }
    }

    /// The names in an open folder, which is closed.
    static func names(in folder: FileDescriptor) throws(Errno) -> [String] {
        guard let stream = unsafe fdopendir(folder.rawValue) else {
            let error = Errno(rawValue: errno)
            try? folder.close()
            throw error
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // Only so can an error be told from the end.
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Bytes free for this user on the file system of a folder, or nil if that cannot be told.
    public static func freeSpace(at path: FilePath) -> UInt64? {
        var bytes: UInt64 = 0
        let failed = unsafe path.withPlatformString { unsafe chost_free_space($0, &bytes) }
        return failed == 0 ? bytes : nil
    }

    /// A path that does not count from the current folder.
    public static func absolute(_ path: FilePath) -> FilePath {
        guard path.isRelative else { return path }
        var buffer = [CChar](repeating: 0, count: 4097)
        guard unsafe getcwd(&buffer, 4096) != nil else { return path }
        return FilePath(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            .pushing(path)
    }

    /// Flushes a folder's entries to the disk, so that a change of them outlives a power cut.
    public static func syncFolder(_ folder: FilePath) throws {
        let open = try FileDescriptor.open(
            folder.isEmpty ? "." : folder, .readOnly, options: [.directory, .closeOnExec])
        defer { try? open.close() }
        try syncFolder(open)
    }

    static func syncFolder(_ folder: FileDescriptor) throws {
        do {
            try sync(folder)
        } catch Errno.invalidArgument {
            // A file system that knows no such thing (fsync(2)).
        }
    }
}
