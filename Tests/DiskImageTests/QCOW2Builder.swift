/// Makes qcow2 files that no tool would make. Version 3, clusters of 64 KiB, unless told otherwise.
struct QCOW2Builder {
    var bytes: [UInt8]
    static let cluster = 65536

    /// - Parameter clusters: of the file.
    init(size: UInt64, clusters: Int, l1: [UInt64]) {
        bytes = [UInt8](repeating: 0, count: clusters * Self.cluster)
        put([0x51, 0x46, 0x49, 0xfb], 0)
        put32(3, 4)
        put32(16, 20)
        put64(size, 24)
        put32(UInt32(l1.count), 36)
        put64(UInt64(Self.cluster), 40)
        put32(4, 96)
        put32(104, 100)
        for (index, entry) in l1.enumerated() { put64(entry, Self.cluster + index * 8) }
    }

    mutating func put(_ new: [UInt8], _ offset: Int) { bytes.replaceSubrange(offset..<(offset + new.count), with: new) }
    mutating func put32(_ number: UInt32, _ offset: Int) {
        put((0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - $0 * 8)) }, offset)
    }
    mutating func put64(_ number: UInt64, _ offset: Int) {
        put((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - $0 * 8)) }, offset)
    }

    /// An entry of the L2 table that is at a cluster.
    mutating func map(_ index: Int, to entry: UInt64, table: Int) { put64(entry, table * Self.cluster + index * 8) }
}
