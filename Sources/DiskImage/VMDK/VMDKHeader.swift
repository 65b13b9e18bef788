/// The header of a sparse extent, and the description in it (VMware, "Virtual Disk Format 5.0"). All numbers are
/// little-endian, and count sectors of 512 bytes where they are places or sizes.
struct VMDKHeader: Hashable {
    var capacity: UInt64
    var grain: UInt64
    var tableCount: UInt64
    var directory: UInt64
    var overhead: UInt64
    var isCompressed: Bool
    /// A grain's place may be 1: it is zero.
    var knowsZeroGrains: Bool

    static let magic = Array("KDMV".utf8)
    static let sector: UInt64 = 512
    /// The directory is at the end, and a header that says where behind it.
    static let atEnd = UInt64.max

    var size: UInt64 { capacity * Self.sector }
    var grainBytes: Int { Int(grain * Self.sector) }
    var grainCount: UInt64 { (capacity + grain - 1) / grain }

    /// A footer says of the disk what its header does.
    func speaks(of header: VMDKHeader) -> Bool {
        capacity == header.capacity && grain == header.grain && tableCount == header.tableCount
            && isCompressed == header.isCompressed
    }

    init(reading file: inout DiskBytes) throws {
        let bytes = try file.bytes(at: 0, count: 512, "the VMDK header")
        try self.init(bytes, at: 0)
        let offset: UInt64 = bytes.little(28)
        let count: UInt64 = bytes.little(36)
        // Only a footer and extents of others have none.
        guard offset > 0, count > 0 else {
            throw DiskError(.unsupported, at: 28, "it has no description: it is a part of a disk of several files")
        }
        guard offset < 1 << 32, count <= 2048 else {
            throw DiskError(.badHeader, at: 28, "a description of \(count) sectors at \(offset): 2048 there may be")
        }
        try Self.check(
            try file.bytes(at: offset * Self.sector, count: Int(count * Self.sector), "the description"),
            at: offset * Self.sector)
    }

    init(_ bytes: [UInt8], at place: UInt64) throws {
        guard bytes.starts(with: Self.magic) else {
            throw DiskError(.badHeader, at: place, "what should be a VMDK header does not begin with KDMV")
        }
        let version: UInt32 = bytes.little(4)
        guard (1...3).contains(version) else {
            throw DiskError(.unsupported, at: place + 4, "version \(version) of VMDK")
        }
        let flags: UInt32 = bytes.little(8)
        capacity = bytes.little(12)
        grain = bytes.little(20)
        tableCount = UInt64(bytes.little(44, as: UInt32.self))
        directory = bytes.little(56)
        overhead = bytes.little(64)
        isCompressed = flags & 1 << 16 != 0
        knowsZeroGrains = flags & 1 << 2 != 0
        guard bytes[73..<77].elementsEqual([0x0a, 0x20, 0x0d, 0x0a]) else {
            throw DiskError(.badHeader, at: place + 73, "its line ends were changed: it was transferred as text")
        }
        guard capacity <= UInt64(Int64.max) / Self.sector / 2 else {
            throw DiskError(.badHeader, at: place + 12, "a disk of \(capacity) sectors")
        }
        guard grain.nonzeroBitCount == 1, (8...4096).contains(grain) else {
            throw DiskError(.badHeader, at: place + 20, "grains of \(grain) sectors: a power of two, 8 to 4096")
        }
        guard (1...512).contains(tableCount) else {
            throw DiskError(.badHeader, at: place + 44, "tables of \(tableCount) grains: 1 to 512")
        }
        let algorithm: UInt16 = bytes.little(77)
        guard isCompressed == (algorithm == 1), algorithm <= 1, isCompressed == (flags & 1 << 17 != 0) else {
            throw DiskError(
                .unsupported, at: place + 77,
                "compression \(algorithm) with the flags 0x\(String(flags, radix: 16)): grains are deflated and marked, or neither"
            )
        }
        guard directory == Self.atEnd || directory < 1 << 50, overhead < 1 << 50 else {
            throw DiskError(.badHeader, at: place + 56, "a directory at sector \(directory)")
        }
    }

    /// A description says whether the disk is whole with this file.
    private static func check(_ bytes: [UInt8], at place: UInt64) throws {
        var values: [String: String] = [:]
        // As bytes: it may have a mebibyte, and to find characters in that takes a hundred times as long.
        for line in bytes.prefix(while: { $0 != 0 }).split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
            let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = String(decoding: parts[0].filter { $0 != 0x20 }, as: UTF8.self).lowercased()
            guard ["parentcid", "createtype"].contains(name), values[name] == nil else { continue }
            values[name] = String(decoding: parts[1].filter { $0 != UInt8(ascii: "\"") && $0 != 0x20 }, as: UTF8.self)
        }
        guard let parent = values["parentcid"], parent.lowercased() == "ffffffff" else {
            throw DiskError(
                .unsupported, at: place, "it builds on another disk (parentCID \(values["parentcid"] ?? "missing"))")
        }
        guard let kind = values["createtype"], ["monolithicsparse", "streamoptimized"].contains(kind.lowercased())
        else {
            throw DiskError(
                .unsupported, at: place,
                "createType \((values["createtype"] ?? "missing").debugDescription): monolithicSparse and streamOptimized can be read"
            )
        }
    }
}
