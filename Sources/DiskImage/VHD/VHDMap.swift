/// Where a dynamic VHD keeps what: a table of blocks.
struct VHDMap: DiskMap {
    let size: UInt64
    private let blockSize: Int
    private let bitmapSize: Int
    private var table: TableReader
    private var block: UInt64 = 0

    init(_ bytes: inout DiskBytes) throws {
        guard let footer = VHDFooter(try bytes.bytes(at: 0, count: 512, "the footer's copy")) else {
            throw DiskError(.badChecksum, at: 0, "the copy of the VHD footer has another checksum than it states")
        }
        guard footer.type == VHDFooter.dynamic else {
            let what =
                footer.type == VHDFooter.differencing
                ? "it is a differencing disk: the rest is in another file"
                : "a VHD of type \(footer.type) with its footer in front"
            throw DiskError(.unsupported, at: 60, what)
        }
        guard footer.dataOffset % 512 == 0 else {
            throw DiskError(
                .badHeader, at: 16, "the dynamic header is at \(footer.dataOffset), which is no whole sector")
        }
        let place = footer.dataOffset
        let header = try bytes.bytes(at: place, count: 1024, "the dynamic header")
        guard header.starts(with: Array("cxsparse".utf8)) else {
            throw DiskError(.badHeader, at: place, "the dynamic header does not begin with cxsparse")
        }
        guard VHDFooter.checksum(header, at: 36) == header.big(36) else {
            throw DiskError(.badChecksum, at: place, "the dynamic header has another checksum than it states")
        }
        let blockBytes: UInt32 = header.big(32)
        guard blockBytes >= 512, blockBytes.nonzeroBitCount == 1, blockBytes <= 256 << 20 else {
            throw DiskError(.badHeader, at: place + 32, "blocks of \(blockBytes) bytes: a power of two, 512 to 256 Mi")
        }
        blockSize = Int(blockBytes)
        bitmapSize = (blockSize / 512 / 8 + 511) / 512 * 512
        size = footer.size
        guard size <= UInt64(Int64.max) - UInt64(blockBytes) else {
            throw DiskError(.badHeader, at: 48, "a disk of \(size) bytes")
        }
        let needed = (size + UInt64(blockBytes) - 1) / UInt64(blockBytes)
        let count = UInt64(header.big(28, as: UInt32.self))
        guard count >= needed else {
            throw DiskError(
                .badHeader, at: place + 28, "a table of \(count) blocks, where a disk of \(size) bytes needs \(needed)")
        }
        let tableOffset: UInt64 = header.big(16)
        table = TableReader(at: tableOffset, count: needed, width: 4, isLittleEndian: false, "the block table")
    }

    var detail: String { "dynamic, blocks of \(blockSize) bytes" }

    mutating func next(_ bytes: inout DiskBytes) throws -> DiskExtent? {
        while block < table.entryCount {
            let sector = try table.entry(block, &bytes)
            let at = block
            block += 1
            if sector == 0xffff_ffff { continue }
            let place = sector * 512 + UInt64(bitmapSize)
            return DiskExtent(
                start: at * UInt64(blockSize), count: blockSize, storage: .plain(at: place),
                frame: (sector * 512)..<(place + UInt64(blockSize)))
        }
        return nil
    }
}
