import RawBytes

/// Which clusters of a disk are not all zero: a bit each, kept only for the parts of the disk that have any.
public struct ClusterMap: Sendable {
    /// Bytes of a cluster.
    static let clusterSize: UInt64 = 65536
    /// Clusters of a part, which is what an L2 table describes.
    static let partCount: UInt64 = 8192

    private(set) var parts: [(index: UInt64, bits: [UInt64])] = []
    private(set) var count: UInt64 = 0
    private var reached: UInt64 = 0

    public init() {}

    /// Notes content, which must ascend.
    ///
    /// - Throws: `DiskError` if it does not.
    public mutating func add(_ bytes: RawSpan, at offset: UInt64) throws {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
        guard offset >= reached, !overflow else {
            throw DiskError(.order, at: offset, "content comes after what reaches to \(reached)")
        }
        reached = end
        var place = offset
        while place < end {
            let next = min(end, (place / Self.clusterSize + 1) * Self.clusterSize)
            if !bytes.extracting(Int(place - offset)..<Int(next - offset)).isZero { mark(place / Self.clusterSize) }
            place = next
        }
    }

    private mutating func mark(_ cluster: UInt64) {
        let index = cluster / Self.partCount
        if parts.last?.index != index {
            parts.append((index, [UInt64](repeating: 0, count: Int(Self.partCount / 64))))
        }
        let bit = Int(cluster % Self.partCount)
        let mask: UInt64 = 1 << (bit % 64)
        if parts[parts.count - 1].bits[bit / 64] & mask == 0 { count += 1 }
        parts[parts.count - 1].bits[bit / 64] |= mask
    }
}
