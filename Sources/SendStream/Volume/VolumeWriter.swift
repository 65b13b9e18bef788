import RawBytes

/// Where a stream goes that is written.
public protocol StreamSink {
    /// - Parameter bytes: what follows; valid during the call only.
    mutating func write(_ bytes: RawSpan) throws
}

/// Writes the send stream of a volume's snapshot: whole, or as an increment to another one. The same calls give the same
/// bytes.
///
/// In this order: `begin`, the content by `write` (and of an increment, what is zero now, by `free`), ascending; `finish`;
/// `end`. A stream without its end is received by no ZFS: call `end` only once everything proved to be right.
public struct VolumeWriter {
    private let snapshot: VolumeSnapshot
    private var volumeSize: UInt64
    private var records = RecordWriter()
    private var blocks: BlockGatherer
    private var state = State.new
    /// Where what was written or freed has come to.
    private var reached: UInt64 = 0
    /// Blocks that are free and not yet told so: neighbours are told together.
    private var freed: Range<UInt64>?

    private enum State { case new, content, finished, ended }

    // Objects and types of a volume (OpenZFS, zvol.c), see ``VolumeBlocks``.
    private static let dataType: UInt32 = 23
    private static let propertyType: UInt32 = 24
    private static let propertySize = 512
    /// Objects that are described in one block.
    private static let objectsInBlock: UInt64 = 32

    /// - Throws: `StreamError` if there can be no such snapshot.
    public init(_ snapshot: VolumeSnapshot) throws(StreamError) {
        try snapshot.check()
        self.snapshot = snapshot
        volumeSize = try snapshot.volumeSize()
        blocks = BlockGatherer(blockSize: snapshot.blockSize)
    }

    /// Bytes written so far.
    public var byteCount: UInt64 { records.byteCount }

    /// Writes what comes before the content.
    ///
    /// - Throws: what the sink throws.
    public mutating func begin(to sink: inout some StreamSink) throws {
        try advance(from: .new, to: .content)
        try records.write(
            .begin(
                .volume, name: snapshot.name, guid: snapshot.guid, created: snapshot.created,
                origin: snapshot.origin?.guid), to: &sink)
        if snapshot.origin == nil {
            try records.write(.freeObjects(first: 0, count: 1, snapshot.guid), to: &sink)
        }
        try records.write(.object(1, Self.dataType, blockSize: snapshot.blockSize, snapshot.guid), to: &sink)
        try records.write(.object(2, Self.propertyType, blockSize: Self.propertySize, snapshot.guid), to: &sink)
        if snapshot.origin == nil {
            try records.write(.freeObjects(first: 3, count: Self.objectsInBlock - 3, snapshot.guid), to: &sink)
        }
    }

    /// Content. What is never given is zero, or in an increment as it was; there, blocks must be given whole.
    ///
    /// - Throws: `StreamError` if it does not ascend or goes over the size, and what the sink throws.
    public mutating func write(_ bytes: RawSpan, at offset: UInt64, to sink: inout some StreamSink) throws {
        try advance(from: .content, to: .content)
        let end = try checkRange(offset, UInt64(bytes.byteCount))
        // Taken out, since what it calls changes the rest.
        var gatherer = BlockGatherer(blockSize: snapshot.blockSize)
        swap(&gatherer, &blocks)
        try gatherer.add(bytes, at: offset) { try writeBlock($0, $1, covered: $2, to: &sink) }
        swap(&gatherer, &blocks)
        reached = end
    }

    /// Of an increment: whole blocks, ascending with the content, that are zero now. Otherwise, without effect.
    ///
    /// - Throws: `StreamError` if it does not ascend, goes over the size or divides a block, and what the sink throws.
    public mutating func free(at offset: UInt64, count: UInt64, to sink: inout some StreamSink) throws {
        try advance(from: .content, to: .content)
        let end = try checkRange(offset, count)
        let block = UInt64(snapshot.blockSize)
        guard offset % block == 0, end % block == 0 || end == snapshot.size else { throw divided(offset) }
        try flush(to: &sink)
        reached = end
        try addFree(offset..<((end + block - 1) / block * block), to: &sink)
    }

    /// Writes what follows the content.
    ///
    /// - Parameter size: bytes of the content, where that was not known before; the snapshot's is then the most there may be.
    /// - Throws: `StreamError` if the last block of an increment is not whole, or the content goes over the size; what the
    ///   sink throws.
    public mutating func finish(size: UInt64? = nil, to sink: inout some StreamSink) throws {
        try advance(from: .content, to: .finished)
        if let size {
            guard reached <= size, size <= snapshot.size else {
                throw StreamError(.limit, at: byteCount, "content that reaches to \(reached) in \(size)")
            }
            var sized = snapshot
            sized.size = size
            volumeSize = try sized.volumeSize()
        }
        try flush(to: &sink)
        try tellFree(to: &sink)
        if let origin = snapshot.origin, origin.size > volumeSize {
            try records.write(.free(1, volumeSize, .max, snapshot.guid), to: &sink)
        }
        let properties = MicroZAP.block(
            // One name: where it goes in memory is of no meaning.
            [HashedName(hash: 0, name: Array("size".utf8), value: volumeSize)], salt: snapshot.guid)
        let record = RecordBuilder.write(2, Self.propertyType, 0, Self.propertySize, snapshot.guid)
        try unsafe records.write(record, payload: properties.span.bytes, to: &sink)
    }

    /// Writes the last record: what came before is what was meant.
    ///
    /// - Throws: what the sink throws.
    public mutating func end(to sink: inout some StreamSink) throws {
        try advance(from: .finished, to: .ended)
        try records.write(.end(records.checksum, snapshot.guid), to: &sink)
    }

    private mutating func advance(from: State, to next: State) throws(StreamError) {
        guard state == from else {
            throw StreamError(.order, at: byteCount, "a step of writing comes out of order: \(state) to \(next)")
        }
        state = next
    }

    private func checkRange(_ offset: UInt64, _ count: UInt64) throws(StreamError) -> UInt64 {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= snapshot.size else {
            throw StreamError(.limit, at: byteCount, "content of \(count) bytes at \(offset) in \(snapshot.size)")
        }
        guard offset >= reached else {
            throw StreamError(.order, at: byteCount, "content at \(offset) comes after what reaches to \(reached)")
        }
        return end
    }

    private func divided(_ offset: UInt64) -> StreamError {
        StreamError(.order, at: byteCount, "an increment has a part of the block at \(offset)")
    }

    private mutating func flush(to sink: inout some StreamSink) throws {
        var gatherer = BlockGatherer(blockSize: snapshot.blockSize)
        swap(&gatherer, &blocks)
        try gatherer.flush { bytes, offset, covered throws in
            try writeBlock(bytes, offset, covered: covered, to: &sink)
        }
        swap(&gatherer, &blocks)
    }

    private mutating func writeBlock(
        _ bytes: RawSpan, _ offset: UInt64, covered: Int, to sink: inout some StreamSink
    ) throws {
        if snapshot.origin != nil, covered < Int(min(UInt64(bytes.byteCount), snapshot.size - offset)) {
            throw divided(offset)
        }
        guard !bytes.isZero else {
            return try addFree(offset..<(offset + UInt64(bytes.byteCount)), to: &sink)
        }
        try tellFree(to: &sink)
        let record = RecordBuilder.write(1, Self.dataType, offset, bytes.byteCount, snapshot.guid)
        try records.write(record, payload: bytes, to: &sink)
    }

    private mutating func addFree(_ range: Range<UInt64>, to sink: inout some StreamSink) throws {
        guard snapshot.origin != nil, !range.isEmpty else { return }
        if let before = freed, before.upperBound == range.lowerBound {
            freed = before.lowerBound..<range.upperBound
        } else {
            try tellFree(to: &sink)
            freed = range
        }
    }

    private mutating func tellFree(to sink: inout some StreamSink) throws {
        guard let range = freed else { return }
        freed = nil
        try records.write(.free(1, range.lowerBound, range.upperBound - range.lowerBound, snapshot.guid), to: &sink)
    }
}
