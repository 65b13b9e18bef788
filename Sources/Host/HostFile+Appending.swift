import CHost
public import SystemPackage

extension HostFile {
    /// Puts a line at the end of a file, which is made if there is none, and flushes it to the disk. A line that a power cut or a full disk has left
    /// unfinished is ended first, so that it is one that is damaged and not two.
    ///
    /// - Parameter line: with its newline; nothing of it only makes sure that the file can be written, and that there is room for some lines.
    /// - Throws: `FileSystemError`, also for what is no file, a link included; `PermissionDenied`.
    public static func append(
        line: [UInt8], to path: FilePath, mode: FilePermissions = [.ownerReadWrite, .groupRead]
    ) throws {
        do {
            let isNew = try status(path, followLinks: false) == nil
            let file = try FileDescriptor.open(
                path, .readWrite, options: [.append, .create, .noFollow, .nonBlocking, .closeOnExec], permissions: mode)
            do {
                let found = try file.stat()
                guard found.type == .regular else { throw UnexpectedFile(found.type) }
                if line.isEmpty { try reserve(file, after: found.size) }
                if !line.isEmpty {
                    let isUnfinished = try found.size > 0 && lastByte(of: file, size: found.size) != UInt8(ascii: "\n")
                    try file.writeAll((isUnfinished ? [UInt8(ascii: "\n")] : []) + line)
                    try sync(file)
                }
                try file.close()
            } catch {
                try? file.close()  // what went wrong is told already
                throw error
            }
            if isNew { try syncFolder(path.removingLastComponent()) }
        } catch {
            throw failure("cannot append to", path, error)
        }
    }

    /// Has the file system keep room for some lines behind the end of a file, so that a full disk shows before there is something to write.
    /// Where it keeps no room (FUSE, NFS), a disk shows that it is full when a line is written.
    private static func reserve(_ file: FileDescriptor, after size: Int64) throws {
        let error = Errno(rawValue: chost_keep_room(file.rawValue, size, 16 << 10))
        if error == .noSpace || error == .diskQuotaExceeded { throw error }
    }

    private static func lastByte(of file: FileDescriptor, size: Int64) throws -> UInt8? {
        var byte: [UInt8] = [0]
        let count = try unsafe byte.withUnsafeMutableBytes {
            try unsafe file.read(fromAbsoluteOffset: size - 1, into: $0)
        }
        return count == 1 ? byte[0] : nil
    }
}
