import Host
import SendStream

/// Puts together the content of files to which several streams contribute. What they bring is kept, as it comes, in a file on the
/// disk.
struct ContentMerger: FileContentVisitor, Sendable {
    private var files: [UInt64: LayeredContent] = [:]
    private let scratch: ScratchFile
    /// Of the scratch file.
    private var end: UInt64 = 0
    private static let windowSize: UInt64 = 1 << 16

    /// - Throws: `FileSystemError`, `NoSpace`.
    init(_ objects: [UInt64]) throws {
        scratch = try ScratchFile()
        for object in objects { files[object] = LayeredContent() }
    }

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        guard bytes.byteCount > 0, files[object] != nil else { return }
        try files[object]?.add(offset..<(offset + UInt64(bytes.byteCount)), at: end, stream: stream)
        try scratch.write(bytes, at: end)
        end += UInt64(bytes.byteCount)
    }

    mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) throws {
        try files[object]?.clear(offset..<(end ?? .max), stream: stream)
    }

    /// Hands on what there is of a file but zeros, in windows of one size: how the data came makes no difference.
    func read(_ object: UInt64, _ body: (RawSpan, UInt64) throws -> Void) throws {
        let pieces = files[object]?.pieces ?? []
        guard let last = pieces.last else { return }
        var buffer = [UInt8](repeating: 0, count: Int(Self.windowSize))
        var index = 0
        var reached: UInt64 = 0
        while index < pieces.count {
            var start = max(reached, pieces[index].range.lowerBound)
            start -= start % Self.windowSize
            // The last window ends with the data.
            reached = min(last.range.upperBound, start + Self.windowSize)
            _ = unsafe buffer.withUnsafeMutableBytes { unsafe $0.initializeMemory(as: UInt8.self, repeating: 0) }
            while index < pieces.count, pieces[index].range.lowerBound < reached {
                try read(pieces[index], of: start..<reached, into: &buffer)
                guard pieces[index].range.upperBound <= reached else { break }
                index += 1
            }
            let window = unsafe buffer.span.bytes.extracting(0..<Int(reached - start))
            if window.hasContent { try body(window, start) }
        }
    }

    /// The content of a file, zeros included.
    func file(_ object: UInt64) -> MergedFile {
        MergedFile(pieces: files[object]?.pieces ?? [], scratch: scratch)
    }

    private func read(
        _ piece: LayeredContent.Piece, of window: Range<UInt64>, into buffer: inout [UInt8]
    ) throws {
        let part = piece.range.clamped(to: window)
        let target = Int(part.lowerBound - window.lowerBound)..<Int(part.upperBound - window.lowerBound)
        let place = piece.place + (part.lowerBound - piece.range.lowerBound)
        try unsafe buffer.withUnsafeMutableBytes {
            try unsafe scratch.read(at: place, into: UnsafeMutableRawBufferPointer(rebasing: $0[target]))
        }
    }
}

/// The content of a file that was put together, from its beginning on.
struct MergedFile: Sendable {
    private let pieces: [LayeredContent.Piece]
    private let scratch: ScratchFile
    private var index = 0
    private var place: UInt64 = 0

    fileprivate init(pieces: [LayeredContent.Piece], scratch: ScratchFile) {
        self.pieces = pieces
        self.scratch = scratch
    }

    /// The next bytes; where there are none, zeros.
    ///
    /// - Throws: `FileSystemError`.
    mutating func next(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let window = place..<(place + UInt64(count))
        while index < pieces.count, pieces[index].range.lowerBound < window.upperBound {
            let piece = pieces[index]
            let part = piece.range.clamped(to: window)
            if !part.isEmpty {
                let target = Int(part.lowerBound - window.lowerBound)..<Int(part.upperBound - window.lowerBound)
                try unsafe bytes.withUnsafeMutableBytes {
                    try unsafe scratch.read(
                        at: piece.place + (part.lowerBound - piece.range.lowerBound),
                        into: UnsafeMutableRawBufferPointer(rebasing: $0[target]))
                }
            }
            guard piece.range.upperBound <= window.upperBound else { break }
            index += 1
        }
        place = window.upperBound
        return bytes
    }
}
