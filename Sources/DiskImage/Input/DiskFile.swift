/// An image file that can be read anywhere.
public protocol DiskFile {
    var byteCount: UInt64 { get }

    /// Fills a buffer.
    ///
    /// - Returns: how many bytes were read: fewer than there is room for only at the file's end.
    mutating func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// The next range from an offset on that may hold something else than zeros; nil if there is none.
    mutating func nextData(from offset: UInt64) throws -> Range<UInt64>?
}

extension DiskFile {
    public func nextData(from offset: UInt64) throws -> Range<UInt64>? {
        offset < byteCount ? offset..<byteCount : nil
    }
}

/// An image file that comes as a stream of bytes.
public protocol ByteSource {
    /// Reads on.
    ///
    /// - Returns: how many bytes were read; 0 only at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Room for what comes long before its turn: a file that nobody else sees, and that is gone afterwards.
public protocol ScratchStore {
    mutating func write(_ bytes: RawSpan, at offset: UInt64) throws

    /// Fills a buffer with what was written there.
    mutating func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// The bytes of a file from the first to the last.
struct FileSource: ByteSource {
    var file: any DiskFile
    private var place: UInt64 = 0

    init(_ file: any DiskFile) { self.file = file }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try unsafe file.read(at: place, into: buffer)
        place += UInt64(count)
        return count
    }
}
