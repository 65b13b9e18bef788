import Glibc
public import SystemPackage
import Time

/// What a file was when it was looked at: if that is still so, its content is taken to be the same.
public struct FileMark: Sendable, Equatable {
    public let inode: UInt64
    /// In bytes.
    public let size: Int64
    public let modified: Moment
    /// When its inode changed, which nobody can set back.
    public let changed: Moment
    /// Not a folder, a link, a pipe, or the like.
    public let isFile: Bool

    /// A time as file systems tell it.
    public struct Moment: Sendable, Equatable {
        public let seconds: Int
        public let nanoseconds: Int

        init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }

        /// How long ago it was, in milliseconds; negative for one to come. Nil for more than a million years.
        public var age: Int64? {
            let (milliseconds, isBeyond) = Int64(seconds).multipliedReportingOverflow(by: 1000)
            guard !isBeyond, milliseconds.magnitude < 1 << 55 else { return nil }
            return Timestamp.now().milliseconds - milliseconds - Int64(nanoseconds / 1_000_000)
        }
    }

    init(_ stat: Stat) {
        isFile = stat.type == .regular
        inode = UInt64(stat.inode.rawValue)
        size = stat.size
        modified = Moment(stat.st_mtim)
        changed = Moment(stat.st_ctim)
    }

    /// Of an open file.
    ///
    /// - Throws: `Errno`.
    public init(_ file: SystemPackage.FileDescriptor) throws { self.init(try file.stat()) }

    /// Nil if there is no such file.
    ///
    /// - Parameter followingLinks: looks at what a link leads to, not at the link.
    /// - Throws: `FileSystemError`, `PermissionDenied` if it cannot be looked at.
    public init?(_ path: FilePath, followingLinks: Bool = true) throws {
        do {
            self.init(try path.stat(followTargetSymlink: followingLinks))
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw HostFile.failure("cannot look at", path, error)
        }
    }

    /// Whether it has been as it is for so long that a change from now on shows: the clocks of file systems tick in
    /// milliseconds.
    public var isSettled: Bool {
        [modified, changed].allSatisfy { moment in moment.age.map { !(-100..<100).contains($0) } ?? true }
    }
}
