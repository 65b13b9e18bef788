/// Where a qcow2 file keeps what: two levels of tables.
struct QCOW2Map: DiskMap {
    let header: QCOW2Header
    private var l1: TableReader
    /// The L2 table at hand, and which one it is.
    private var table: [UInt8] = []
    private var tableIndex: UInt64?
    private var cluster: UInt64 = 0
    /// Of the cluster at hand.
    private var subcluster = 0

    private static let offsetMask: UInt64 = 0x00ff_ffff_ffff_fe00
    private static let compressed: UInt64 = 1 << 62
    private static let zero: UInt64 = 1

    init(_ file: inout DiskBytes) throws {
        header = try QCOW2Header(reading: &file)
        // The first cluster's header has no other use.
        let needed = (header.clusterCount + header.tableCount - 1) / header.tableCount
        l1 = TableReader(at: header.l1Offset, count: needed, width: 8, isLittleEndian: false, "the L1 table")
    }

    var size: UInt64 { header.size }
    var clusterSize: Int? { header.clusterSize }

    var detail: String {
        "version \(header.version), clusters of \(header.clusterSize) bytes"
            + (header.hasSubclusters ? ", subclusters" : "") + (header.isZstd ? ", zstd" : "")
    }

    mutating func next(_ bytes: inout DiskBytes) throws -> DiskExtent? {
        while cluster < header.clusterCount {
            let index = cluster / header.tableCount
            if tableIndex != index {
                guard try load(index, &bytes) else {
                    cluster = (index + 1) * header.tableCount
                    continue
                }
            }
            if let extent = header.hasSubclusters ? try nextOfSubclusters() : try nextOfClusters() { return extent }
        }
        return nil
    }

    /// - Returns: false if there is no such table: all of it is zero.
    private mutating func load(_ index: UInt64, _ bytes: inout DiskBytes) throws -> Bool {
        let place = try l1.entry(index, &bytes) & Self.offsetMask
        guard place != 0 else { return false }
        guard place % UInt64(header.clusterSize) == 0 else {
            throw DiskError(
                .badMap, at: header.l1Offset + index * 8, "an L2 table at \(place), which is no whole cluster")
        }
        table = try bytes.bytes(at: place, count: header.clusterSize, "an L2 table")
        try bytes.use(at: place, count: table.count)
        tableIndex = index
        return true
    }

    private func word(_ index: Int) -> UInt64 {
        unsafe table.withUnsafeBytes { table in
            UInt64(bigEndian: unsafe table.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
    }

    /// The next piece that the table at hand describes; nil if there is none.
    private mutating func nextOfClusters() throws -> DiskExtent? {
        let count = header.tableCount
        let end = min(header.clusterCount, (cluster / count + 1) * count)
        while cluster < end {
            let entry = word(Int(cluster % count))
            let at = cluster
            cluster += 1
            if entry & Self.compressed != 0 { return compressedExtent(entry, at) }
            let place = entry & Self.offsetMask
            // Bit 0 is reserved in version 2, and never set.
            guard place != 0, entry & Self.zero == 0 else { continue }
            try check(place, at)
            return extent(at, 0, header.clusterSize, place)
        }
        return nil
    }

    /// The same where each entry has a map of 32 parts: allocated ones below, zero ones above.
    private mutating func nextOfSubclusters() throws -> DiskExtent? {
        let count = header.tableCount
        let end = min(header.clusterCount, (cluster / count + 1) * count)
        let partSize = header.clusterSize / 32
        while cluster < end {
            let entry = word(Int(cluster % count) * 2)
            let map = word(Int(cluster % count) * 2 + 1)
            let at = cluster
            if entry & Self.compressed != 0 {
                cluster += 1
                return compressedExtent(entry, at)
            }
            let allocated = UInt32(truncatingIfNeeded: map)
            let zero = UInt32(truncatingIfNeeded: map >> 32)
            guard allocated & zero == 0 else {
                throw DiskError(
                    .badMap, at: at << header.clusterBits, "a subcluster of the disk is both allocated and zero")
            }
            let first = subcluster + (subcluster < 32 ? (allocated >> subcluster).trailingZeroBitCount : 0)
            guard subcluster < 32, allocated >> subcluster != 0 else {
                subcluster = 0
                cluster += 1
                continue
            }
            let length = (~(allocated >> first)).trailingZeroBitCount
            subcluster = first + min(length, 32 - first)
            let place = entry & Self.offsetMask
            guard place != 0 else {
                throw DiskError(.badMap, at: at << header.clusterBits, "a subcluster of the disk is allocated nowhere")
            }
            try check(place, at)
            return extent(at, first * partSize, (subcluster - first) * partSize, place)
        }
        return nil
    }

    private func check(_ place: UInt64, _ cluster: UInt64) throws {
        guard place % UInt64(header.clusterSize) == 0 else {
            throw DiskError(
                .badMap, at: place,
                "cluster \(cluster) of the disk is at \(place), which is no whole cluster of the file")
        }
    }

    private func extent(_ cluster: UInt64, _ within: Int, _ count: Int, _ place: UInt64) -> DiskExtent {
        DiskExtent(
            start: cluster << header.clusterBits + UInt64(within), count: count,
            storage: .plain(at: place + UInt64(within)))
    }

    private func compressedExtent(_ entry: UInt64, _ cluster: UInt64) -> DiskExtent {
        // Offset below, then the number of further sectors (qcow2.txt, "Compressed Clusters Descriptor").
        let bits = 62 - (header.clusterBits - 8)
        let place = entry & (1 << bits - 1)
        let sectors = (entry & (Self.compressed - 1)) >> bits
        let room = Int(sectors + 1) * 512 - Int(place % 512)
        return DiskExtent(
            start: cluster << header.clusterBits, count: header.clusterSize,
            storage: .packed(header.isZstd ? .zstd : .deflate, at: place, room: room))
    }
}
