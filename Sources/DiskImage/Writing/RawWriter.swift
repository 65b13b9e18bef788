/// Writes a disk as it is, with its zeros, to where nothing can be left out.
public struct RawWriter {
    private let size: UInt64
    /// Bytes written so far.
    public private(set) var reached: UInt64 = 0

    /// - Parameter size: bytes of the disk.
    public init(size: UInt64) { self.size = size }

    /// Content, ascending; what never comes is zero.
    ///
    /// - Throws: `DiskError` if it does not ascend or goes over the size, and what the sink throws.
    public mutating func write(_ bytes: RawSpan, at offset: UInt64, to sink: inout some ByteSink) throws {
        guard offset >= reached, UInt64(bytes.byteCount) <= size, offset <= size - UInt64(bytes.byteCount) else {
            throw DiskError(
                .order, at: reached,
                "content of \(bytes.byteCount) bytes at \(offset), after what reaches to \(reached) of \(size)")
        }
        try sink.fill(offset - reached)
        try sink.write(bytes)
        reached = offset + UInt64(bytes.byteCount)
    }

    /// Writes zeros up to where content follows, or to the end, but not more than so many at a time: a hole may be larger than
    /// what memory there is.
    ///
    /// - Parameter offset: where the content follows; nil: there is no more.
    /// - Returns: false once it is reached.
    /// - Throws: what the sink throws.
    public mutating func fill(to offset: UInt64?, most count: UInt64, to sink: inout some ByteSink) throws -> Bool {
        let end = min(offset ?? size, size)
        guard reached < end else { return false }
        let part = min(count, end - reached)
        try sink.fill(part)
        reached += part
        return true
    }

    /// Writes what is left of the disk.
    ///
    /// - Throws: what the sink throws.
    public mutating func finish(to sink: inout some ByteSink) throws {
        try sink.fill(size - reached)
        reached = size
    }
}
