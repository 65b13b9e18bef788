import DiskImage
import Failure
import SendStream

/// What is told of a volume, ascending, and was not used yet.
final class PieceQueue {
    enum Piece {
        case data([UInt8], at: UInt64)
        /// Of an increment: zero now.
        case hole(Range<UInt64>)
    }

    private var pieces: [Piece] = []
    private var used = 0

    var first: Piece? { used < pieces.count ? pieces[used] : nil }

    func append(_ piece: Piece) { pieces.append(piece) }

    func removeFirst() {
        used += 1
        if used == pieces.count {
            pieces.removeAll(keepingCapacity: true)
            used = 0
        }
    }

    func replaceFirst(with piece: Piece) { pieces[used] = piece }
}

/// A stream of a volume's snapshot, read a piece at a time.
final class VolumeStream {
    let queue = PieceQueue()
    private let next: ((RawSpan) throws -> Void) throws -> Bool
    private let name: String
    private var reader = StreamReader()
    private var blocks: VolumeBlocks<QueueVisitor>
    private(set) var isAtEnd = false

    /// - Parameters:
    ///   - name: of what it is read from, for messages.
    ///   - next: hands on the next bytes; false at the end.
    init(_ name: String, _ next: @escaping ((RawSpan) throws -> Void) throws -> Bool) {
        self.name = name
        self.next = next
        blocks = VolumeBlocks(QueueVisitor(queue: queue))
    }

    /// Known once there is a piece, or the end.
    var header: StreamHeader? { blocks.visitor.header }
    var blockSize: Int? { blocks.visitor.blockSize }
    /// Bytes of the volume, at the end; nil of an increment that leaves it as it was.
    var size: UInt64? { blocks.visitor.size }

    /// The first piece that was not used; nil at the end.
    ///
    /// - Throws: `InvalidStream`, and what reading throws.
    func peek() throws -> PieceQueue.Piece? {
        while true {
            if let first = queue.first { return first }
            if isAtEnd { return nil }
            try step()
        }
    }

    private func step() throws {
        do {
            let more = try next { bytes in
                // A little at a time: a record of some bytes can be a block of 16 MiB.
                for start in stride(from: 0, to: bytes.byteCount, by: 1024) {
                    let end = min(start + 1024, bytes.byteCount)
                    try reader.feed(bytes.extracting(start..<end), to: &blocks)
                }
            }
            guard !more else { return }
            try reader.finish()
            isAtEnd = true
        } catch let error as StreamError {
            throw ImageTool.invalidVolume(name, error)
        }
    }
}

private struct QueueVisitor: VolumeVisitor {
    let queue: PieceQueue
    var header: StreamHeader?
    var blockSize: Int?
    var size: UInt64?

    mutating func begin(_ header: StreamHeader, blockSize: Int?) {
        self.header = header
        self.blockSize = blockSize
    }

    func data(_ bytes: RawSpan, at offset: UInt64) throws {
        guard offset < 1 << 62 else {
            throw Failure(.invalidStream, "the stream has a block at \(offset), where no volume reaches")
        }
        queue.append(.data(unsafe bytes.withUnsafeBytes { unsafe Array($0) }, at: offset))
    }

    func hole(at offset: UInt64, count: UInt64) {
        let (end, overflow) = offset.addingReportingOverflow(count)
        queue.append(.hole(offset..<(overflow ? .max : end)))
    }

    mutating func end(size: UInt64?) { self.size = size }
}
