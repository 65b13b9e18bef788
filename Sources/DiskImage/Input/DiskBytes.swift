/// The bytes of an image file, whichever way they come, and how many of them were used.
///
/// Each byte of an image is content or table once. So what all tables together refer to cannot be more than the file has:
/// that bounds all work by what is there, whatever is claimed. What is packed costs what it unpacks to, deflated up to 1032 times
/// as much and by zstd up to 32768 times; so of that it is noticed at once if it is to be unpacked again.
struct DiskBytes {
    private var file: (any DiskFile)?
    private let window: StreamWindow?
    private var used: UInt64 = 0
    private var packed = UsedRanges()

    init(_ file: any DiskFile) {
        self.file = file
        window = nil
    }

    init(_ source: any ByteSource, scratch: (any ScratchStore)?, limits: DiskLimits) {
        window = StreamWindow(source, scratch: scratch, limits)
    }

    /// Bytes of the file; of a stream, those that have come.
    var known: UInt64 { file?.byteCount ?? window?.byteCount ?? 0 }

    /// Nil of a stream, whose end is not known before it is there.
    var fileSize: UInt64? { file?.byteCount }

    /// - Returns: fewer bytes than there is room for only at the end.
    mutating func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let window { return try unsafe window.read(at: offset, into: buffer) }
        return try unsafe file?.read(at: offset, into: buffer) ?? 0
    }

    /// The whole file is at hand, and its end says so.
    func isFixedVHD() throws -> Bool { try file?.isFixedVHD() ?? false }

    /// Exactly so many bytes.
    mutating func bytes(at offset: UInt64, count: Int, _ what: String) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = try unsafe bytes.withUnsafeMutableBytes { try unsafe self.read(at: offset, into: $0) }
        guard read == count else {
            throw DiskError(.truncated, at: offset, "\(what) has \(count) bytes, of which \(read) are there")
        }
        return bytes
    }

    mutating func nextData(from offset: UInt64) throws -> Range<UInt64>? { try file?.nextData(from: offset) }

    /// Bytes that were read have been used.
    ///
    /// - Throws: `DiskError` (`badMap`) if by now more were used than there are.
    mutating func use(at offset: UInt64, count: Int) throws {
        try self.count(count, at: offset)
        window?.release(offset..<(offset + UInt64(count)))
    }

    /// The same of what was packed.
    ///
    /// - Parameter counted: bytes of them that were counted when they were read.
    /// - Throws: `DiskError` (`badMap`), also if one of them was unpacked before.
    mutating func use(packedAt offset: UInt64, count: Int, counted: Int) throws {
        let range = offset..<(offset + UInt64(count))
        guard packed.insert(range) else {
            throw DiskError(
                .badMap, at: offset, "what is packed there is said to be in two places of the disk: used twice")
        }
        try self.count(max(0, count - counted), at: offset)
        window?.release(range)
    }

    /// What lies beside bytes that were used will not be read.
    func forget(_ frame: Range<UInt64>?, but used: Range<UInt64>) {
        guard let window, let frame else { return }
        if frame.lowerBound < used.lowerBound { window.release(frame.lowerBound..<used.lowerBound) }
        if used.upperBound < frame.upperBound { window.release(used.upperBound..<frame.upperBound) }
    }

    /// Nor will these be.
    func forget(_ range: Range<UInt64>) { window?.release(range) }

    /// Bytes were read that are said to be used.
    ///
    /// - Throws: as above.
    mutating func count(_ count: Int, at offset: UInt64) throws {
        used += UInt64(count)
        guard used <= known else {
            throw DiskError(
                .badMap, at: offset, "the tables refer to more bytes than the \(known) there are: to some of them twice"
            )
        }
    }

    /// Reads a stream to its end.
    func finish() throws { try window?.drain() }
}
