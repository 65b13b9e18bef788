import SendStream
import Testing

/// Records that say what cannot be.
@Suite struct RecordTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let reason: StreamError.Reason
        let add: @Sendable (inout StreamBuilder) -> Void
        var testDescription: String { name }

        init(_ name: String, _ reason: StreamError.Reason, _ add: @escaping @Sendable (inout StreamBuilder) -> Void) {
            self.name = name
            self.reason = reason
            self.add = add
        }
    }

    static let huge: [UInt64] = [1 << 24 + 1, 1 << 32, 1 << 63, .max - 1, .max]

    static let cases: [Case] =
        [
            Case("a type that is unknown", .badRecord) { $0.add(11) { _ in } },
            Case("the largest type", .badRecord) { $0.add(.max) { _ in } },
            Case("a second begin", .badRecord) { $0.begin(Begin()) },
            Case("an object 0", .badRecord) { $0.object(0, type: 19) },
            Case("an object of no type", .badRecord) { $0.object(1, type: 0) },
            Case("blocks of nothing", .badRecord) { $0.object(1, type: 19, blockSize: 0) },
            Case("blocks of a byte", .badRecord) { $0.object(1, type: 19, blockSize: 1) },
            Case("blocks of no sectors", .badRecord) { $0.object(1, type: 19, blockSize: 513) },
            Case("blocks too large", .limit) { $0.object(1, type: 19, blockSize: 1 << 24 + 512) },
            Case("a bonus too large", .limit) { $0.object(1, type: 19, bonus: zeros(16392)) },
            Case("a raw bonus that is shorter", .badRecord) {
                $0.object(1, type: 19, bonus: zeros(64), rawLength: 32)
            },
            Case("a raw bonus too large", .limit) { $0.object(1, type: 19, rawLength: .max) },
            Case("a block of nothing", .badRecord) { $0.write(1, at: 0, [], length: 0) },
            Case("a block of 5 bytes", .badRecord) { $0.write(1, at: 0, zeros(5)) },
            Case("a packed block of nothing", .badRecord) { $0.write(1, at: 0, [], length: 512, packing: 15) },
            Case("a packed block of 6 bytes", .badRecord) { $0.write(1, at: 0, zeros(6), length: 512, packing: 15) },
            Case("a block over 2^64", .badRecord) { $0.write(1, at: .max - 510, zeros(512)) },
            Case("free over 2^64", .badRecord) { $0.free(1, at: 2, length: .max - 1) },
            Case("free objects over 2^64", .badRecord) { $0.freeObjects(2, .max) },
            Case("a range of objects over 2^64", .badRecord) { $0.add(9) { $0.add(UInt64(2), .max) } },
            Case("a reference over 2^64", .badRecord) { $0.add(6) { $0.add(UInt64(1), 2, .max) } },
            Case("left out over 2^64", .badRecord) { $0.add(10) { $0.add(UInt64(1), 2, .max) } },
            Case("a spill of nothing", .badRecord) { $0.spill(1, [], length: 0) },
            Case("an embedded block too long", .limit) {
                $0.embedded(1, at: 0, zeros(113), length: 512, unpacked: 512, packing: 15)
            },
            Case("an embedded block of nothing", .badRecord) {
                $0.embedded(1, at: 0, [], length: 512, unpacked: 512, packing: 15)
            },
            Case("an embedded block larger than its place", .limit) {
                $0.embedded(1, at: 0, zeros(16), length: 512, unpacked: 513, packing: 15)
            },
            Case("an embedded block over 2^64", .badRecord) {
                $0.embedded(1, at: .max, zeros(16), length: 512, unpacked: 512, packing: 15)
            },
            Case("an embedded block that is no data", .badRecord) {
                $0.embedded(1, at: 0, zeros(16), length: 512, unpacked: 512, packing: 15, kind: 1)
            },
        ]
        + huge.flatMap { size in
            [
                Case("a block of \(size)", .limit) { $0.write(1, at: 0, [], length: size) },
                Case("a packed block of \(size)", .limit) { $0.write(1, at: 0, zeros(8), length: size, packing: 16) },
                Case("a spill of \(size)", .limit) { $0.spill(1, [], length: size) },
                Case("a packed spill of \(size)", .limit) { $0.spill(1, zeros(8), length: size, packing: 16) },
                Case("an embedded block of \(size)", .limit) {
                    $0.embedded(1, at: 0, zeros(16), length: size, unpacked: 16, packing: 15)
                },
            ]
        }

    @Test("It is refused before anything of its length is read or kept", arguments: cases)
    func refused(test: Case) {
        var stream = StreamBuilder()
        stream.begin(Begin())
        test.add(&stream)
        let reading = read(stream.bytes, chunks: [312])
        #expect(reading.error?.reason == test.reason, "\(reading.error as Any)")
        #expect(reading.error?.offset == 312)
        #expect(reading.records.isEmpty)
    }

    @Test("A payload that is claimed and does not come costs nothing")
    func claimed() {
        var stream = StreamBuilder()
        stream.begin(Begin())
        stream.write(1, at: 0, [], length: 1 << 24)
        #expect(read(stream.bytes).error?.reason == .truncated)
    }

    @Test("Limits are the caller's, below ZFS's own")
    func limits() {
        var stream = StreamBuilder()
        stream.begin(Begin(), payload: ReaderTests.emptyList)
        stream.write(1, at: 0, zeros(8192))
        stream.end()
        #expect(read(stream.bytes, limits: StreamLimits(blockBytes: 8192)).error == nil)
        #expect(read(stream.bytes, limits: StreamLimits(blockBytes: 8191)).error?.reason == .limit)
        #expect(read(stream.bytes, limits: StreamLimits(propertyBytes: 20)).error == nil)
        #expect(read(stream.bytes, limits: StreamLimits(propertyBytes: 19)).error?.reason == .limit)
        #expect(StreamLimits(blockBytes: .max).blockBytes == 1 << 24)
    }

    @Test("A large block is read, however it arrives")
    func large() {
        var stream = StreamBuilder()
        stream.begin(Begin(version: 1 | 1 << 21))
        stream.write(1, at: 0, [UInt8](repeating: 7, count: 1 << 22))
        stream.end()
        let reading = read(stream.bytes, chunks: [1_000_003])
        #expect(reading.error == nil && reading.payloads.map(\.count) == [1 << 22])
    }
}
