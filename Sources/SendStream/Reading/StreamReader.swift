/// A strict reader of ZFS send streams, as their bytes arrive.
///
/// The stream may be hostile. Every checksum that is there is verified: each record's covers all that came before it. Of
/// the content, one block is kept at most.
public struct StreamReader {
    private let limits: StreamLimits
    private var step = Step.record
    /// The bytes of the record or payload that is being gathered.
    private var gathered: [UInt8] = []
    /// How many they will be.
    private var wanted = RecordFields.size
    private var place = Place.start
    private var checksum = Fletcher4()
    private var isLittleEndian = true
    /// Bytes read so far.
    private var position: UInt64 = 0
    /// Where the record began that is being read.
    private var start: UInt64 = 0

    /// Records read so far, the first and last of each stream included.
    public private(set) var recordCount: UInt64 = 0
    /// Those of them without a checksum: old senders have it in the last record only.
    public private(set) var uncheckedRecordCount: UInt64 = 0

    private enum Step {
        case record
        case properties(StreamHeader)
        case payload(StreamRecord)
        case ended
    }

    /// Where in the sequence of streams the reader is.
    private enum Place {
        case start
        /// In the one stream that there is.
        case stream
        /// Between the first and the last record of a frame's head.
        case frame
        /// In a frame, before or between its streams.
        case betweenStreams
        case streamInFrame
    }

    public init(limits: StreamLimits = StreamLimits()) { self.limits = limits }

    /// Reads on.
    ///
    /// - Throws: `StreamError`, and whatever the visitor throws; the reader is of no use then.
    public mutating func feed(_ bytes: RawSpan, to visitor: inout some StreamVisitor) throws {
        var taken = 0
        while taken < bytes.byteCount {
            if case .ended = step { throw StreamError(.trailingGarbage, at: position, "all of it was read") }
            let rest = bytes.extracting(taken..<bytes.byteCount)
            let count = min(wanted - gathered.count, rest.byteCount)
            let piece = rest.extracting(0..<count)
            taken += count
            position += UInt64(count)
            if gathered.isEmpty, count == wanted {
                try advance(piece, &visitor)
                continue
            }
            unsafe piece.withUnsafeBytes { unsafe gathered.append(contentsOf: $0) }
            guard gathered.count == wanted else { continue }
            var whole: [UInt8] = []
            swap(&whole, &gathered)
            try unsafe advance(whole.span.bytes, &visitor)
            whole.removeAll(keepingCapacity: true)
            swap(&whole, &gathered)
        }
    }

    /// The input has ended.
    ///
    /// - Throws: `StreamError` if the stream has not.
    public func finish() throws(StreamError) {
        if case .ended = step { return }
        if case .start = place, try unsafe StreamHeader.read(gathered.span.bytes) == .notAStream {
            throw StreamError(.notAStream, at: 0, "it begins with other bytes")
        }
        throw StreamError(.truncated, at: start, "before its last record")
    }

    private mutating func advance(_ bytes: RawSpan, _ visitor: inout some StreamVisitor) throws {
        do {
            switch step {
            case .record: try readRecord(bytes, &visitor)
            case .properties(let header):
                checksum.add(bytes, isLittleEndian: isLittleEndian)
                expectRecord()
                try visitor.begin(header, properties: try NameValueList(packed: bytes))
            case .payload(let record):
                checksum.add(bytes, isLittleEndian: isLittleEndian)
                expectRecord()
                try visitor.record(record, payload: bytes)
            case .ended: break
            }
        } catch let fault as UnplacedStreamError {
            throw StreamError(fault.reason, at: start, fault.detail)
        }
        if case .record = step { start = position }
    }

    private mutating func expectRecord() {
        step = .record
        wanted = RecordFields.size
    }

    private mutating func readRecord(_ bytes: RawSpan, _ visitor: inout some StreamVisitor) throws {
        switch place {
        case .start, .betweenStreams:
            if case .header(let header) = try StreamHeader.read(bytes) {
                recordCount += 1
                return try begin(header, bytes, &visitor)
            }
            if case .start = place { throw UnplacedStreamError(.notAStream, "it begins with other bytes") }
            try endFrame(RecordFields(bytes, isLittleEndian: isLittleEndian))
            try visitor.endFrame()
        case .stream, .frame, .streamInFrame:
            let record = RecordFields(bytes, isLittleEndian: isLittleEndian)
            let before = checksum
            try verify(record, bytes)
            if record.type == RecordFields.endType { return try end(record, before, &visitor) }
            if case .frame = place {
                throw UnplacedStreamError(.badRecord, "a frame has a record of type \(record.type)")
            }
            let (content, payload) = try record.record(limits)
            guard payload > 0 else { return try visitor.record(content, payload: RawSpan()) }
            step = .payload(content)
            wanted = payload
        }
    }

    private mutating func begin(
        _ header: StreamHeader, _ bytes: RawSpan, _ visitor: inout some StreamVisitor
    ) throws {
        switch (place, header.isCompound) {
        case (.start, false): place = .stream
        case (.start, true): place = .frame
        case (_, false): place = .streamInFrame
        case (_, true): throw UnplacedStreamError(.badRecord, "a frame is in a frame")
        }
        isLittleEndian = header.isLittleEndian
        checksum = Fletcher4()
        checksum.add(bytes, isLittleEndian: isLittleEndian)
        guard header.features.unknown.isEmpty else {
            let names = header.features.unknown.names.joined(separator: ", ")
            throw UnplacedStreamError(.unsupported, "it needs features that are not known here: \(names)")
        }
        guard header.payloadLength > 0 else { return try visitor.begin(header, properties: nil) }
        guard header.payloadLength <= limits.propertyBytes else {
            throw UnplacedStreamError(.limit, "its list of properties has more than \(limits.propertyBytes) bytes")
        }
        guard header.payloadLength.isMultiple(of: 4) else {
            throw UnplacedStreamError(
                .badRecord, "its list of properties has \(header.payloadLength) bytes, no multiple of 4")
        }
        step = .properties(header)
        wanted = header.payloadLength
    }

    private mutating func verify(_ record: RecordFields, _ bytes: RawSpan) throws(UnplacedStreamError) {
        recordCount += 1
        checksum.add(bytes.extracting(0..<RecordFields.checksumOffset), isLittleEndian: isLittleEndian)
        let stated = record.checksum(at: RecordFields.checksumOffset)
        if stated.isZero { uncheckedRecordCount += 1 }
        guard stated.isZero || stated == checksum else {
            throw UnplacedStreamError(.badChecksum, "what comes before is not what was sent")
        }
        checksum.add(
            bytes.extracting(RecordFields.checksumOffset..<RecordFields.size), isLittleEndian: isLittleEndian)
    }

    private mutating func end(
        _ record: RecordFields, _ before: Fletcher4, _ visitor: inout some StreamVisitor
    ) throws {
        guard record.checksum(at: 8) == before else {
            throw UnplacedStreamError(.badChecksum, "what comes before the end is not what was sent")
        }
        if case .frame = place, record.checksum(at: RecordFields.checksumOffset).isZero, !record.isBareEnd {
            throw UnplacedStreamError(.badRecord, RecordFields.notBare)
        }
        if case .stream = place { step = .ended } else { place = .betweenStreams }
        try visitor.end()
    }

    /// The last record of a frame, which has no checksum.
    private mutating func endFrame(_ record: RecordFields) throws(UnplacedStreamError) {
        recordCount += 1
        guard record.type == RecordFields.endType else {
            throw UnplacedStreamError(.badRecord, "between streams there is a record of type \(record.type)")
        }
        guard record.checksum(at: 8).isZero else {
            throw UnplacedStreamError(.badRecord, "the end of all streams has a checksum")
        }
        guard record.isBareEnd else { throw UnplacedStreamError(.badRecord, RecordFields.notBare) }
        step = .ended
    }
}
