/// Attributes of files in file systems of version 5: which there are, and in which order they lie, the file system says itself
/// (OpenZFS, sa.c, sa_impl.h).
struct SystemAttributes {
    /// `DMU_OT_SA`
    static let bonusType: UInt32 = 44
    private static let magic: UInt32 = 0x2f_505a

    private struct Kind {
        var name: Name?
        /// Bytes; 0: each file says it.
        var length: Int
    }

    /// Those that are read (zfs_sa.c).
    private enum Name: String {
        case mode = "ZPL_MODE"
        case size = "ZPL_SIZE"
        case links = "ZPL_LINKS"
        case owner = "ZPL_UID"
        case group = "ZPL_GID"
        case device = "ZPL_RDEV"
        case flags = "ZPL_FLAGS"
        case modified = "ZPL_MTIME"
        case attributeDirectory = "ZPL_XATTR"
        case linkTarget = "ZPL_SYMLINK"
        case packedAttributes = "ZPL_DXATTR"
    }

    private var kinds: [UInt64: Kind] = [:]
    private var layouts: [UInt64: [UInt64]] = [:]

    /// - Parameters:
    ///   - registry: numbers of attributes, with their lengths, by name.
    ///   - layouts: numbers of attributes by the number of a layout.
    init(registry: ZAPContent, layouts: ZAPContent) throws(UnplacedStreamError) {
        var kinds: [UInt64: Kind] = [:]
        try registry.forEach("the list of attributes") { entry throws(UnplacedStreamError) in
            guard let value = entry.values.first else {
                throw UnplacedStreamError(.badRecord, "an attribute has no number")
            }
            guard kinds[value & 0xffff] == nil else {
                throw UnplacedStreamError(.badRecord, "two attributes have the number \(value & 0xffff)")
            }
            let name = Name(rawValue: String(decoding: entry.name, as: UTF8.self))
            kinds[value & 0xffff] = Kind(name: name, length: Int(value >> 24 & 0xffff))
        }
        var orders: [UInt64: [UInt64]] = [:]
        try layouts.forEach("the list of layouts") { entry throws(UnplacedStreamError) in
            guard let number = UInt64(String(decoding: entry.name, as: UTF8.self)) else {
                throw UnplacedStreamError(.badRecord, "a layout of attributes has no number")
            }
            guard orders.updateValue(entry.values, forKey: number) == nil else {
                throw UnplacedStreamError(.badRecord, "two layouts of attributes have the number \(number)")
            }
        }
        self.kinds = kinds
        self.layouts = orders
    }

    /// Reads what lies in one place.
    ///
    /// - Parameter bytes: of the bonus, or of the spill block, which ends where the last attribute does, or later.
    func read(_ bytes: [UInt8], isLittleEndian: Bool, into raw: inout FileAttributes.Raw) throws(UnplacedStreamError) {
        guard bytes.count >= 8 else {
            throw UnplacedStreamError(.badRecord, "a file's attributes have \(bytes.count) bytes")
        }
        let magic: UInt32 = bytes[..<4].number(isLittleEndian: isLittleEndian)
        guard magic == Self.magic else {
            throw UnplacedStreamError(.badRecord, "a file's attributes have a wrong magic number")
        }
        let info: UInt16 = bytes[4..<6].number(isLittleEndian: isLittleEndian)
        guard let layout = layouts[UInt64(info & 0x3ff)] else {
            throw UnplacedStreamError(
                .badRecord, "a file's attributes are in an order \(info & 0x3ff) that is not there")
        }
        let headerSize = Int(info >> 10) * 8
        guard (8...bytes.count).contains(headerSize) else {
            throw UnplacedStreamError(.badRecord, "the head of a file's attributes has \(headerSize) bytes")
        }
        var place = headerSize
        var lengthPlace = 6
        for number in layout {
            guard let kind = kinds[number] else {
                throw UnplacedStreamError(.badRecord, "there is no attribute \(number)")
            }
            var length = kind.length
            if length == 0 {
                guard lengthPlace + 2 <= headerSize else {
                    throw UnplacedStreamError(.badRecord, "an attribute of a file has no length")
                }
                let stated: UInt16 = bytes[lengthPlace..<(lengthPlace + 2)].number(isLittleEndian: isLittleEndian)
                length = Int(stated)
                lengthPlace += 2
            }
            guard place + length <= bytes.count else {
                throw UnplacedStreamError(.badRecord, "an attribute of a file goes over the end")
            }
            if let name = kind.name {
                try Self.set(name, bytes[place..<(place + length)], isLittleEndian, &raw)
            }
            place += (length + 7) / 8 * 8
        }
    }

    private static func set(
        _ name: Name, _ bytes: ArraySlice<UInt8>, _ isLittleEndian: Bool, _ raw: inout FileAttributes.Raw
    ) throws(UnplacedStreamError) {
        func number(_ index: Int = 0) throws(UnplacedStreamError) -> UInt64 {
            let start = bytes.startIndex + index * 8
            guard start + 8 <= bytes.endIndex else {
                throw UnplacedStreamError(.badRecord, "the attribute \(name.rawValue) has \(bytes.count) bytes")
            }
            return bytes[start..<(start + 8)].number(isLittleEndian: isLittleEndian)
        }
        switch name {
        case .mode: raw.mode = try number()
        case .size: raw.size = try number()
        case .links: raw.links = try number()
        case .owner: raw.owner = try number()
        case .group: raw.group = try number()
        case .device: raw.device = try number()
        case .flags: raw.flags = try number()
        case .modified: raw.modified = (try number(0), try number(1))
        case .attributeDirectory: raw.attributeDirectory = try number()
        case .linkTarget: raw.linkTarget = Array(bytes)
        case .packedAttributes: raw.packedAttributes = Array(bytes)
        }
    }
}
