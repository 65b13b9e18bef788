import CHost
import Glibc
import SystemPackage

/// A folder held open. Whatever is done in it is done below this handle, by one name, and no link is followed.
final class FolderHandle {
    let descriptor: CInt
    /// As it was when it was opened.
    let status: FileStatus

    /// Opens a folder by its path; the last component may be no link.
    convenience init(path: String) throws(Errno) {
        try self.init(descriptor: try checked { unsafe Glibc.open(path, FolderHandle.openFlags) })
    }

    private init(descriptor: CInt) throws(Errno) {
        do {
            status = FileStatus(try FolderHandle.status(of: descriptor))
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    /// What the file system says of an open file or folder.
    static func status(of descriptor: CInt) throws(Errno) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Errno.current }
        return status
    }

    deinit { close(descriptor) }

    private static let openFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    var number: FileNumber { status.number }
    var inode: UInt64 { status.number.inode }

    /// Opens a folder in this one.
    ///
    /// - Throws: `notDirectory` or `tooManySymbolicLinkLevels` for what is none.
    func folder(_ name: EntryName) throws(Errno) -> FolderHandle {
        try FolderHandle(
            descriptor: try checked {
                unsafe name.withCString { unsafe openat(descriptor, $0, FolderHandle.openFlags) }
            })
    }

    /// What comes of opening a name as a folder.
    enum Opening {
        case folder(FolderHandle)
        /// Nothing is there.
        case nothing
        /// Something else is there: a link, a file.
        case other
    }

    /// Opens what may be a folder in this one.
    func open(_ name: EntryName) throws(Errno) -> Opening {
        let opened = unsafe name.withCString { unsafe openat(descriptor, $0, FolderHandle.openFlags) }
        if opened != -1 { return .folder(try FolderHandle(descriptor: opened)) }
        let error = Errno.current
        switch error {
        case .noSuchFileOrDirectory: return .nothing
        case .notDirectory, .tooManySymbolicLinkLevels: return .other
        default: throw error
        }
    }

    /// What is there under this name; nil if nothing is.
    func status(_ name: EntryName) throws(Errno) -> FileStatus? {
        var status = stat()
        let result = unsafe name.withCString { unsafe fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
        if result == 0 { return FileStatus(status) }
        let error = Errno.current
        guard error == .noSuchFileOrDirectory else { throw error }
        return nil
    }

    /// Gives the folder, which nothing describes, the mode that such folders have, whatever the process's umask is. A
    /// set-group-ID bit that it has from the folder above stays, as it does everywhere.
    func takeUsualMode() throws(Errno) {
        let mode = try FolderHandle.status(of: descriptor).st_mode & S_ISGID | 0o755
        try checked { fchmod(descriptor, mode) }
    }

    func makeFolder(_ name: EntryName) throws(Errno) {
        try checked { unsafe name.withCString { unsafe mkdirat(descriptor, $0, 0o755) } }
    }

    /// A new file, open for writing. Nothing may be there under this name.
    func makeFile(_ name: EntryName, mode: UInt32) throws(Errno) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return FileDescriptor(
            rawValue: try checked { unsafe name.withCString { unsafe chost_openat(descriptor, $0, flags, mode) } })
    }

    func makeSymbolicLink(_ name: EntryName, to target: [UInt8]) throws(Errno) {
        let text = target + [0]
        try checked {
            unsafe text.withUnsafeBytes { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                    unsafe name.withCString { name in
                        guard let start = characters.baseAddress else { return -1 }
                        return unsafe symlinkat(start, descriptor, name)
                    }
                }
            }
        }
    }

    /// Another name for what is there, which may be a symbolic link itself.
    func makeHardLink(_ name: EntryName, to target: EntryName, in folder: FolderHandle) throws(Errno) {
        try checked {
            unsafe name.withCString { new in
                unsafe target.withCString { old in unsafe linkat(folder.descriptor, old, descriptor, new, 0) }
            }
        }
    }

    /// A device or a fifo.
    ///
    /// - Parameter type: `S_IFCHR`, `S_IFBLK` or `S_IFIFO`.
    func makeNode(_ name: EntryName, type: mode_t, mode: UInt32, device: (major: UInt32, minor: UInt32)) throws(Errno) {
        try checked {
            unsafe name.withCString {
                unsafe chost_make_node(descriptor, $0, UInt32(type) | mode, device.major, device.minor)
            }
        }
    }

    /// Where a symbolic link leads.
    func linkTarget(_ name: EntryName) throws(Errno) -> [UInt8] {
        let target = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX) + 1) { bytes, count in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                count = unsafe name.withCString { name in
                    guard let start = characters.baseAddress else { return 0 }
                    return unsafe max(0, readlinkat(descriptor, name, start, characters.count))
                }
            }
        }
        // No system has empty links.
        guard !target.isEmpty else { throw Errno.current }
        return target
    }

    /// Names in this folder.
    ///
    /// - Parameter most: how many at a time, so that a folder of millions takes no more memory than another.
    func names(most: Int = .max) throws(Errno) -> [EntryName] {
        var names: [EntryName] = []
        try forEachName { name in
            names.append(name)
            return names.count < most
        }
        return names
    }

    /// Whether the folder lists a name just so: to some file systems, others are the same.
    func lists(_ wanted: EntryName) throws(Errno) -> Bool {
        var isThere = false
        try forEachName { name in
            isThere = name == wanted
            return !isThere
        }
        return isThere
    }

    /// - Parameter body: returns false to see no more.
    private func forEachName(_ body: (EntryName) -> Bool) throws(Errno) {
        // A stream of its own: a second reading begins at the beginning.
        let own = try checked { unsafe openat(descriptor, ".", FolderHandle.openFlags) }
        guard let stream = unsafe fdopendir(own) else {
            let error = Errno.current
            close(own)
            throw error
        }
        defer { unsafe closedir(stream) }
        while true {
            // Only so does readdir tell an error from the end.
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                let error = Errno.current
                guard error.rawValue == 0 else { throw error }
                return
            }
            let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
                unsafe Array(name.prefix { $0 != 0 })
            }
            // All but "." and "..".
            if let name = EntryName(bytes), !body(name) { return }
        }
    }

    /// Removes what is no folder.
    func removeFile(_ name: EntryName) throws(Errno) {
        try checked { unsafe name.withCString { unsafe unlinkat(descriptor, $0, 0) } }
    }

    /// Removes an empty folder.
    func removeFolder(_ name: EntryName) throws(Errno) {
        try checked { unsafe name.withCString { unsafe unlinkat(descriptor, $0, AT_REMOVEDIR) } }
    }
}

/// The result of a system call; again where a signal came between.
///
/// - Throws: the error of one that returned -1.
@discardableResult
func checked(_ call: () -> CInt) throws(Errno) -> CInt {
    while true {
        let result = call()
        if result != -1 { return result }
        let error = Errno.current
        if error != .interrupted { throw error }
    }
}

extension Errno {
    /// The error of the system call that was made last on this thread.
    static var current: Errno { Errno(rawValue: errno) }
}
