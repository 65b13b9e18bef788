/// What is on a disk, as far as its first bytes tell: a partition table, or a file system without one.
public struct DiskContent: Sendable, Hashable {
    /// `gpt`, `mbr`, or nil.
    public var partitionTable: String?
    public var partitions: [Partition] = []
    /// Of a disk without partitions.
    public var fileSystem: String?

    public struct Partition: Sendable, Hashable {
        /// As the table counts them, from 1.
        public var number: Int
        /// Bytes from the beginning of the disk.
        public var offset: UInt64
        public var size: UInt64
        /// What the table says it is for: a name where that is known, else a GUID or a number.
        public var type: String
        public var name: String?
        /// By its content, where that was looked at.
        public var fileSystem: String?
    }

    /// Magic numbers of file systems, and where they are. (ext: Linux, fs/ext4; XFS, btrfs, swap, LUKS, LVM, ISO 9660, NTFS,
    /// FAT, exFAT, UFS2, SquashFS: as their definitions have them.)
    static let magics: [(name: String, offset: Int, bytes: [UInt8])] = [
        ("xfs", 0, Array("XFSB".utf8)), ("luks", 0, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
        ("squashfs", 0, Array("hsqs".utf8)), ("ntfs", 3, Array("NTFS    ".utf8)), ("exfat", 3, Array("EXFAT   ".utf8)),
        ("fat", 54, Array("FAT1".utf8)), ("fat", 82, Array("FAT32   ".utf8)), ("lvm", 536, Array("LVM2 001".utf8)),
        ("ext", 1080, [0x53, 0xef]), ("swap", 4086, Array("SWAPSPACE2".utf8)), ("iso9660", 32769, Array("CD001".utf8)),
        ("btrfs", 65600, Array("_BHRfS_M".utf8)), ("ufs", 66908, [0x19, 0x01, 0x54, 0x19]),
    ]

    /// The file system that begins with these bytes; nil if it is none that is known.
    public static func fileSystem(_ head: [UInt8]) -> String? {
        magics.first { head.has($0.bytes, at: $0.offset) }?.name
    }

    /// - Parameters:
    ///   - head: the first bytes of the disk, 64 KiB or more.
    ///   - read: bytes from any place of the disk, fewer or none where they are not at hand.
    public init(_ head: [UInt8], read: (_ offset: UInt64, _ count: Int) throws -> [UInt8]) rethrows {
        if let table = GPTTable.partitions(head) {
            (partitionTable, partitions) = ("gpt", table)
        } else if let table = MBRTable.partitions(head) {
            (partitionTable, partitions) = ("mbr", table)
        } else {
            fileSystem = Self.fileSystem(head)
        }
        for index in partitions.indices {
            let offset = partitions[index].offset
            let here = Int(exactly: offset).flatMap { $0 < head.count ? Array(head[$0...]) : nil } ?? []
            let bytes = try here.count >= 68 << 10 ? here : read(offset, 68 << 10)
            partitions[index].fileSystem = Self.fileSystem(bytes.count > here.count ? bytes : here)
        }
    }
}
