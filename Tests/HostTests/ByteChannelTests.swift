import Host
import Testing

/// Bytes that go from one thread to another.
@Suite(.timeLimit(.minutes(20))) struct ByteChannelTests {
    private struct TestError: Error {}

    /// Reads all there is, a little at a time.
    private func read(_ channel: ByteChannel, piece: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: piece)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe channel.read(into: $0) }
            if count == 0 { return all }
            all += buffer[..<count]
        }
    }

    /// - Parameter end: what the channel is told behind the bytes.
    private func pass(_ bytes: [UInt8], end: Result<Void, any Error>) async throws -> [UInt8] {
        let channel = ByteChannel(capacity: 10_000)
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask(executorPreference: DedicatedThread("write")) {
                for start in stride(from: 0, to: bytes.count, by: 777) {
                    try unsafe channel.write(bytes.span.bytes.extracting(start..<min(start + 777, bytes.count)))
                }
                channel.end(end)
                return []
            }
            group.addTask(executorPreference: DedicatedThread("read")) { try read(channel, piece: 1000) }
            var all: [UInt8] = []
            while let part = try await group.next() { all += part }
            return all
        }
    }

    @Test func whatIsWrittenIsReadInItsOrder() async throws {
        let bytes = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        #expect(try await pass(bytes, end: .success(())) == bytes)
        #expect(try await pass([], end: .success(())) == [])
    }

    @Test func theEndMayBeThatSomethingWentWrong() async throws {
        await #expect(throws: TestError.self) { try await pass([1, 2, 3], end: .failure(TestError())) }
    }

    @Test func whoWritesIsToldThatNobodyReads() async {
        let channel = ByteChannel(capacity: 10)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: DedicatedThread("write")) {
                while true { try unsafe channel.write([UInt8](repeating: 1, count: 20).span.bytes) }
            }
            channel.abandon()
            await #expect(throws: ByteChannel.Abandoned.self) { try await group.next() }
        }
    }

    @Test func whoWaitsIsCancelled() async throws {
        let channel = ByteChannel()
        let reading = Task(executorPreference: DedicatedThread("read")) { try read(channel, piece: 10) }
        reading.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
    }
}
