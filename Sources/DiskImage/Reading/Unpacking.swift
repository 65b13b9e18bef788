import Dispatch
import Glibc
import Synchronization

/// A piece of a disk that is to be unpacked.
struct PackedPiece: Sendable {
    var packing: Packing
    /// More may follow it.
    var input: [UInt8]
    /// Where it is in the file.
    var place: UInt64
    /// What the file has for it, also beside it.
    var frame: Range<UInt64>?
    /// Where it is on the disk.
    var start: UInt64
    /// Bytes that it has, unpacked.
    var count: Int
    /// Bytes of those that lie on the disk.
    var wanted: Int

    /// Bytes that it takes of the input at least, by what the tables say: its end is in the last sector of 512.
    var leastUsed: Int { max(0, input.count - 511) }

    /// What became of it, and bytes of the input that it took.
    struct Unpacked: Sendable {
        var bytes: [UInt8]
        var used: Int
    }
}

/// Pieces that are being unpacked, side by side on all cores, while those before them are handed on.
final class Unpacking: Sendable {
    let pieces: [PackedPiece]
    private let results: Mutex<[Result<PackedPiece.Unpacked, DiskError>?]>
    private let group = DispatchGroup()
    private let unpackers: IdleUnpackers

    /// Begins.
    ///
    /// - Parameter aside: on threads of its own.
    init(_ pieces: [PackedPiece], by unpackers: IdleUnpackers, aside: Bool) {
        self.unpackers = unpackers
        self.pieces = pieces
        results = Mutex(Array(repeating: nil, count: pieces.count))
        guard aside else {
            run(0, of: 1)
            return
        }
        let lanes = min(pieces.count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8)
        for lane in 0..<lanes {
            DispatchQueue.global().async(group: group) { [self] in run(lane, of: lanes) }
        }
    }

    private func run(_ lane: Int, of lanes: Int) {
        let unpacker = Result { () throws(DiskError) in try unpackers.take() }
        defer { if case .success(let unpacker) = unpacker { unpackers.give(unpacker) } }
        for index in stride(from: lane, to: pieces.count, by: lanes) {
            let result = unpacker.flatMap { unpacker in
                Result { () throws(DiskError) in try unpacker.unpack(pieces[index]) }
            }
            results.withLock { $0[index] = result }
        }
    }

    /// Waits until all are done.
    ///
    /// - Returns: what became of each.
    func finish() -> [Result<PackedPiece.Unpacked, DiskError>] {
        group.wait()
        return results.withLock { $0.compactMap(\.self) }
    }
}

/// What unpacks, while it has nothing to do: to make it anew takes as long as a piece.
final class IdleUnpackers: Sendable {
    private let idle = Mutex<[Unpacker]>([])

    /// - Throws: `DiskError` if there is no memory.
    func take() throws(DiskError) -> Unpacker {
        if let unpacker = idle.withLock({ $0.popLast() }) { return unpacker }
        return try Unpacker()
    }

    func give(_ unpacker: Unpacker) { idle.withLock { $0.append(unpacker) } }
}
