import CHost
import Glibc
public import SystemPackage

extension HostFile {
    /// Who puts a file where it is read from, and so what it may be.
    public enum Origin: Sendable {
        /// We do: a regular file. A link in its place was put there by somebody else.
        case state
        /// People or their tools do, who may have put a link there: configs, keys, certificates, image files.
        case setUp
        /// It was named for this one command: it may be a pipe or a terminal, too, as with `<(…)`.
        case handedOver
    }

    /// There is something else than should be.
    struct UnexpectedFile: Error, CustomStringConvertible {
        let description: String

        /// - Parameter type: what there is.
        init(_ type: FileType, instead expected: String = "a file") {
            description = "it is \(Self.name(of: type)), where \(expected) should be"
        }

        static func name(of type: FileType) -> String {
            let names: [(FileType, String)] = [
                (.directory, "a folder"), (.symbolicLink, "a link"), (.fifo, "a FIFO"), (.socket, "a socket"),
                (.characterSpecial, "a device"), (.blockSpecial, "a device"), (.regular, "a file"),
            ]
            return names.first { $0.0 == type }?.1 ?? "of no known kind"
        }
    }

    /// Opens a file for reading, if it is what it should be. Nothing that lies there can hold us up: a FIFO that was handed over
    /// is there at once, and ``SystemPackage/FileDescriptor/waitUntilReadable()`` waits for who writes to it.
    ///
    /// - Returns: nil if there is none.
    /// - Throws: `FileSystemError`, also for what is no file; `PermissionDenied`.
    public static func open(_ path: FilePath, from origin: Origin = .state) throws -> FileDescriptor? {
        // open(2) would wait for a FIFO until somebody writes to it, and no signal would end that.
        var options: FileDescriptor.OpenOptions = [.closeOnExec, .nonBlocking]
        if origin == .state { options.insert(.noFollow) }
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: options)
            do {
                let type = try file.stat().type
                guard type == .regular || origin == .handedOver && [.fifo, .characterSpecial].contains(type) else {
                    throw UnexpectedFile(type)
                }
                chost_wait_in_calls(file.rawValue)
                return file
            } catch {
                try? file.close()
                throw error
            }
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch Errno.tooManySymbolicLinkLevels where origin == .state {
            throw failure("cannot open", path, UnexpectedFile(.symbolicLink))
        } catch Errno.noSuchAddressOrDevice {
            throw failure("cannot open", path, UnexpectedFile(.socket))
        } catch {
            throw failure("cannot open", path, error)
        }
    }

    /// There is something, or a link that leads to something.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` where that cannot be told.
    public static func exists(_ path: FilePath) throws -> Bool {
        try status(path, followLinks: true) != nil
    }

    /// There is a folder, or a link that leads to one.
    ///
    /// - Throws: as above.
    public static func isFolder(_ path: FilePath) throws -> Bool {
        try status(path, followLinks: true)?.type == .directory
    }

    /// The bytes of a file, or nil if there is none. A link is not followed.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` where that cannot be told.
    public static func size(_ path: FilePath) throws -> Int64? { try status(path, followLinks: false)?.size }

    /// What there is at a path, or nil if there is nothing.
    static func status(_ path: FilePath, followLinks: Bool) throws -> Stat? {
        do {
            return try path.stat(followTargetSymlink: followLinks)
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw failure("cannot look at", path, error)
        }
    }

    /// Claims an open file as long as it stays open, against other processes that ask by this too; false if one of them has
    /// it.
    public static func claim(_ file: FileDescriptor) -> Bool { chost_try_lock(file.rawValue) == 0 }

    /// Flushes an open file to the disk.
    public static func sync(_ file: FileDescriptor) throws {
        let failed = chost_sync(file.rawValue)
        if failed != 0 { throw Errno(rawValue: failed) }
    }

    /// Gives an open file exactly this mode, whatever the umask was when it was made.
    static func setMode(_ file: FileDescriptor, _ mode: FilePermissions) throws(Errno) {
        guard fchmod(file.rawValue, mode.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}
