/// Attributes of files in file systems of versions 1 to 4 (`znode_phys_t`), and in those upgraded from them.
enum ZnodeAttributes {
    /// `DMU_OT_ZNODE`
    static let bonusType: UInt32 = 17
    /// Bytes of the structure, behind which the target of a short symbolic link follows.
    static let size = 264

    /// - Parameters:
    ///   - linkData: the object's content, of a symbolic link.
    ///   - isLeftOut: that was left out of the stream.
    static func read(
        _ bonus: [UInt8], isLittleEndian: Bool, linkData: [UInt8]?, isLeftOut: Bool
    ) throws(UnplacedStreamError) -> FileAttributes.Raw {
        guard bonus.count >= size else {
            throw UnplacedStreamError(.badRecord, "a file's attributes have \(bonus.count) bytes")
        }
        func number(_ offset: Int) -> UInt64 { bonus[offset..<(offset + 8)].number(isLittleEndian: isLittleEndian) }
        var raw = FileAttributes.Raw()
        raw.modified = (number(16), number(24))
        raw.mode = number(72)
        raw.size = number(80)
        raw.links = number(96)
        raw.attributeDirectory = number(104)
        raw.device = device(number(112))
        raw.flags = number(120)
        raw.owner = number(128)
        raw.group = number(136)
        if isLink(mode: raw.mode) {
            guard let length = Int(exactly: raw.size), length <= FileSystemLimits.targetLength else {
                throw UnplacedStreamError(.badRecord, "a symbolic link of \(raw.size) bytes")
            }
            let whole = length <= bonus.count - size ? bonus[size...] : linkData?[...] ?? []
            raw.isTargetLeftOut = whole.count < length && isLeftOut
            guard whole.count >= length || isLeftOut else {
                throw UnplacedStreamError(.badRecord, "a symbolic link has no target")
            }
            raw.linkTarget = raw.isTargetLeftOut ? [] : Array(whole.prefix(length))
        }
        return raw
    }

    /// Whether an object's content is, or may be, where a symbolic link leads to.
    static func isLink(_ bonus: [UInt8], isLittleEndian: Bool) -> Bool {
        bonus.count >= size && isLink(mode: bonus[72..<80].number(isLittleEndian: isLittleEndian))
    }

    /// zfs-fuse, the only one of these versions on Linux, keeps the number as the C library makes it (makedev(3)). What is written
    /// here has the form of Linux's kernel, of 12 and 20 bits, and the major number once more above it.
    private static func device(_ number: UInt64) -> UInt64 {
        guard number >> 32 == 0 else {
            let major = number >> 32
            return major == number >> 20 & 0xfff ? major << 32 | number & 0xf_ffff : number
        }
        let major = number >> 8 & 0xfff
        let minor = number & 0xff | number >> 12 & 0xfff00
        return major << 32 | minor
    }

    private static func isLink(mode: UInt64) -> Bool { mode & 0xf000 == 0xa000 }
}
