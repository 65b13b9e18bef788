import CHost
import Failure
import Glibc
public import SystemPackage

/// A folder of ours where everybody may make folders (`/var/tmp`): nobody else can write to it or look into it, and it is
/// worked in by its open handle, so that nobody can put another in its place (state.md, "Crash safety").
///
/// The handle is closed with the last reference.
public final class PrivateFolder: Sendable {
    /// Where it was when it was opened: for messages, and to be found by another run.
    public let path: FilePath
    let folder: FileDescriptor

    private init(path: FilePath, folder: FileDescriptor) {
        self.path = path
        self.folder = folder
    }

    deinit { try? folder.close() }

    /// The folder, made if need be.
    ///
    /// - Throws: `UnsafeFolder` for what somebody else has put there; `FileSystemError`, `PermissionDenied`.
    public static func making(_ path: FilePath) throws -> PrivateFolder {
        try HostFile.makeFolder(path.removingLastComponent())
        guard let parent = try parent(of: path) else {
            throw HostFile.failure("cannot make folder", path, Errno.noSuchFileOrDirectory)
        }
        defer { try? parent.close() }
        let name = try name(of: path)
        if unsafe mkdirat(parent.rawValue, name, 0o700) != 0, errno != EEXIST {
            throw HostFile.failure("cannot make folder", path, Errno(rawValue: errno))
        }
        guard let folder = try open(name, in: parent, path) else {
            throw HostFile.failure("cannot open folder", path, Errno.noSuchFileOrDirectory)
        }
        return folder
    }

    /// The folder, or nil if there is none.
    ///
    /// - Throws: as `making`.
    public static func existing(_ path: FilePath) throws -> PrivateFolder? {
        guard let parent = try parent(of: path) else { return nil }
        defer { try? parent.close() }
        return try open(try name(of: path), in: parent, path)
    }

    /// A new folder under a name that nobody can foresee.
    ///
    /// - Parameter prefix: how its name begins.
    /// - Throws: as `making`.
    public static func new(in parentPath: FilePath, prefix: String) throws -> PrivateFolder {
        try HostFile.makeFolder(parentPath)
        while true {
            let random = String(UInt64.random(in: 0 ... .max), radix: 36)
            let path = parentPath.appending("\(prefix)\(random)")
            guard let parent = try parent(of: path) else {
                throw HostFile.failure("cannot make folder", path, Errno.noSuchFileOrDirectory)
            }
            defer { try? parent.close() }
            let name = try name(of: path)
            guard unsafe mkdirat(parent.rawValue, name, 0o700) == 0 else {
                if errno == EEXIST { continue }
                throw HostFile.failure("cannot make folder", path, Errno(rawValue: errno))
            }
            guard let folder = try open(name, in: parent, path) else {
                throw HostFile.failure("cannot open folder", path, Errno.noSuchFileOrDirectory)
            }
            return folder
        }
    }

    /// A new file for this process alone, where everybody may make files: it never has a name, and is gone with its last handle,
    /// however that ends.
    ///
    /// - Returns: nil where the system has no such files.
    /// - Throws: as `making`.
    static func namelessFile(in parentPath: FilePath) throws -> FileDescriptor? {
        let path = parentPath.appending("a file without a name")
        guard let parent = try parent(of: path) else { return nil }
        defer { try? parent.close() }
        let handle = chost_open_nameless(parent.rawValue)
        guard handle >= 0 else {
            let error = Errno(rawValue: errno)
            if [Errno(rawValue: EOPNOTSUPP), .isDirectory, .invalidArgument].contains(error) { return nil }
            throw HostFile.failure("cannot make", path, error)
        }
        return FileDescriptor(rawValue: handle)
    }

    /// Removes the folder if it is empty and still where it was.
    ///
    /// - Returns: false if it stays.
    @discardableResult
    public func remove() throws -> Bool {
        guard let parent = try PrivateFolder.parent(of: path) else { return false }
        defer { try? parent.close() }
        do {
            let own = try folder.stat()
            let name = try PrivateFolder.name(of: path)
            // Whatever else has its name by now is not ours to remove.
            guard let there = PrivateFolder.status(name, in: parent), there.st_ino == own.rawValue.st_ino,
                there.st_dev == own.rawValue.st_dev
            else { return false }
            if unsafe unlinkat(parent.rawValue, name, AT_REMOVEDIR) == 0 { return true }
            let error = Errno(rawValue: errno)
            if [.directoryNotEmpty, .fileExists, .noSuchFileOrDirectory].contains(error) { return false }
            throw error
        } catch {
            throw HostFile.failure("cannot remove folder", path, error)
        }
    }
}

extension PrivateFolder {
    /// Opens the folder above, to be searched in only; nil if there is none.
    private static func parent(of path: FilePath) throws -> FileDescriptor? {
        let parent = path.removingLastComponent()
        let place: FilePath = parent.isEmpty ? "." : parent
        var isLink = false
        if let link = try HostFile.status(place, followLinks: false), link.type == .symbolicLink {
            // As the kernel has it for links in folders that all may write to: those of the owner of the process and of the
            // system are taken (proc(5), protected_symlinks).
            guard link.userID.rawValue == geteuid() || link.userID.rawValue == 0 else {
                throw refusal(place, "it is a link of user \(link.userID.rawValue)")
            }
            isLink = true
        }
        let handle = unsafe place.withPlatformString { unsafe chost_open_place($0, isLink ? 1 : 0) }
        guard handle >= 0 else {
            if errno == ENOENT { return nil }
            throw HostFile.failure("cannot open folder", place, Errno(rawValue: errno))
        }
        let open = FileDescriptor(rawValue: handle)
        do {
            let mode = try open.stat().permissions
            guard !mode.contains(.otherWrite) || mode.contains(.saveText) else {
                throw refusal(place, "everybody may rename and remove what is in it")
            }
            return open
        } catch {
            try? open.close()
            throw HostFile.failure("cannot look at folder", place, error)
        }
    }

    /// Opens a folder if it is ours.
    private static func open(_ name: String, in parent: FileDescriptor, _ path: FilePath) throws -> PrivateFolder? {
        let handle = unsafe chost_openat(parent.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
        guard handle >= 0 else {
            let error = Errno(rawValue: errno)
            guard error != .noSuchFileOrDirectory else { return nil }
            if let there = status(name, in: parent) {
                guard there.st_mode & S_IFMT == S_IFDIR else {
                    let type = FileType(rawValue: there.st_mode & S_IFMT)
                    throw refusal(path, HostFile.UnexpectedFile(type, instead: "a folder").description)
                }
                // Its owner may have closed it to us.
                guard there.st_uid == geteuid() else { throw refusal(path, "it belongs to user \(there.st_uid)") }
            }
            throw HostFile.failure("cannot open folder", path, error)
        }
        let folder = FileDescriptor(rawValue: handle)
        do {
            let stat = try folder.stat()
            guard stat.userID.rawValue == geteuid() else {
                throw refusal(path, "it belongs to user \(stat.userID.rawValue)")
            }
            guard stat.permissions.intersection([.groupWrite, .otherWrite]).isEmpty else {
                throw refusal(path, "others may write to it")
            }
            // What only others could read is as whole as it was.
            if stat.permissions != .ownerReadWriteExecute { try HostFile.setMode(folder, .ownerReadWriteExecute) }
            return PrivateFolder(path: path, folder: folder)
        } catch {
            try? folder.close()
            throw HostFile.failure("cannot look at folder", path, error)
        }
    }

    /// What a name in an open folder stands for, a link for itself; nil if that cannot be told.
    private static func status(_ name: String, in parent: FileDescriptor) -> stat? {
        var there = stat()
        return unsafe fstatat(parent.rawValue, name, &there, AT_SYMLINK_NOFOLLOW) == 0 ? there : nil
    }

    private static func name(of path: FilePath) throws -> String {
        guard case .regular? = path.lastComponent?.kind, let name = path.lastComponent?.string else {
            throw Failure(.internalError, "\"\(path)\" does not end in a name")
        }
        return name
    }

    private static func refusal(_ path: FilePath, _ why: String) -> UnsafeFolder {
        UnsafeFolder(
            "cannot work in folder \"\(path)\": \(why)",
            hint: "somebody else may have made it: look at it, then remove it")
    }
}
