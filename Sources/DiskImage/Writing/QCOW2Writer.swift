import RawBytes

/// Writes a qcow2 file (version 3, clusters of 64 KiB, nothing packed) from its first byte to its last, to where nobody can
/// seek. The same disk gives the same bytes.
///
/// It takes two passes over the disk: one that fills a ``ClusterMap``, from which all tables follow, and one that writes.
/// In the file are, in this order: header, table and blocks of reference counts, L1 table, L2 tables, content.
public struct QCOW2Writer {
    private let layout: QCOW2Layout
    private let map: ClusterMap
    private var clusters: ClusterCursor
    /// The cluster at hand, as far as it came.
    private var cluster: UInt64?
    private var filled = 0
    private var hasBegun = false

    private static let clusterSize = Int(ClusterMap.clusterSize)

    /// - Parameters:
    ///   - size: bytes of the disk. The format counts sectors: it is rounded up to 512.
    ///   - map: of its content.
    /// - Throws: `DiskError` if the format cannot hold so much.
    public init(size: UInt64, map: ClusterMap) throws(DiskError) {
        layout = try QCOW2Layout(size: size, map: map)
        self.map = map
        clusters = ClusterCursor(map)
    }

    /// Bytes that the file will have.
    public var byteCount: UInt64 { layout.byteCount }

    /// Writes header and tables.
    ///
    /// - Throws: what the sink throws.
    public mutating func begin(to sink: inout some ByteSink) throws {
        hasBegun = true
        try layout.write(map, to: &sink)
    }

    /// Content, ascending, the same that the map was made of.
    ///
    /// - Throws: `DiskError` if it is not, and what the sink throws.
    public mutating func write(_ bytes: RawSpan, at offset: UInt64, to sink: inout some ByteSink) throws {
        guard hasBegun, UInt64(bytes.byteCount) <= layout.size, offset <= layout.size - UInt64(bytes.byteCount) else {
            throw DiskError(.order, at: offset, "content of \(bytes.byteCount) bytes in a disk of \(layout.size)")
        }
        var taken = 0
        while taken < bytes.byteCount {
            let place = offset + UInt64(taken)
            let within = Int(place % ClusterMap.clusterSize)
            let length = min(Self.clusterSize - within, bytes.byteCount - taken)
            try write(bytes.extracting(taken..<(taken + length)), place / ClusterMap.clusterSize, within, &sink)
            taken += length
        }
    }

    private mutating func write(
        _ piece: RawSpan, _ index: UInt64, _ within: Int, _ sink: inout some ByteSink
    ) throws {
        if cluster != index {
            // What is zero may come or not; it has a cluster only if the rest of that is not.
            if clusters.next != index, piece.isZero { return }
            try complete(&sink)
            guard clusters.next == index else { throw changed(index) }
            clusters.advance()
            cluster = index
        }
        guard within >= filled else { throw changed(index) }
        try sink.fill(UInt64(within - filled))
        try sink.write(piece)
        filled = within + piece.byteCount
    }

    private mutating func complete(_ sink: inout some ByteSink) throws {
        guard cluster != nil else { return }
        try sink.fill(UInt64(Self.clusterSize - filled))
        cluster = nil
        filled = 0
    }

    private func changed(_ index: UInt64) -> DiskError {
        DiskError(
            .order, at: index * ClusterMap.clusterSize, "the content is another one than the first time it was read")
    }

    /// Writes what is left.
    ///
    /// - Throws: `DiskError` if content is missing, and what the sink throws.
    public mutating func finish(to sink: inout some ByteSink) throws {
        try complete(&sink)
        if let missing = clusters.next { throw changed(missing) }
    }
}

/// Goes through the clusters of a map.
private struct ClusterCursor {
    private let map: ClusterMap
    private var part = 0
    private var bit = 0
    private(set) var next: UInt64?

    init(_ map: ClusterMap) {
        self.map = map
        find()
    }

    mutating func advance() {
        bit += 1
        find()
    }

    private mutating func find() {
        while part < map.parts.count {
            let bits = map.parts[part].bits
            while bit < Int(ClusterMap.partCount) {
                let rest = bits[bit / 64] >> (bit % 64)
                if rest != 0 {
                    bit += rest.trailingZeroBitCount
                    next = map.parts[part].index * ClusterMap.partCount + UInt64(bit)
                    return
                }
                bit = (bit / 64 + 1) * 64
            }
            part += 1
            bit = 0
        }
        next = nil
    }
}
