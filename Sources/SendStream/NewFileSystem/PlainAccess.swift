/// An access control list that says what a mode says, and nothing more (OpenZFS, zfs_acl.h): every file of ZFS has one.
///
/// Entries are looked at in order, for each right until one speaks of it. So before a class is allowed its rights, it is denied
/// those that a later class has.
enum PlainAccess {
    private static let read: UInt32 = 0x1
    /// To write, and to append: in a directory, to make files and directories.
    private static let write: UInt32 = 0x2 | 0x4
    private static let deleteChild: UInt32 = 0x40
    private static let execute: UInt32 = 0x20
    /// To read attributes, named attributes and the list itself, and to synchronize.
    private static let everybody: UInt32 = 0x80 | 0x8 | 0x2_0000 | 0x10_0000
    /// To change attributes, named attributes, the list and the owner.
    private static let owner: UInt32 = 0x100 | 0x10 | 0x4_0000 | 0x8_0000

    /// Owner, group, everyone: the latter two as `ACE_GROUP | ACE_IDENTIFIER_GROUP` and `ACE_EVERYONE`.
    private static let classes: [(shift: UInt32, flags: UInt16)] = [(6, 0x1000), (3, 0x2040), (0, 0x4000)]

    /// Entries of 8 bytes: what it does (2 bytes; 0 allows, 1 denies), whom it is about (2), rights (4).
    static func entries(mode: UInt32, isDirectory: Bool) -> [UInt8] {
        var entries: [UInt8] = []
        for (index, who) in classes.enumerated() {
            let own = rights(mode >> who.shift, isDirectory)
            let later = classes[(index + 1)...].reduce(0) { $0 | rights(mode >> $1.shift, isDirectory) }
            let denied = later & ~own
            if denied != 0 { entries += entry(1, who.flags, denied) }
            entries += entry(0, who.flags, own | everybody | (index == 0 ? owner : 0))
        }
        return entries
    }

    private static func rights(_ bits: UInt32, _ isDirectory: Bool) -> UInt32 {
        (bits & 4 == 0 ? 0 : read) | (bits & 2 == 0 ? 0 : write | (isDirectory ? deleteChild : 0))
            | (bits & 1 == 0 ? 0 : execute)
    }

    private static func entry(_ type: UInt16, _ flags: UInt16, _ rights: UInt32) -> [UInt8] {
        (UInt64(type) | UInt64(flags) << 16 | UInt64(rights) << 32).littleEndianBytes
    }
}
