/// A piece of a disk that is not known to be zero, and where it is kept.
struct DiskExtent {
    /// Of the disk.
    var start: UInt64
    var count: Int
    var storage: Storage
    /// All that the file has for it, also what nobody reads: marks before it, what fills the last sector behind it.
    var frame: Range<UInt64>?

    enum Storage {
        /// As it is, at a place in the file.
        case plain(at: UInt64)
        /// Packed, within some bytes at a place in the file.
        case packed(Packing, at: UInt64, room: Int)
    }

    /// Takes another one to it, if that goes on where this ends, on the disk and in the file.
    mutating func append(_ next: DiskExtent, most: Int) -> Bool {
        guard case .plain(let place) = storage, case .plain(let following) = next.storage, next.frame == nil,
            start + UInt64(count) == next.start, place + UInt64(count) == following, count + next.count <= most
        else { return false }
        count += next.count
        return true
    }
}

extension [DiskExtent] {
    private static let mostPieces = 64

    /// Takes one to what is handed on together: what goes on where a plain one ends, or another packed one, as all of them are then
    /// unpacked side by side.
    ///
    /// - Parameter most: bytes of the disk, if they are several.
    mutating func takes(_ next: DiskExtent, most: Int) -> Bool {
        guard let last = indices.last else {
            append(next)
            return true
        }
        if self[last].append(next, most: most) { return true }
        guard case .packed(_, _, let room) = next.storage, case .packed(_, _, let firstRoom) = self[0].storage,
            room <= most / 8, firstRoom <= most / 8, count < Self.mostPieces,
            reduce(0, { $0 + $1.count }) + next.count <= most
        else { return false }
        append(next)
        return true
    }
}

/// Where a format keeps which piece of its disk.
protocol DiskMap {
    /// Bytes of the disk.
    var size: UInt64 { get }
    var detail: String { get }
    /// Bytes that are kept together, where the format has something of the kind.
    var clusterSize: Int? { get }

    /// The next piece, ascending; nil at the end.
    mutating func next(_ bytes: inout DiskBytes) throws -> DiskExtent?
}

extension DiskMap {
    var clusterSize: Int? { nil }
}
