/// Attributes of a file that is to be written, as file systems of version 4 keep them (`znode_phys_t`; OpenZFS, zfs_znode.h).
struct NewZnode {
    var attributes: FileAttributes
    var size: UInt64
    var links: UInt64 = 1
    /// Objects: the directory that it is in, and that of its extended attributes or 0.
    var parent: UInt64
    var attributeDirectory: UInt64 = 0
    /// It is a directory of extended attributes, or one of them.
    var isAttribute = false

    /// What a symbolic link leads to lies behind the attributes if it has no more bytes: what fits into a dnode's bonus.
    static let shortTarget = 320 - ZnodeAttributes.size

    // `ZFS_XATTR`, `ZFS_ACL_TRIVIAL`, `ZFS_NO_EXECS_DENIED`
    private static let attributeFlag: UInt64 = 0x1
    private static let plainAccessFlag: UInt64 = 0x4
    private static let executableFlag: UInt64 = 0x100
    /// `ZFS_ACL_VERSION_FUID`
    private static let accessVersion: UInt64 = 1

    var bytes: [UInt8] {
        let time = [UInt64(bitPattern: attributes.modified), UInt64(attributes.modifiedNanoseconds)]
        let mode = UInt64(attributes.kind.modeBits << 12 | attributes.permissions & 0o7777)
        // What all may run is run without a look at the list.
        let flags =
            Self.plainAccessFlag | (isAttribute ? Self.attributeFlag : 0)
            | (mode & 0o111 == 0o111 ? Self.executableFlag : 0)
        let access = PlainAccess.entries(mode: attributes.permissions, isDirectory: attributes.kind == .directory)
        let numbers: [UInt64] =
            // Access, change, change of attributes, creation: there is one time.
            time + time + time + time + [
                // It was made in the first transaction there is.
                1, mode, size, parent, links, attributeDirectory, attributes.deviceNumber, flags,
                UInt64(attributes.owner ?? 0), UInt64(attributes.group ?? 0),
                // Not used.
                0, 0, 0, 0,
                // The list: no object of its own; its bytes, version and count.
                0, UInt64(access.count) | Self.accessVersion << 32 | UInt64(access.count / 8) << 48,
            ]
        let bytes = numbers.flatMap(\.littleEndianBytes) + access
        let padded = bytes + [UInt8](repeating: 0, count: ZnodeAttributes.size - bytes.count)
        let target = attributes.linkTarget
        return target.isEmpty || target.count > Self.shortTarget ? padded : padded + target
    }
}

extension FileAttributes.Kind {
    /// The upper bits of a mode (`S_IFMT`), which directories have beside each name, too.
    var modeBits: UInt32 {
        switch self {
        case .fifo: 0x1
        case .characterDevice: 0x2
        case .directory: 0x4
        case .blockDevice: 0x6
        case .file: 0x8
        case .symbolicLink: 0xa
        case .socket: 0xc
        case .other: 0xd
        }
    }
}

extension FileAttributes {
    /// Linux's kernel reads the lower 32 bits, illumos takes the major number from the upper. See ``ZnodeAttributes``.
    fileprivate var deviceNumber: UInt64 {
        UInt64(deviceMajor) << 32 | UInt64(deviceMajor & 0xfff) << 20 | UInt64(deviceMinor & 0xf_ffff)
    }
}
