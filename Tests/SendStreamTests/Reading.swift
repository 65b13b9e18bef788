import SendStream
import Testing

/// What came of reading a stream.
struct Reading: Equatable {
    enum Event: Equatable {
        case begin(StreamHeader, NameValueList?)
        case record(StreamRecord, [UInt8])
        case end
    }

    var events: [Event] = []
    var error: StreamError?
    var recordCount: UInt64 = 0
    var uncheckedCount: UInt64 = 0

    var headers: [StreamHeader] {
        events.compactMap { event in if case .begin(let header, _) = event { header } else { nil } }
    }
    var records: [StreamRecord] {
        events.compactMap { event in if case .record(let record, _) = event { record } else { nil } }
    }
    var payloads: [[UInt8]] {
        events.compactMap { event in if case .record(_, let payload) = event { payload } else { nil } }
    }
}

struct Recorder: StreamVisitor {
    var events: [Reading.Event] = []

    mutating func begin(_ header: StreamHeader, properties: NameValueList?) {
        events.append(.begin(header, properties))
    }
    mutating func record(_ record: StreamRecord, payload: RawSpan) {
        events.append(.record(record, copy(payload)))
    }
    mutating func end() { events.append(.end) }
}

func copy(_ bytes: RawSpan) -> [UInt8] { unsafe bytes.withUnsafeBytes { unsafe Array($0) } }

/// Feeds a stream in pieces.
///
/// - Returns: the error, if there was one.
func feed(
    _ bytes: [UInt8], chunk: Int, limits: StreamLimits = StreamLimits(), to visitor: inout some StreamVisitor,
    reader: (StreamReader) -> Void = { _ in }, at location: SourceLocation = #_sourceLocation
) -> StreamError? {
    var stream = StreamReader(limits: limits)
    do {
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let piece = Array(bytes[start..<min(start + chunk, bytes.count)])
            try unsafe stream.feed(piece.span.bytes, to: &visitor)
        }
        try stream.finish()
        reader(stream)
        return nil
    } catch let error as StreamError {
        #expect(error.offset <= UInt64(bytes.count) && !error.description.isEmpty, sourceLocation: location)
        reader(stream)
        return error
    } catch {
        Issue.record("another error: \(error)", sourceLocation: location)
        return nil
    }
}

/// Reads a stream cut in many ways, and expects the same of each.
func read(
    _ bytes: [UInt8], limits: StreamLimits = StreamLimits(), chunks: [Int] = [1, 7, 311, 312, 313],
    at location: SourceLocation = #_sourceLocation
) -> Reading {
    func one(_ chunk: Int) -> Reading {
        var recorder = Recorder()
        var reading = Reading()
        reading.error = feed(
            bytes, chunk: chunk, limits: limits, to: &recorder,
            reader: {
                reading.recordCount = $0.recordCount
                reading.uncheckedCount = $0.uncheckedRecordCount
            }, at: location)
        reading.events = recorder.events
        return reading
    }
    let whole = one(max(bytes.count, 1))
    for chunk in chunks {
        let cut = one(chunk)
        #expect(cut == whole, "in chunks of \(chunk)", sourceLocation: location)
    }
    return whole
}
