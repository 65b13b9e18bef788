import SendStream
import Testing

/// Of what `zfs send` makes, only the stream of the one snapshot goes on.
@Suite struct SnapshotStreamTests {
    private struct Outcome {
        var header: StreamHeader?
        var bytes: [UInt8] = []
    }

    /// Sends bytes through, so many at a time.
    private func pass(_ bytes: [UInt8], step: Int = .max) throws -> Outcome {
        var stream = SnapshotStream()
        var outcome = Outcome()
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(step))
            rest = rest.dropFirst(step)
            try unsafe stream.feed(part.span.bytes) { out in
                unsafe out.withUnsafeBytes { unsafe outcome.bytes.append(contentsOf: $0) }
            }
        }
        try stream.finish()
        outcome.header = stream.header
        return outcome
    }

    private func reason(_ bytes: [UInt8]) -> StreamError.Reason? {
        #expect(throws: StreamError.self) { try pass(bytes) }?.reason
    }

    /// A stream of every kind of record, each with as many bytes behind it as it says (send-stream.md, "Frame").
    private func snapshot(isLittleEndian: Bool = true) -> [UInt8] {
        ReaderTests.everything(isLittleEndian: isLittleEndian, guid: 42).bytes
    }

    private enum Field {
        case u32(Int, UInt32)
        case u64(Int, UInt64)
    }

    private static func record(_ type: UInt32, _ fields: [Field] = [], isLittleEndian: Bool = true) -> [UInt8] {
        func number(_ add: (inout Fields) -> Void) -> [UInt8] {
            var fields = Fields(isLittleEndian: isLittleEndian)
            add(&fields)
            return fields.bytes
        }
        var bytes = number { $0.add(type) } + [UInt8](repeating: 0, count: 308)
        for field in fields {
            let (offset, value) =
                switch field {
                case .u32(let offset, let value): (offset, number { $0.add(value) })
                case .u64(let offset, let value): (offset, number { $0.add(value) })
                }
            bytes.replaceSubrange(8 + offset..<8 + offset + value.count, with: value)
        }
        return bytes
    }

    /// What `zfs send -p` puts around streams.
    private func wrapped(_ streams: [UInt8]..., isLittleEndian: Bool = true) -> [UInt8] {
        var head = StreamBuilder(isLittleEndian: isLittleEndian)
        head.begin(Begin(version: 2, kind: 0), payload: Array("sharenfs, mountpoint".utf8))
        head.bareEnd(checksum: true)
        return head.bytes + streams.flatMap { $0 } + SnapshotStreamTests.record(5, isLittleEndian: isLittleEndian)
    }

    @Test(arguments: [1, 7, 311, 312, 313, 4096, Int.max], [false, true])
    func whatIsAroundItIsLeftOut(step: Int, isLittleEndian: Bool) throws {
        let inner = snapshot(isLittleEndian: isLittleEndian)
        let plain = try pass(inner, step: step)
        #expect(plain.bytes == inner && plain.header?.guid == 42)
        let outcome = try pass(wrapped(inner, isLittleEndian: isLittleEndian), step: step)
        #expect(outcome.bytes == inner && outcome.header == plain.header)
    }

    @Test func theHeaderIsKnownBeforeAnythingElse() throws {
        var stream = SnapshotStream()
        try unsafe stream.feed(Array(snapshot().prefix(312)).span.bytes) { _ in }
        #expect(stream.header?.kind == .fileSystem && stream.header?.originGUID == nil)
    }

    @Test func severalSnapshotsOrNone() {
        #expect(throws: SnapshotStream.WrongCount.several) { try pass(wrapped(snapshot(), snapshot())) }
        #expect(throws: SnapshotStream.WrongCount.none) { try pass(wrapped()) }
    }

    @Test func whatIsNoStream() {
        for bytes in [[], [1, 2, 3], Array("<!DOCTYPE html>".utf8), [UInt8](repeating: 0, count: 5000)] {
            #expect(reason(bytes) == .notAStream || bytes.isEmpty)
        }
        #expect(reason([]) != nil)
        #expect(reason(Begin(version: 3).bytes()) == .badRecord)
        #expect(reason(wrapped(Begin(version: 2).bytes())) == .badRecord)
        #expect(reason(wrapped(Begin(version: 0).bytes())) == .badRecord)
        #expect(reason(wrapped(Begin().bytes() + SnapshotStreamTests.record(99))) == .badRecord)
        #expect(reason(wrapped(SnapshotStreamTests.record(3))) == .badRecord)
    }

    /// A number of bytes that no record has is refused before they come.
    @Test func hugeLengths() {
        for (type, field) in [
            (3, .u64(24, .max)), (7, .u64(8, .max)), (1, .u32(20, .max)), (8, .u32(44, .max)),
        ] as [(UInt32, Field)] {
            let inner = Begin().bytes() + SnapshotStreamTests.record(type, [field]) + [1, 2, 3]
            #expect([.limit, .badRecord].contains(reason(wrapped(inner))))
        }
    }

    @Test(arguments: [false, true]) func everyCutIsSeen(isWrapped: Bool) {
        let whole = isWrapped ? wrapped(snapshot()) : snapshot()
        for length in stride(from: 16, to: whole.count, by: 97) {
            #expect(reason(Array(whole.prefix(length))) == .truncated, "\(length)")
        }
        // Between two records, too.
        #expect(reason(Array(whole.dropLast(312))) == .truncated)
    }

    @Test(arguments: [1, 7, 312, Int.max], [false, true])
    func damageAroundTheSnapshotIsSeen(step: Int, isLittleEndian: Bool) throws {
        let inner = snapshot(isLittleEndian: isLittleEndian)
        let whole = wrapped(inner, isLittleEndian: isLittleEndian)
        let head = whole.count - inner.count - 312
        // When it was made, properties, the checksum of both, that of this record; and the last record, which has none.
        // And what is zero in both of these.
        let zeros = [head - 308, head - 270, head - 40, whole.count - 308, whole.count - 270, whole.count - 1]
        for place in [24, 312, head - 313, head - 304, head - 280, head - 1, whole.count - 300] + zeros {
            var damaged = whole
            damaged[place] ^= 0x10
            #expect(throws: StreamError.self, "\(place)") { try pass(damaged, step: step) }
            #expect(read(damaged).error != nil, "\(place)")
        }
        // A record may have a checksum of its own.
        var sealed = StreamBuilder(isLittleEndian: isLittleEndian)
        sealed.begin(Begin(version: 2, kind: 0), payload: Array("sharenfs, mountpoint".utf8))
        sealed.end()
        #expect(try pass(sealed.bytes + whole[head...], step: step).bytes == inner)
    }

    @Test(arguments: [1, 312, Int.max], [[0], Array("\n".utf8), [UInt8](repeating: 0, count: 512)])
    func whatFollowsTheEndIsSeen(step: Int, garbage: [UInt8]) {
        for whole in [snapshot(), wrapped(snapshot())] {
            let error = #expect(throws: StreamError.self) { try pass(whole + garbage, step: step) }
            #expect(error?.reason == .trailingGarbage && error?.offset == UInt64(whole.count))
        }
        #expect(reason(snapshot() + snapshot()) == .trailingGarbage)
    }

    @Test(arguments: [false, true]) func noBytesAreTooStrange(isWrapped: Bool) {
        let whole = isWrapped ? wrapped(snapshot()) : snapshot()
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4) { bytes[.random(in: 0..<bytes.count)] = .random(in: .min ... .max) }
            do { _ = try pass(bytes) } catch is StreamError {} catch is SnapshotStream.WrongCount {} catch {
                Issue.record(error)
            }
        }
    }
}
