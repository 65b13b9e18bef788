import Glibc

/// Which file it is, by whatever name.
public struct FileNumber: Hashable, Sendable {
    public let device: UInt64
    public let inode: UInt64

    public init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// What the file system says of an entry.
struct FileStatus {
    enum Kind: Equatable { case folder, symbolicLink, file, other }

    let kind: Kind
    let number: FileNumber
    /// The low 12 bits of the mode.
    let mode: UInt32
    let owner: UInt32
    let group: UInt32
    let modified: timespec

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: .folder
            case S_IFLNK: .symbolicLink
            case S_IFREG: .file
            default: .other
            }
        number = FileNumber(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        mode = UInt32(status.st_mode) & 0o7777
        owner = status.st_uid
        group = status.st_gid
        modified = status.st_mtim
    }
}
