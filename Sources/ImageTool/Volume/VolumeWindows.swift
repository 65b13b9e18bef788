import DiskImage

/// A volume in pieces of 1 MiB, those that may hold something else than zeros, ascending.
protocol VolumeWindows: AnyObject {
    /// Which piece is next; nil at the end.
    func peek() throws -> UInt64?
    /// The piece that is next, whole: what is not in the volume is zero.
    func take() throws -> [UInt8]
    /// Bytes of the volume, at the end.
    var size: UInt64? { get }
}

enum VolumeWindow {
    static let bytes: UInt64 = 1 << 20
}

/// What a disk image holds.
final class DiskWindows: VolumeWindows {
    private let file: DiskSourceFile
    private var reader: DiskReader
    private let queue = PieceQueue()
    private(set) var size: UInt64?
    /// Is told how far the disk has been read.
    private let advance: (UInt64) -> Void

    init(_ file: DiskSourceFile, advance: @escaping (UInt64) -> Void) throws {
        self.file = file
        self.advance = advance
        reader = try file.reader()
    }

    func peek() throws -> UInt64? {
        while size == nil, queue.first == nil {
            var visitor = QueueingVisitor(queue: queue)
            size = try file.translating { try reader.step(to: &visitor) }
            advance(reader.reached)
        }
        guard case .data(_, let offset) = queue.first else { return nil }
        return offset / VolumeWindow.bytes
    }

    func take() throws -> [UInt8] {
        var window = [UInt8](repeating: 0, count: Int(VolumeWindow.bytes))
        guard let index = try peek() else { return window }
        while try peek() == index, case .data(let bytes, let offset) = queue.first {
            queue.fill(&window, from: bytes, at: offset, index)
        }
        return window
    }
}

private struct QueueingVisitor: DiskVisitor {
    let queue: PieceQueue
    func data(_ bytes: RawSpan, at offset: UInt64) {
        queue.append(.data(unsafe bytes.withUnsafeBytes { unsafe Array($0) }, at: offset))
    }
}

/// What a whole stream holds, or what a volume becomes by that of an increment.
final class StreamWindows: VolumeWindows {
    private let base: (any VolumeWindows)?
    private let stream: VolumeStream

    /// - Parameter base: what an increment builds on.
    init(_ stream: VolumeStream, on base: (any VolumeWindows)?) {
        self.stream = stream
        self.base = base
    }

    var size: UInt64? { stream.isAtEnd ? stream.size ?? base?.size : nil }

    func peek() throws -> UInt64? {
        while true {
            let below = try base?.peek()
            switch try stream.peek() {
            case nil: return below
            case .data(_, let offset)?: return min(below ?? .max, offset / VolumeWindow.bytes)
            case .hole(let range)?:
                // A hole matters where there is something below it.
                if let below, range.upperBound > below * VolumeWindow.bytes { return below }
                stream.queue.removeFirst()
            }
        }
    }

    func take() throws -> [UInt8] {
        guard let index = try peek() else { return [UInt8](repeating: 0, count: Int(VolumeWindow.bytes)) }
        var window =
            if let base, try base.peek() == index { try base.take() } else {
                [UInt8](repeating: 0, count: Int(VolumeWindow.bytes))
            }
        let end = (index + 1) * VolumeWindow.bytes
        while true {
            switch try stream.peek() {
            case .data(let bytes, let offset)? where offset < end:
                stream.queue.fill(&window, from: bytes, at: offset, index)
            case .hole(let range)? where range.lowerBound < end:
                stream.queue.clear(&window, range, index)
            default: return window
            }
        }
    }
}

extension PieceQueue {
    /// Puts the first piece into a window, and keeps what goes beyond it.
    func fill(_ window: inout [UInt8], from bytes: [UInt8], at offset: UInt64, _ index: UInt64) {
        let start = Int(offset - index * VolumeWindow.bytes)
        let count = min(bytes.count, window.count - start)
        window.replaceSubrange(start..<(start + count), with: bytes[..<count])
        if count < bytes.count {
            replaceFirst(with: .data(Array(bytes[count...]), at: offset + UInt64(count)))
        } else {
            removeFirst()
        }
    }

    /// Clears what the first piece, a hole, covers of a window, and keeps what goes beyond it.
    func clear(_ window: inout [UInt8], _ range: Range<UInt64>, _ index: UInt64) {
        let begin = index * VolumeWindow.bytes
        let start = Int(max(range.lowerBound, begin) - begin)
        let end = Int(min(range.upperBound, begin + VolumeWindow.bytes) - begin)
        window.replaceSubrange(start..<max(start, end), with: repeatElement(0, count: max(0, end - start)))
        if range.upperBound > begin + VolumeWindow.bytes {
            replaceFirst(with: .hole((begin + VolumeWindow.bytes)..<range.upperBound))
        } else {
            removeFirst()
        }
    }
}
