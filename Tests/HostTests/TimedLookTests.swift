import Dispatch
import Failure
import Testing

@testable import Host

@Suite struct TimedLookTests {
    /// As a file of a server that does not answer does.
    @Test func whatNeverComesToAnEndIsNotWaitedFor() async throws {
        let never = DispatchSemaphore(value: 0)
        defer { never.signal() }
        let start = ContinuousClock.now
        let found = try await looking("look", within: .milliseconds(50)) {
            never.wait()
            return 1
        }
        #expect(found == nil)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func whatIsSeenInTimeIsHandedOn() async throws {
        #expect(try await looking("look", within: .seconds(600)) { 7 } == 7)
        await #expect(throws: Failure.self) {
            _ = try await looking("look", within: .seconds(600)) { () throws -> Int in
                throw Failure(.internalError, "no")
            }
        }
    }

    @Test func whoIsStoppedWaitsNoLonger() async throws {
        let never = DispatchSemaphore(value: 0)
        defer { never.signal() }
        let look = Task { try await looking("look", within: .seconds(600)) { never.wait() } }
        look.cancel()
        await #expect(throws: CancellationError.self) { _ = try await look.value }
    }
}
