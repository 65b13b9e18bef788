import RawBytes

/// The headers of a VHDX ([MS-VHDX] 2.2). All numbers are little-endian.
enum VHDXHeader {
    static let magic = Array("vhdxfile".utf8)

    /// - Throws: `DiskError` if none of the two headers holds, or the file was not closed.
    static func check(_ bytes: inout DiskBytes) throws {
        var best: (sequence: UInt64, header: [UInt8], place: UInt64)?
        for place: UInt64 in [64 << 10, 128 << 10] {
            let header = try bytes.bytes(at: place, count: 4096, "a VHDX header")
            guard header.starts(with: Array("head".utf8)), CRC32C.holds(header) else { continue }
            let sequence: UInt64 = header.little(8)
            if best.map({ sequence > $0.sequence }) ?? true { best = (sequence, header, place) }
        }
        guard let (_, header, place) = best else {
            throw DiskError(.badChecksum, at: 64 << 10, "none of the two VHDX headers has the checksum that it states")
        }
        let version: UInt16 = header.little(66)
        guard version == 1 else { throw DiskError(.unsupported, at: place + 66, "version \(version) of VHDX") }
        guard header[48..<64].allSatisfy({ $0 == 0 }) else {
            throw DiskError(
                .unsupported, at: place + 48,
                "it was not closed: its log has something to be done yet (qemu-img check -r all does it)")
        }
    }
}

/// Where a VHDX has its two tables (2.2.3).
struct VHDXRegions {
    typealias Region = (offset: UInt64, count: UInt32)
    var table: Region
    var metadata: Region

    private static let tableID = guid("2DC27766F62342009D64115E9BFD4A08")
    private static let metadataID = guid("8B7CA20647904B9AB8FE575F050F886E")

    init(_ bytes: inout DiskBytes) throws {
        for place: UInt64 in [192 << 10, 256 << 10] {
            let region = try bytes.bytes(at: place, count: 64 << 10, "a VHDX region table")
            guard region.starts(with: Array("regi".utf8)), CRC32C.holds(region) else { continue }
            self = try Self(region, place)
            return
        }
        throw DiskError(.badChecksum, at: 192 << 10, "none of the two region tables has the checksum that it states")
    }

    private init(_ bytes: [UInt8], _ place: UInt64) throws {
        let count: UInt32 = bytes.little(8)
        guard count <= 2047 else { throw DiskError(.badHeader, at: place + 8, "\(count) regions: 2047 there may be") }
        var table: Region?
        var metadata: Region?
        for index in 0..<Int(count) {
            let start = 16 + index * 32
            let id = Array(bytes[start..<(start + 16)])
            let region = (bytes.little(start + 16, as: UInt64.self), bytes.little(start + 24, as: UInt32.self))
            switch id {
            case Self.tableID: table = region
            case Self.metadataID: metadata = region
            default:
                guard bytes.little(start + 28, as: UInt32.self) & 1 == 0 else {
                    throw DiskError(.unsupported, at: place + UInt64(start), "it needs a region that is not known")
                }
            }
        }
        guard let table, let metadata else {
            throw DiskError(.badHeader, at: place, "the region table lacks the block table or the metadata")
        }
        self.table = table
        self.metadata = metadata
    }
}

/// What a VHDX says of its disk (2.6).
struct VHDXMetadata {
    var size: UInt64 = 0
    var blockSize: UInt64 = 0
    var sectorSize: UInt64 = 0

    private static let parametersID = guid("CAA16737FA364D43B3B633F0AA44E76B")
    private static let sizeID = guid("2FA54224CD1B4876B2115DBED83BF4B8")
    private static let sectorID = guid("8141BF1DA96F4709BA47F233A8FAAB5F")
    private static let physicalID = guid("CDA348C7445D44719CC9E9885251C556")
    private static let pageID = guid("BECA12ABB2E6452393EFC309E000C746")

    init(_ bytes: inout DiskBytes, _ region: VHDXRegions.Region) throws {
        let place = region.offset
        let table = try bytes.bytes(at: place, count: 64 << 10, "the metadata table")
        guard table.starts(with: Array("metadata".utf8)) else {
            throw DiskError(.badHeader, at: place, "what should be the metadata table is none")
        }
        let count: UInt16 = table.little(10)
        guard count <= 2047 else { throw DiskError(.badHeader, at: place + 10, "\(count) items: 2047 there may be") }
        for index in 0..<Int(count) {
            let start = 32 + index * 32
            try read(
                Array(table[start..<(start + 16)]), at: table.little(start + 16), length: table.little(start + 20),
                isRequired: table.little(start + 24, as: UInt32.self) & 4 != 0, region, &bytes)
        }
        guard blockSize >= 1 << 20, blockSize <= 256 << 20, blockSize.nonzeroBitCount == 1 else {
            throw DiskError(.badHeader, at: place, "blocks of \(blockSize) bytes: a power of two, 1 Mi to 256 Mi")
        }
        guard [512, 4096].contains(sectorSize) else {
            throw DiskError(.badHeader, at: place, "sectors of \(sectorSize) bytes: 512 or 4096")
        }
        guard size > 0, size % sectorSize == 0, size <= 64 << 40 else {
            throw DiskError(
                .badHeader, at: place, "a disk of \(size) bytes: whole sectors of \(sectorSize), up to 64 Ti")
        }
    }

    private mutating func read(
        _ id: [UInt8], at offset: UInt32, length: UInt32, isRequired: Bool, _ region: VHDXRegions.Region,
        _ bytes: inout DiskBytes
    ) throws {
        let (place, overflow) = region.offset.addingReportingOverflow(UInt64(offset))
        guard !overflow else { throw DiskError(.badHeader, at: region.offset, "an item of metadata beyond the end") }
        func item(_ count: Int) throws -> [UInt8] {
            guard Int(length) >= count else {
                throw DiskError(.badHeader, at: place, "an item of metadata has \(length) bytes, not \(count)")
            }
            return try bytes.bytes(at: place, count: count, "an item of metadata")
        }
        switch id {
        case Self.parametersID:
            let parameters = try item(8)
            blockSize = UInt64(parameters.little(0, as: UInt32.self))
            guard parameters.little(4, as: UInt32.self) & 2 == 0 else {
                throw DiskError(.unsupported, at: place, "it is a differencing disk: the rest is in another file")
            }
        case Self.sizeID: size = try item(8).little(0)
        case Self.sectorID: sectorSize = UInt64(try item(4).little(0, as: UInt32.self))
        case Self.physicalID, Self.pageID: break
        default:
            guard !isRequired else { throw DiskError(.unsupported, at: place, "it needs metadata that is not known") }
        }
    }
}

/// The sixteen bytes of a GUID as it is written for people, without hyphens: the first three parts are little-endian.
private func guid(_ text: String) -> [UInt8] {
    guard let bytes = Hexadecimal.bytes(text), bytes.count == 16 else { return [] }
    return Array(bytes[..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...])
}

/// CRC-32C (RFC 3720, appendix B.4).
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 0 ? sum >> 1 : (sum >> 1) ^ 0x82f6_3b78 }
    }

    /// Of all bytes, the checksum's own at byte 4 taken for zeros.
    static func of(_ bytes: [UInt8]) -> UInt32 {
        let table = table
        var sum = UInt32.max
        for index in bytes.indices {
            let byte = index & ~3 == 4 ? 0 : bytes[index]
            sum = table[Int((sum ^ UInt32(byte)) & 0xff)] ^ (sum >> 8)
        }
        return ~sum
    }

    static func holds(_ bytes: [UInt8]) -> Bool { of(bytes) == bytes.little(4) }
}
