/// The header of a qcow2 file (QEMU, docs/interop/qcow2.txt). All numbers are big-endian.
struct QCOW2Header: Hashable {
    var version: UInt32
    var clusterBits: Int
    var size: UInt64
    var l1Offset: UInt64
    var l1Count: UInt64
    var isZstd = false
    var hasSubclusters = false

    static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xfb]
    static let dirty: UInt64 = 1
    static let corrupt: UInt64 = 2
    static let dataFile: UInt64 = 4
    static let compressionType: UInt64 = 8
    static let extendedL2: UInt64 = 16
    static let dataFileExtension: UInt32 = 0x4441_5441
    /// Bytes of the L1 table (QEMU, QCOW_MAX_L1_SIZE).
    static let l1Limit: UInt64 = 32 << 20

    var clusterSize: Int { 1 << clusterBits }
    /// Clusters that one L2 table describes.
    var tableCount: UInt64 { UInt64(clusterSize / (hasSubclusters ? 16 : 8)) }
    var clusterCount: UInt64 { (size + UInt64(clusterSize) - 1) >> clusterBits }

    init(version: UInt32 = 3, clusterBits: Int = 16, size: UInt64, l1Offset: UInt64, l1Count: UInt64) {
        self.version = version
        self.clusterBits = clusterBits
        self.size = size
        self.l1Offset = l1Offset
        self.l1Count = l1Count
    }

    /// - Throws: `DiskError`, for everything that makes a disk of more than this file, too.
    init(reading file: inout DiskBytes) throws {
        let fixed = try file.bytes(at: 0, count: 72, "the qcow2 header")
        version = fixed.big(4)
        guard (2...3).contains(version) else {
            throw DiskError(.unsupported, at: 4, "version \(version) of qcow; 2 and 3 can be read")
        }
        let bits: UInt32 = fixed.big(20)
        guard (9...21).contains(bits) else {
            throw DiskError(.badHeader, at: 20, "clusters of 2^\(bits) bytes: from 2^9 to 2^21 there may be")
        }
        clusterBits = Int(bits)
        size = fixed.big(24)
        guard size <= UInt64(Int64.max) - 1 << 21 else {
            throw DiskError(.badHeader, at: 24, "a disk of \(size) bytes")
        }
        l1Count = UInt64(fixed.big(36, as: UInt32.self))
        l1Offset = fixed.big(40)
        try Self.refuseOthers(fixed)
        if version == 3 { try readFeatures(&file) }
        try checkTable()
    }

    private static func refuseOthers(_ fixed: [UInt8]) throws {
        let backing: UInt64 = fixed.big(8)
        guard backing == 0 else {
            throw DiskError(
                .unsupported, at: 8,
                "it is an overlay: the rest of the disk is in another file (make one of both: qemu-img convert)")
        }
        let encryption: UInt32 = fixed.big(32)
        guard encryption == 0 else {
            throw DiskError(.unsupported, at: 32, "it is encrypted (method \(encryption))")
        }
    }

    private mutating func readFeatures(_ file: inout DiskBytes) throws {
        let more = try file.bytes(at: 72, count: 32, "the header of qcow2 version 3")
        let features: UInt64 = more.big(0)
        let length: UInt32 = more.big(28)
        guard length >= 104, length % 8 == 0, Int(length) <= clusterSize else {
            throw DiskError(.badHeader, at: 100, "a header of \(length) bytes: 104 or more, by eights, up to a cluster")
        }
        let known = Self.dirty | Self.corrupt | Self.dataFile | Self.compressionType | Self.extendedL2
        guard features & ~known == 0 else {
            throw DiskError(
                .unsupported, at: 72, "features that are not known (bits 0x\(String(features & ~known, radix: 16)))")
        }
        guard features & Self.dataFile == 0 else {
            throw DiskError(.unsupported, at: 72, "its content is in another file (external data file)")
        }
        guard features & Self.corrupt == 0 else {
            throw DiskError(
                .unsupported, at: 72, "it is marked as corrupt (qemu-img check -r all mends what can be mended)")
        }
        hasSubclusters = features & Self.extendedL2 != 0
        guard !hasSubclusters || clusterBits >= 14 else {
            throw DiskError(.badHeader, at: 20, "subclusters in clusters of \(clusterSize) bytes: 16384 or more")
        }
        if length > 104 {
            let type = try file.bytes(at: 104, count: 1, "the compression type")[0]
            let isStated = features & Self.compressionType != 0
            guard type <= 1, (type != 0) == isStated else {
                throw DiskError(.unsupported, at: 104, "compression of type \(type): 0 (zlib) and 1 (zstd) can be read")
            }
            isZstd = type == 1
        } else if features & Self.compressionType != 0 {
            throw DiskError(
                .badHeader, at: 100, "a compression type is announced, but the header has only \(length) bytes")
        }
        try readExtensions(&file, from: UInt64(length))
    }

    /// Goes through the extensions, of which one changes what the content is.
    private func readExtensions(_ file: inout DiskBytes, from start: UInt64) throws {
        var place = start
        while place + 8 <= UInt64(clusterSize) {
            let head = try file.bytes(at: place, count: 8, "a header extension")
            let type: UInt32 = head.big(0)
            let length = UInt64(head.big(4, as: UInt32.self))
            if type == 0 { return }
            guard type != Self.dataFileExtension else {
                throw DiskError(.unsupported, at: place, "its content is in another file (external data file)")
            }
            guard length <= UInt64(clusterSize) - place - 8 else {
                throw DiskError(
                    .badHeader, at: place, "a header extension of \(length) bytes goes over the first cluster")
            }
            place += 8 + (length + 7) / 8 * 8
        }
    }

    private func checkTable() throws {
        let needed = (clusterCount + tableCount - 1) / tableCount
        guard l1Count >= needed else {
            throw DiskError(
                .badHeader, at: 36, "an L1 table of \(l1Count) entries, where a disk of \(size) bytes needs \(needed)")
        }
        guard l1Count * 8 <= Self.l1Limit else {
            throw DiskError(.limit, at: 36, "an L1 table of \(l1Count) entries: \(Self.l1Limit) bytes it may have")
        }
        guard l1Offset % UInt64(clusterSize) == 0, l1Offset > 0 || l1Count == 0 else {
            throw DiskError(
                .badHeader, at: 40, "the L1 table is at \(l1Offset): at a whole cluster after the first it must be")
        }
    }
}
