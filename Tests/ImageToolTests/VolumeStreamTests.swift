import Failure
import SendStream
import Testing

@testable import ImageTool

/// A stream of a volume, read a piece at a time.
@Suite struct VolumeStreamTests {
    private struct Sink: StreamSink {
        var bytes: [UInt8] = []
        mutating func write(_ more: RawSpan) { unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    }

    private static func stream(blocks: Int) throws -> [UInt8] {
        var sink = Sink()
        var writer = try VolumeWriter(
            VolumeSnapshot(name: "a/b@c", guid: 1, created: 1, size: UInt64(blocks) * 8192, blockSize: 8192))
        try writer.begin(to: &sink)
        for block in 0..<blocks {
            let content = [UInt8](repeating: UInt8(block + 1), count: 8192)
            try unsafe writer.write(content.span.bytes, at: UInt64(block) * 8192, to: &sink)
        }
        try writer.finish(to: &sink)
        try writer.end(to: &sink)
        return sink.bytes
    }

    /// - Parameter isToldAtOnce: the last bytes come with the word that they are.
    private static func open(_ bytes: [UInt8], isToldAtOnce: Bool = false) -> VolumeStream {
        var rest = [bytes]
        return VolumeStream("it") { body in
            guard let next = rest.popLast() else { return false }
            try unsafe body(next.span.bytes)
            return !isToldAtOnce
        }
    }

    @Test("A block is handed on before the next one is read, though both have come")
    func oneAtATime() throws {
        var bytes = try Self.stream(blocks: 20)
        // The checksum of the last record.
        bytes[bytes.count - 20] ^= 1
        let stream = Self.open(bytes)
        for block in 0..<19 {
            guard case .data(let content, let offset) = try stream.peek() else {
                Issue.record("no block \(block)")
                return
            }
            #expect(content.first == UInt8(block + 1) && offset == UInt64(block) * 8192)
            #expect(!stream.isAtEnd)
            stream.queue.removeFirst()
        }
        #expect(throws: Failure.self) { while try stream.peek() != nil { stream.queue.removeFirst() } }
    }

    @Test("All blocks come, and then the size", arguments: [false, true])
    func whole(isToldAtOnce: Bool) throws {
        let stream = Self.open(try Self.stream(blocks: 20), isToldAtOnce: isToldAtOnce)
        var count = 0
        while try stream.peek() != nil {
            count += 1
            stream.queue.removeFirst()
        }
        #expect(count == 20 && stream.isAtEnd && stream.size == 20 * 8192 && stream.header?.guid == 1)
    }
}
