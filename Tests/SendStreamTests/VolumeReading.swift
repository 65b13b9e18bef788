import SendStream
import Testing

/// What came of reading the stream of a volume.
struct VolumeReading: Equatable {
    enum Event: Equatable {
        case begin(blockSize: Int?)
        case data([UInt8], at: UInt64)
        case hole(at: UInt64, UInt64)
        case end(size: UInt64?)
    }

    var header: StreamHeader?
    var events: [Event] = []
    var error: StreamError?

    /// The volume, made on top of what the stream builds on.
    func content(on origin: [UInt8] = []) -> [UInt8]? {
        guard case .end(let size)? = events.last, error == nil else { return nil }
        var content = origin
        if let size {
            content = Array(content.prefix(Int(size)))
            content += zeros(Int(size) - content.count)
        }
        for event in events {
            switch event {
            case .data(let bytes, let offset):
                content.replaceSubrange(Int(offset)..<(Int(offset) + bytes.count), with: bytes)
            case .hole(let offset, let count):
                let end = min(UInt64(content.count), offset &+ count)
                if offset < end { content.replaceSubrange(Int(offset)..<Int(end), with: zeros(Int(end - offset))) }
            case .begin, .end: break
            }
        }
        return content
    }
}

struct VolumeRecorder: VolumeVisitor {
    var reading = VolumeReading()
    var reached: UInt64 = 0
    var hasBegun = false

    mutating func begin(_ header: StreamHeader, blockSize: Int?) {
        #expect(!hasBegun)
        hasBegun = true
        reading.header = header
        reading.events.append(.begin(blockSize: blockSize))
    }
    mutating func data(_ bytes: RawSpan, at offset: UInt64) {
        #expect(hasBegun && offset >= reached && bytes.byteCount > 0)
        reached = offset + UInt64(bytes.byteCount)
        reading.events.append(.data(copy(bytes), at: offset))
    }
    mutating func hole(at offset: UInt64, count: UInt64) {
        #expect(hasBegun && offset >= reached && count > 0 && !offset.addingReportingOverflow(count).overflow)
        reached = offset + count
        reading.events.append(.hole(at: offset, count))
    }
    mutating func end(size: UInt64?) {
        #expect(hasBegun)
        reading.events.append(.end(size: size))
    }
}

func readVolume(_ bytes: [UInt8], chunks: [Int] = [1, 313, 4096]) -> VolumeReading {
    func one(_ chunk: Int) -> VolumeReading {
        var blocks = VolumeBlocks(VolumeRecorder())
        let error = feed(bytes, chunk: chunk, to: &blocks)
        var reading = blocks.visitor.reading
        reading.error = error
        return reading
    }
    let whole = one(max(bytes.count, 1))
    for chunk in chunks { #expect(one(chunk) == whole, "in chunks of \(chunk)") }
    return whole
}
