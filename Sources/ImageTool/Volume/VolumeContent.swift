import DiskImage

/// The content of a volume on its way to a visitor, a piece at a time.
final class VolumeContent {
    private enum Way {
        /// As it comes from a disk image, which is the shortest way.
        case disk(DiskReader, DiskSourceFile)
        case windows(any VolumeWindows)
    }

    private var way: Way
    /// Bytes of the volume where that is known: what lies beyond it is not handed on.
    private let size: UInt64?
    /// Is told how far it has been read, from the volume's beginning.
    private let advance: (UInt64) -> Void

    init(_ file: DiskSourceFile, advance: @escaping (UInt64) -> Void) throws {
        way = .disk(try file.reader(), file)
        size = nil
        self.advance = advance
    }

    init(_ windows: any VolumeWindows, size: UInt64? = nil, advance: @escaping (UInt64) -> Void = { _ in }) {
        way = .windows(windows)
        self.size = size
        self.advance = advance
    }

    /// Hands on a piece.
    ///
    /// - Returns: bytes of the volume, at its end; nil while there is more.
    func step(to visitor: inout some DiskVisitor) throws -> UInt64? {
        switch way {
        case .disk(var reader, let file):
            defer {
                advance(reader.reached)
                way = .disk(reader, file)
            }
            return try file.translating { try reader.step(to: &visitor) }
        case .windows(let windows):
            guard let index = try windows.peek() else {
                if let size = windows.size { advance(size) }
                return windows.size
            }
            let bytes = try windows.take()
            let start = index * VolumeWindow.bytes
            let count = Int(min(UInt64(bytes.count), max(size ?? .max, start) - start))
            advance(start + UInt64(count))
            if count > 0 { try unsafe visitor.data(bytes.span.bytes.extracting(0..<count), at: start) }
            return nil
        }
    }

    /// Hands on all of it.
    ///
    /// - Returns: bytes of the volume.
    func readAll(to visitor: inout some DiskVisitor) throws -> UInt64 {
        while true {
            if let size = try step(to: &visitor) { return size }
            try Task.checkCancellation()
        }
    }
}
