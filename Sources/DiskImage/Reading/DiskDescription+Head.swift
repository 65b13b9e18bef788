extension DiskDescription {
    /// What the beginning of an image file tells of its disk; nil where that is not enough to tell.
    ///
    /// - Parameter isWhole: there is no more of the file than this.
    /// - Throws: `DiskError`, `CompressionError`, `TarError` for what can be read no further on either.
    public init?(head: [UInt8], isWhole: Bool) throws {
        let source = HeadSource(head)
        do {
            self = try DiskReader(stream: source, scratch: nil).description
        } catch {
            // What was asked for may lie behind that.
            if source.hasEnded, !isWhole { return nil }
            throw error
        }
    }
}

/// The beginning of a file, which notes whether more was wanted.
private final class HeadSource: ByteSource {
    private let bytes: [UInt8]
    private var place = 0
    private(set) var hasEnded = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, bytes.count - place)
        guard count > 0 else {
            hasEnded = true
            return 0
        }
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place..<(place + count)]))
        }
        place += count
        return count
    }
}
