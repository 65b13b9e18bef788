import Synchronization
import Testing

@testable import ImageSource

@Suite struct SharedWorkTests {
    private struct TestError: Error {}

    /// Counts how often work was begun.
    private final class Begun: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
        var total: Int { count.withLock { $0 } }
    }

    @Test func oneDoesItForAll() async throws {
        let begun = Begun()
        let work = SharedWork {
            try await Task.sleep(for: .milliseconds(50))
            return begun.next()
        }
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { try await work.value() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 1, count: 20))
        #expect(try await work.value() == 1)
    }

    @Test func whatFailedIsDoneAnew() async throws {
        let begun = Begun()
        let work = SharedWork {
            let number = begun.next()
            if number == 1 { throw TestError() }
            return number
        }
        await #expect(throws: TestError.self) { try await work.value() }
        #expect(try await work.value() == 2)
    }

    @Test func whoLeavesDoesNotStopTheOthers() async throws {
        let begun = Begun()
        let work = SharedWork {
            let number = begun.next()
            try await Task.sleep(for: .milliseconds(300))
            return number
        }
        let staying = Task { try await work.value() }
        while begun.total == 0 { await Task.yield() }
        let leaving = Task { try await work.value() }
        leaving.cancel()
        #expect(try await staying.value == 1)
    }

    @Test func itIsGivenUpWhenNobodyWaits() async throws {
        let begun = Begun()
        let work = SharedWork {
            let number = begun.next()
            if number == 1 { try await Task.sleep(for: .seconds(3600)) }
            return number
        }
        let leaving = Task { try await work.value() }
        while begun.total == 0 { await Task.yield() }
        leaving.cancel()
        await #expect(throws: CancellationError.self) { try await leaving.value }
        #expect(try await work.value() == 2)
    }
}
