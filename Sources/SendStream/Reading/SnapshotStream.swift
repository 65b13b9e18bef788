import RawBytes

/// Lets the stream of one snapshot through, and nothing else: the properties that `zfs send -p` and `-R` put before and around
/// it never reach `zfs receive`, on any ZFS, so that a stream has no say in where something is mounted or shared, or in what
/// may be run from it.
///
/// Such a stream is BEGIN (with the properties behind it), END, the streams of the snapshots, END; one of a single snapshot is
/// BEGIN … END, and what `zfs send` makes without options (OpenZFS, lib/libzfs/libzfs_sendrecv.c, `zfs_send`).
///
/// What is let through, `zfs receive` verifies. Of what is around it, nobody else sees whether it is what was sent: its checksums must hold.
public struct SnapshotStream: Sendable {
    /// A stream of several snapshots, or of none.
    public enum WrongCount: Error, Sendable, Hashable { case none, several }

    private enum Place {
        /// In a record.
        case record
        /// In what follows a record.
        case payload(UInt64, passes: Bool)
        case end
    }

    private enum Stage { case first, wrapped, snapshot, wrappedEnd }

    private var place = Place.record
    private var stage = Stage.first
    private var record: [UInt8] = []
    /// Bytes taken, for messages only.
    private var offset: UInt64 = 0
    private var isLittleEndian = true
    private var head = HeadChecksum()
    /// What comes before the streams, in a stream of streams, is over.
    private var hasPrologueEnded = false

    /// What the snapshot's stream says of itself, as soon as its first record is there.
    public private(set) var header: StreamHeader?

    public init() {}

    /// Takes the next bytes, and sees where the stream ends: `zfs receive` itself takes no notice of what follows.
    ///
    /// - Parameter emit: takes those of the snapshot's stream.
    /// - Throws: `StreamError`, `WrongCount`; whatever `emit` throws.
    public mutating func feed(_ bytes: RawSpan, emit: (RawSpan) throws -> Void) throws {
        var rest = bytes
        // How many bytes before the rest belong to the snapshot's stream and are still to be emitted: as few pieces as can be.
        var passed = 0
        func emitPassed() throws {
            guard passed > 0 else { return }
            let end = bytes.byteCount - rest.byteCount
            let piece = bytes.extracting(end - passed..<end)
            passed = 0
            try emit(piece)
        }
        while rest.byteCount > 0 {
            switch place {
            case .end: throw StreamError(.trailingGarbage, at: offset, "all of it was read")
            case .payload(let left, let passes):
                if !passes { try emitPassed() }
                let part = Int(clamping: min(left, UInt64(rest.byteCount)))
                if passes {
                    passed += part
                } else {
                    head.add(rest.extracting(first: part).array[...], isLittleEndian)
                }
                rest = rest.extracting(droppingFirst: part)
                offset &+= UInt64(part)
                let more = left - UInt64(part)
                place = more == 0 ? .record : .payload(more, passes: passes)
            case .record:
                let passes = stage == .snapshot
                if !passes { try emitPassed() }
                let part = min(RecordFields.size - record.count, rest.byteCount)
                unsafe rest.extracting(first: part).withUnsafeBytes { unsafe record.append(contentsOf: $0) }
                rest = rest.extracting(droppingFirst: part)
                if passes { passed += part }
                guard record.count == RecordFields.size else { break }
                try takeRecord(emit)
                record.removeAll(keepingCapacity: true)
                offset &+= UInt64(RecordFields.size)
            }
        }
        try emitPassed()
    }

    /// - Throws: `StreamError` if the stream has not come to its end.
    public func finish() throws(StreamError) {
        switch place {
        case .end: return
        case .record where stage == .first: _ = try start()
        case .record, .payload: break
        }
        throw StreamError(.truncated, at: offset, "its end is missing")
    }

    private mutating func takeRecord(_ emit: (RawSpan) throws -> Void) throws {
        switch stage {
        case .first:
            guard let header = try start() else { throw bad("it does not begin") }
            isLittleEndian = header.isLittleEndian
            try begin(header, emit)
        case .wrapped where fields.type == RecordFields.endType:
            // The end of what comes before the streams; a second one is the end of it all.
            guard !hasPrologueEnded else {
                try checkLast()
                throw WrongCount.none
            }
            try checkHead()
            hasPrologueEnded = true
        case .wrapped:
            guard hasPrologueEnded, fields.type == RecordFields.beginType else {
                throw bad("it is where a stream should begin")
            }
            do {
                try begin(try StreamHeader(fields), emit)
            } catch let fault as UnplacedStreamError {
                throw StreamError(fault.reason, at: offset, fault.detail)
            }
        case .snapshot:
            let isEnd = fields.type == RecordFields.endType
            let payload = isEnd ? 0 : try payload()
            if payload > 0 { place = .payload(UInt64(payload), passes: true) }
            guard isEnd else { return }
            // Only in a stream of streams there was one.
            if hasPrologueEnded { stage = .wrappedEnd } else { place = .end }
        case .wrappedEnd where fields.type == RecordFields.endType:
            try checkLast()
            place = .end
        case .wrappedEnd where fields.type == RecordFields.beginType: throw WrongCount.several
        case .wrappedEnd: throw bad("it follows the end of a snapshot")
        }
    }

    /// The beginning of it all; nil if more of it is needed.
    private func start() throws(StreamError) -> StreamHeader? {
        switch try unsafe StreamHeader.read(record.span.bytes) {
        case .header(let header): return header
        case .needsMore: return nil
        case .notAStream:
            let bytes = record.prefix(8).map { Hexadecimal.text([$0]) }
            throw StreamError(.notAStream, at: 0, "it begins with \(bytes.joined(separator: " "))")
        }
    }

    private mutating func begin(_ header: StreamHeader, _ emit: (RawSpan) throws -> Void) throws {
        if header.isCompound {
            guard stage == .first else { throw bad("it begins streams within a stream") }
            stage = .wrapped
            head.add(record[...], isLittleEndian)
        } else {
            self.header = header
            try unsafe emit(record.span.bytes)
            stage = .snapshot
        }
        if header.payloadLength > 0 {
            place = .payload(UInt64(header.payloadLength), passes: !header.isCompound)
        }
    }

    /// The record at the end of the head has the checksum of all before it, and maybe, as each record, one of its own.
    private mutating func checkHead() throws(StreamError) {
        guard fields.checksum(at: 8) == head.sum else {
            throw StreamError(.badChecksum, at: offset, "the properties before the snapshot are not what was sent")
        }
        head.add(record[..<RecordFields.checksumOffset], isLittleEndian)
        let own = fields.checksum(at: RecordFields.checksumOffset)
        guard own.isZero || own == head.sum else {
            throw StreamError(.badChecksum, at: offset, "what comes before is not what was sent")
        }
        guard !own.isZero || fields.isBareEnd else { throw bad(RecordFields.notBare) }
    }

    /// The last record of all has none.
    private func checkLast() throws(StreamError) {
        guard fields.checksum(at: 8).isZero else { throw bad("the end of all streams has a checksum") }
        guard fields.isBareEnd else { throw bad(RecordFields.notBare) }
    }

    /// Bytes that follow the record within the snapshot's stream.
    private func payload() throws(StreamError) -> Int {
        do {
            return try fields.record(StreamLimits()).payload
        } catch {
            throw StreamError(error.reason, at: offset, error.detail)
        }
    }

    private var fields: RecordFields { RecordFields(bytes: record, isLittleEndian: isLittleEndian) }

    private func bad(_ detail: String) -> StreamError { StreamError(.badRecord, at: offset, detail) }
}

/// The checksum of the head of a stream of streams, whatever the pieces are in which it comes.
private struct HeadChecksum {
    private var whole = Fletcher4()
    /// What is too little for a word.
    private var rest: [UInt8] = []

    /// Nil in the middle of a word: no head has such a length.
    var sum: Fletcher4? { rest.isEmpty ? whole : nil }

    mutating func add(_ bytes: ArraySlice<UInt8>, _ isLittleEndian: Bool) {
        var words = rest + bytes
        rest = Array(words[(words.count / 4 * 4)...])
        words.removeLast(rest.count)
        unsafe whole.add(words.span.bytes, isLittleEndian: isLittleEndian)
    }
}
