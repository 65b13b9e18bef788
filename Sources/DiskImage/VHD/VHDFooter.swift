/// The footer of a VHD, which a dynamic one has in front, too (Microsoft, "Virtual Hard Disk Image Format Specification" 1.0).
/// All numbers are big-endian.
struct VHDFooter: Hashable {
    var type: UInt32
    var size: UInt64
    var dataOffset: UInt64

    static let magic = Array("conectix".utf8)
    static let fixed: UInt32 = 2
    static let dynamic: UInt32 = 3
    static let differencing: UInt32 = 4

    /// - Returns: nil if these 512 bytes are no footer.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 512, bytes.starts(with: Self.magic), Self.checksum(bytes, at: 64) == bytes.big(64) else {
            return nil
        }
        dataOffset = bytes.big(16)
        size = bytes.big(48)
        type = bytes.big(60)
    }

    /// One's complement of the sum of all bytes, the checksum's own left out.
    static func checksum(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        ~bytes.indices.reduce(UInt32(0)) { $0 &+ ((offset..<(offset + 4)).contains($1) ? 0 : UInt32(bytes[$1])) }
    }

    func isOfFixedDisk(fileSize: UInt64) -> Bool { type == Self.fixed && fileSize >= 512 && size == fileSize - 512 }

    /// The footer of a disk of fixed size, if the file ends in one.
    static func atEnd(_ bytes: inout DiskBytes, _ fileSize: UInt64) throws -> VHDFooter? {
        guard fileSize > 512 else { return nil }
        let footer = VHDFooter(try bytes.bytes(at: fileSize - 512, count: 512, "the last sector"))
        return footer?.isOfFixedDisk(fileSize: fileSize) == true ? footer : nil
    }
}

extension DiskFile {
    /// The file is a VHD of fixed size: the disk as it is, and a footer, by which alone it can be told from a disk as it is.
    ///
    /// - Throws: what reading throws.
    public func isFixedVHD() throws -> Bool {
        guard byteCount.isMultiple(of: 512) else { return false }
        var bytes = DiskBytes(self)
        return try VHDFooter.atEnd(&bytes, byteCount) != nil
    }
}
