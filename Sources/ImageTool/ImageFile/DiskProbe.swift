import DiskImage
import SendStream

/// Looks at the content of a disk as it passes: keeps the beginning, and the beginning of each partition that the table there
/// speaks of.
struct DiskProbe {
    /// Bytes of content that passed.
    private(set) var dataBytes: UInt64 = 0
    private var head: [UInt8] = []
    private var partitions: [UInt64: [UInt8]]?

    /// Enough for the table, and for the file system of a disk or partition.
    private static let headLength = 128 << 10
    private static let partitionHeadLength = 68 << 10

    /// Content, ascending; what does not come is zero.
    mutating func add(_ bytes: RawSpan, at offset: UInt64) {
        dataBytes += UInt64(bytes.byteCount)
        if offset < UInt64(Self.headLength) { Self.keep(bytes, at: offset, in: &head, from: 0, most: Self.headLength) }
        let end = offset + UInt64(bytes.byteCount)
        guard end >= UInt64(Self.headLength) else { return }
        let places = partitions ?? starts()
        partitions = places
        for start in places.keys where end > start && offset < start + UInt64(Self.partitionHeadLength) {
            var kept = partitions?.updateValue([], forKey: start) ?? []
            Self.keep(bytes, at: offset, in: &kept, from: start, most: Self.partitionHeadLength)
            partitions?[start] = kept
        }
    }

    /// What was there.
    func content() -> DiskContent {
        // Of a partition that begins behind the disk's end, nothing has come.
        DiskContent(padded(head, Self.headLength)) { offset, count in padded(partitions?[offset] ?? [], count) }
    }

    private func starts() -> [UInt64: [UInt8]] {
        let table = DiskContent(padded(head, Self.headLength)) { _, _ in [] }
        return Dictionary(table.partitions.map { ($0.offset, []) }) { one, _ in one }
    }

    private func padded(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: max(0, count - bytes.count))
    }

    private static func keep(
        _ bytes: RawSpan, at offset: UInt64, in kept: inout [UInt8], from start: UInt64, most: Int
    ) {
        let skipped = offset < start ? Int(start - offset) : 0
        let place = offset > start ? Int(offset - start) : 0
        let count = min(bytes.byteCount - skipped, most - place)
        guard count > 0 else { return }
        if kept.count < place + count { kept += [UInt8](repeating: 0, count: place + count - kept.count) }
        unsafe bytes.extracting(skipped..<(skipped + count)).withUnsafeBytes { bytes in
            unsafe kept.replaceSubrange(place..<(place + count), with: bytes)
        }
    }
}

extension DiskProbe: DiskVisitor {
    mutating func data(_ bytes: RawSpan, at offset: UInt64) { add(bytes, at: offset) }
}

/// A volume in a stream is a disk, too.
struct VolumeProbe: VolumeVisitor {
    private(set) var disk = DiskProbe()
    private(set) var size: UInt64?
    private(set) var blockSize: Int?

    mutating func begin(_ header: StreamHeader, blockSize: Int?) { self.blockSize = blockSize }
    mutating func data(_ bytes: RawSpan, at offset: UInt64) { disk.add(bytes, at: offset) }
    mutating func hole(at offset: UInt64, count: UInt64) {}
    mutating func end(size: UInt64?) { self.size = size }
}
