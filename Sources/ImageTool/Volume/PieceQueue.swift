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
        // It may be a block of 16 MiB, and many may follow.
        pieces[used] = .hole(0..<0)
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
    /// What has come, and how much of it was fed to the reader.
    private var come: [UInt8] = []
    private var fed = 0
    private var hasAllCome = false
    private(set) var isAtEnd = false

    /// Bytes that are fed at a time: a record of some bytes can be a block of 16 MiB.
    private static let portion = 1024

    /// - Parameters:
    ///   - name: of what it is read from, for messages.
    ///   - next: hands on the next bytes; false if there are no more behind them.
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

    /// Reads on until there is a piece, or all that has come was read.
    private func step() throws {
        do {
            if fed == come.count, hasAllCome {
                try reader.finish()
                isAtEnd = true
                return
            }
            if fed == come.count {
                come.removeAll(keepingCapacity: true)
                fed = 0
                // The last bytes may well come with the word that they are.
                hasAllCome = try !next { bytes in unsafe bytes.withUnsafeBytes { unsafe come.append(contentsOf: $0) } }
            }
            while fed < come.count, queue.first == nil {
                let end = min(fed + Self.portion, come.count)
                try unsafe reader.feed(come.span.bytes.extracting(fed..<end), to: &blocks)
                fed = end
            }
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
