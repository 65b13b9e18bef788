/// Where a VHDX keeps what ([MS-VHDX]): a table of blocks, in which every so often an entry is not for a block.
struct VHDXMap: DiskMap {
    let size: UInt64
    private let blockSize: UInt64
    /// Entries for blocks between two that are not.
    private let chunkRatio: UInt64
    private var table: TableReader
    private var block: UInt64 = 0

    init(_ bytes: inout DiskBytes) throws {
        try VHDXHeader.check(&bytes)
        let regions = try VHDXRegions(&bytes)
        let metadata = try VHDXMetadata(&bytes, regions.metadata)
        size = metadata.size
        blockSize = metadata.blockSize
        chunkRatio = (1 << 23) * metadata.sectorSize / blockSize
        let blocks = (size + blockSize - 1) / blockSize
        let count = blocks + (blocks == 0 ? 0 : (blocks - 1) / chunkRatio)
        guard count * 8 <= UInt64(regions.table.count) else {
            throw DiskError(
                .badHeader, at: regions.table.offset,
                "a block table of \(regions.table.count) bytes, where a disk of \(size) bytes needs \(count * 8)")
        }
        table = TableReader(at: regions.table.offset, count: count, width: 8, isLittleEndian: true, "the block table")
    }

    var detail: String { "blocks of \(blockSize) bytes" }

    mutating func next(_ bytes: inout DiskBytes) throws -> DiskExtent? {
        while block * blockSize < size {
            let entry = try table.entry(block + block / chunkRatio, &bytes)
            let at = block
            block += 1
            switch entry & 7 {
            // Not present, undefined, zero, unmapped.
            case 0, 1, 2, 3: continue
            case 6:
                let place = (entry >> 20) << 20
                guard place > 0 else {
                    throw DiskError(
                        .badMap, at: table.offset, "block \(at) of the disk is present, at the file's beginning")
                }
                return DiskExtent(start: at * blockSize, count: Int(blockSize), storage: .plain(at: place))
            default:
                throw DiskError(
                    .unsupported, at: table.offset,
                    "block \(at) of the disk is in state \(entry & 7): in part in another file")
            }
        }
        return nil
    }
}
