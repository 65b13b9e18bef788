import TestClock
import Testing

@testable import Time

@Suite struct BackoffTests {
    private struct Busy: Error {}

    /// Fails so often, and then says how often it was tried.
    private func run(
        _ backoff: Backoff, failing failures: Int, taking time: Duration = .zero, after: Duration? = nil
    ) async throws -> (tries: Int?, waits: [Duration]) {
        let clock = SteppingClock()
        var count = 0
        do {
            let tries = try await backoff(by: clock) { _ -> Backoff.Attempt<Int> in
                count += 1
                if time > .zero { try await clock.wait(time) }
                return count > failures ? .done(count) : .passing(.failure(Busy()), after: after)
            }
            return (tries, clock.waits)
        } catch is Busy {
            return (nil, clock.waits)
        }
    }

    @Test func pausesDoubleUpToTheLongest() async throws {
        let backoff = Backoff(tries: 6, firstPause: .seconds(1), longestPause: .seconds(5))
        let (tries, waits) = try await run(backoff, failing: 5)
        #expect(tries == 6 && waits == [1, 2, 4, 5, 5].map { .seconds($0) })
    }

    @Test func triesHaveAnEnd() async throws {
        let (tries, waits) = try await run(Backoff(tries: 3, firstPause: .seconds(1)), failing: .max)
        #expect(tries == nil && waits == [.seconds(1), .seconds(2)])
    }

    @Test func aPatienceLastsAsLongAsItSays() async throws {
        let (tries, waits) = try await run(Backoff(patience: .seconds(10), firstPause: .seconds(1)), failing: .max)
        // The last look is at the very end.
        #expect(tries == nil && waits == [1, 2, 4, 3].map { .seconds($0) })
    }

    @Test func whereBothAreStatedBothMustBeUsedUp() async throws {
        let patient = Backoff(tries: 2, patience: .seconds(5), firstPause: .seconds(2), longestPause: .seconds(2))
        let (_, waits) = try await run(patient, failing: .max)
        #expect(waits == [2, 2, 1].map { .seconds($0) })
        let often = Backoff(tries: 5, patience: .seconds(3), firstPause: .seconds(2), longestPause: .seconds(2))
        #expect(try await run(often, failing: .max).waits.count == 4)
    }

    @Test func triesThatTakeTheirTimeAreFewer() async throws {
        let backoff = Backoff(tries: 6, patience: .seconds(60), longest: .seconds(90), firstPause: .milliseconds(1))
        let (tries, waits) = try await run(backoff, failing: .max, taking: .seconds(50))
        #expect(tries == nil && waits.filter { $0 == .seconds(50) }.count == 3)
    }

    @Test func whatTheServerSaysIsWaitedFor() async throws {
        let (tries, waits) = try await run(Backoff(tries: 3, firstPause: .seconds(1)), failing: 1, after: .seconds(7))
        #expect(tries == 2 && waits == [.seconds(7)])
    }

    /// "Now" is not at once, again and again.
    @Test func aServerThatWantsNoPauseGetsOneAllTheSame() async throws {
        let (_, waits) = try await run(Backoff(tries: 3, firstPause: .seconds(1)), failing: .max, after: .zero)
        #expect(waits == [.seconds(1), .seconds(2)])
        let patient = Backoff(patience: .seconds(4), firstPause: .seconds(3))
        #expect(try await run(patient, failing: .max, after: .seconds(2)).waits == [.seconds(3), .seconds(2)])
    }

    @Test func whatItCameToIsGivenBackAndToldBeforeEachPause() async throws {
        var told: [Int] = []
        var count = 0
        let last = try await Backoff(tries: 3, firstPause: .seconds(1))(
            by: SteppingClock(), again: { told.append((try? $0.get()) ?? 0) }
        ) { _ -> Backoff.Attempt<Int> in
            count += 1
            return .passing(.success(count))
        }
        #expect(last == 3 && told == [1, 2])
    }

    @Test func gainsEarnAllTriesAgain() throws {
        var tries = Backoff.Tries(Backoff(tries: 2, firstPause: .seconds(1)), by: SteppingClock())
        #expect(tries.pauseAfterFailure() == .seconds(1))
        tries.renew()
        #expect(tries.pauseAfterFailure() == .seconds(1))
        #expect(tries.pauseAfterFailure() == nil)
    }

    @Test func spreadPausesStayNearTheirMiddle() {
        let backoff = Backoff(firstPause: .milliseconds(200), isSpread: true)
        for failures in 1...40 {
            let base = min(10.0, 0.1 * Double(1 << min(failures, 10)))
            let pause = backoff.pause(after: failures)
            #expect(pause >= .milliseconds(Int(base * 740)) && pause <= .milliseconds(Int(base * 1260)))
        }
        #expect(Backoff(firstPause: .seconds(1)).pause(after: .max) == .seconds(10))
    }

    @Test func whoIsCancelledWaitsNoMore() async throws {
        let task = Task {
            try await Backoff(patience: .seconds(3600), firstPause: .seconds(60)).until(by: .real) { false }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}
