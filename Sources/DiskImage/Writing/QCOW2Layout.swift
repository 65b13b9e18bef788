/// Where everything goes in a qcow2 file that is written in one go. All are counted in clusters.
struct QCOW2Layout {
    /// Bytes of the disk, whole sectors.
    let size: UInt64
    private let refcountTable: UInt64
    private let refcountBlocks: UInt64
    private let l1: UInt64
    private let l1Count: UInt64
    private let l2: UInt64
    private let content: UInt64

    private static let clusterSize = ClusterMap.clusterSize
    /// Reference counts of 16 bits in a cluster.
    private static let countsInBlock = clusterSize / 2
    private static let copied: UInt64 = 1 << 63

    init(size: UInt64, map: ClusterMap) throws(DiskError) {
        guard size > 0, size <= 1 << 51 else {
            throw DiskError(.limit, at: 0, "a disk of \(size) bytes: qcow2 with clusters of 64 KiB holds up to 2 Pi")
        }
        self.size = (size + 511) / 512 * 512
        let span = Self.clusterSize * ClusterMap.partCount
        guard let last = map.parts.last?.index, last >= (size + span - 1) / span else {
            l1Count = (size + span - 1) / span
            l1 = (l1Count * 8 + Self.clusterSize - 1) / Self.clusterSize
            l2 = UInt64(map.parts.count)
            content = map.count
            let others = 1 + l1 + l2 + content
            // The counts count themselves.
            var table: UInt64 = 1
            var blocks: UInt64 = 1
            while true {
                let wanted = (others + table + blocks + Self.countsInBlock - 1) / Self.countsInBlock
                let wantedTable = (wanted * 8 + Self.clusterSize - 1) / Self.clusterSize
                if wanted <= blocks, wantedTable <= table { break }
                blocks = max(wanted, blocks)
                table = max(wantedTable, table)
            }
            refcountTable = table
            refcountBlocks = blocks
            return
        }
        throw DiskError(.order, at: last * span, "there is content beyond the \(size) bytes of the disk")
    }

    private var clusterCount: UInt64 { 1 + refcountTable + refcountBlocks + l1 + l2 + content }
    var byteCount: UInt64 { clusterCount * Self.clusterSize }

    func write(_ map: ClusterMap, to sink: inout some ByteSink) throws {
        var words = WordWriter()
        try unsafe sink.write(header.span.bytes)
        try sink.fill(Self.clusterSize - UInt64(header.count))
        for block in 0..<refcountBlocks {
            try words.add((1 + refcountTable + block) * Self.clusterSize, to: &sink)
        }
        try words.pad(&sink)
        try writeCounts(&sink)
        let firstTable = 1 + refcountTable + refcountBlocks + l1
        var part = 0
        for index in 0..<l1Count {
            if part < map.parts.count, map.parts[part].index == index {
                try words.add((firstTable + UInt64(part)) * Self.clusterSize | Self.copied, to: &sink)
                part += 1
            } else {
                try words.add(0, to: &sink)
            }
        }
        try words.pad(&sink)
        var next = firstTable + l2
        for part in map.parts {
            for bits in part.bits {
                for bit in 0..<64 {
                    let isThere = bits >> bit & 1 != 0
                    try words.add(isThere ? next * Self.clusterSize | Self.copied : 0, to: &sink)
                    if isThere { next += 1 }
                }
            }
        }
    }

    private var header: [UInt8] {
        func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { withBigEndian(number) }
        var bytes = QCOW2Header.magic + big(UInt32(3)) + big(UInt64(0)) + big(UInt32(0)) + big(UInt32(16)) + big(size)
        bytes += big(UInt32(0)) + big(UInt32(truncatingIfNeeded: l1Count))
        bytes += big((1 + refcountTable + refcountBlocks) * Self.clusterSize)
        bytes += big(Self.clusterSize) + big(UInt32(truncatingIfNeeded: refcountTable))
        // No snapshots; no features; counts of 2^4 bits; bytes of the header.
        bytes += big(UInt32(0)) + big(UInt64(0))
        bytes += big(UInt64(0)) + big(UInt64(0)) + big(UInt64(0)) + big(UInt32(4)) + big(UInt32(104))
        // An extension of type 0 ends them.
        return bytes + big(UInt64(0))
    }

    private func withBigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        let size = MemoryLayout<Number>.size
        return (0..<size).map { UInt8(truncatingIfNeeded: number >> ((size - 1 - $0) * 8)) }
    }

    /// Every cluster is used once.
    private func writeCounts(_ sink: inout some ByteSink) throws {
        let ones = [UInt8]((0..<Int(Self.clusterSize)).map { $0 % 2 == 0 ? 0 : 1 })
        var left = clusterCount
        for _ in 0..<refcountBlocks {
            let count = min(left, Self.countsInBlock)
            try unsafe sink.write(ones.span.bytes.extracting(0..<(Int(count) * 2)))
            try sink.fill(Self.clusterSize - count * 2)
            left -= count
        }
    }
}

/// Writes numbers of eight bytes, a cluster at a time.
private struct WordWriter {
    private var bytes: [UInt8] = []

    mutating func add(_ word: UInt64, to sink: inout some ByteSink) throws {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        if bytes.count == Int(ClusterMap.clusterSize) { try flush(&sink) }
    }

    /// Fills up the cluster.
    mutating func pad(_ sink: inout some ByteSink) throws {
        guard !bytes.isEmpty else { return }
        let missing = ClusterMap.clusterSize - UInt64(bytes.count)
        try flush(&sink)
        try sink.fill(missing)
    }

    private mutating func flush(_ sink: inout some ByteSink) throws {
        try unsafe sink.write(bytes.span.bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
