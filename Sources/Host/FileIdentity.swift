public import SystemPackage

/// Which file it is, by whatever name.
public struct FileIdentity: Sendable, Equatable {
    public let device: UInt64
    public let inode: UInt64
    private let type: FileType

    init(_ stat: Stat) {
        device = UInt64(stat.deviceID.rawValue)
        inode = UInt64(stat.inode.rawValue)
        type = stat.type
    }

    /// - Throws: `Errno`.
    public init(_ file: FileDescriptor) throws { self.init(try file.stat()) }

    /// Nil if there is nothing.
    ///
    /// - Parameter followingLinks: looks at what a link leads to, not at the link.
    /// - Throws: `FileSystemError`, `PermissionDenied` if it cannot be looked at.
    public init?(_ path: FilePath, followingLinks: Bool) throws {
        guard let stat = try HostFile.status(path, followLinks: followingLinks) else { return nil }
        self.init(stat)
    }

    /// Nothing else than its bytes is lost if another file takes its place.
    public var isRegular: Bool { type == .regular }
    /// It is a link, which leads to something or not.
    public var isLink: Bool { type == .symbolicLink }
    /// What it is, for people: `a device`.
    public var kind: String { HostFile.UnexpectedFile.name(of: type) }
}
