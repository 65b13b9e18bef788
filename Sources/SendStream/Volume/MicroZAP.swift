/// Names and numbers in one block (OpenZFS, zap_impl.h, `mzap_phys_t`): 64 bytes of header, then entries of 64 bytes.
enum MicroZAP {
    typealias Entry = (name: [UInt8], value: UInt64)

    /// `ZBT_MICRO`
    static let magic: UInt64 = 1 << 63 + 3
    static let entrySize = 64
    /// Bytes of a name, its NUL included (`MZAP_NAME_LEN`).
    static let nameSize = 50

    static func entries(_ block: [UInt8], isLittleEndian: Bool) throws(UnplacedStreamError) -> [Entry] {
        guard block.count >= entrySize, block[..<8].number(isLittleEndian: isLittleEndian) == magic else {
            throw UnplacedStreamError(.badRecord, "what should be names and numbers (ZAP) is none")
        }
        var entries: [Entry] = []
        for start in stride(from: entrySize, through: block.count - entrySize, by: entrySize) {
            let name = block[(start + 14)..<(start + entrySize)].prefix { $0 != 0 }
            guard !name.isEmpty else { continue }
            guard name.count < nameSize else { throw UnplacedStreamError(.badRecord, "a name in a ZAP does not end") }
            entries.append((Array(name), block[start..<(start + 8)].number(isLittleEndian: isLittleEndian)))
        }
        return entries
    }
}

extension UInt64 {
    var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) } }
}
