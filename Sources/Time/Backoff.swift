/// How often something is tried that may fail for a moment, and how long is waited in between. It is given up when both are used
/// up: the tries, and the time.
public struct Backoff: Sendable, Hashable {
    /// So many tries there are in any case.
    public var tries: Int
    /// For so long after the first failure it is tried in any case.
    public var patience: Duration
    /// After this time it is given up before all tries were made, if there were three: each takes its time then.
    public var longest: Duration?
    /// The pause before the second try; each further one is twice as long.
    public var firstPause: Duration
    public var longestPause: Duration
    /// Pauses are up to a quarter longer or shorter, so that many who failed at a time do not come back at a time.
    public var isSpread: Bool

    public init(
        tries: Int = 1, patience: Duration = .zero, longest: Duration? = nil, firstPause: Duration,
        longestPause: Duration = .seconds(10), isSpread: Bool = false
    ) {
        self.tries = tries
        self.patience = patience
        self.longest = longest
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.isSpread = isSpread
    }

    /// What one try has come to.
    public enum Attempt<Value> {
        case done(Value)
        /// It may come to something else a moment later; if nothing more is tried, this is what it has come to.
        ///
        /// - Parameter after: how long to wait at least, if somebody said so.
        case passing(Result<Value, any Error>, after: Duration? = nil)
    }

    /// Tries until it is done, or given up.
    ///
    /// - Parameters:
    ///   - clock: what the pauses are waited by.
    ///   - again: is told, before each pause, what the last try came to.
    ///   - work: one try; what it throws ends it all.
    /// - Throws: what the last try came to; `CancellationError`.
    public func callAsFunction<Value>(
        by clock: any Timekeeper, again: (Result<Value, any Error>) -> Void = { _ in },
        _ work: (inout Tries) async throws -> Attempt<Value>
    ) async throws -> Value {
        var tries = Tries(self, by: clock)
        while true {
            switch try await work(&tries) {
            case .done(let value): return value
            case .passing(let result, let after):
                guard let pause = tries.pauseAfterFailure(atLeast: after) else { return try result.get() }
                again(result)
                try await clock.wait(pause)
            }
        }
    }

    /// Looks until something is so, or the patience is at its end.
    ///
    /// - Returns: whether it is so.
    public func until(by clock: any Timekeeper, _ isSo: () async throws -> Bool) async throws -> Bool {
        try await self(by: clock) { _ in try await isSo() ? .done(true) : .passing(.success(false)) }
    }

    /// The pause after so many failures.
    func pause(after failures: Int) -> Duration {
        let base = min(longestPause, firstPause * (1 << min(max(failures - 1, 0), 10)))
        return isSpread ? base * Double.random(in: 0.75...1.25) : base
    }
}

extension Backoff {
    /// The tries of one thing.
    public struct Tries: Sendable {
        private let backoff: Backoff
        private let clock: any Timekeeper
        /// In a row.
        public private(set) var failures = 0
        private var since: ContinuousClock.Instant?

        public init(_ backoff: Backoff, by clock: any Timekeeper) {
            self.backoff = backoff
            self.clock = clock
        }

        /// The time since the first failure.
        public var elapsed: Duration { since?.duration(to: clock.now) ?? .zero }

        /// Something was gained: all tries and all the time are there again.
        public mutating func renew() {
            failures = 0
            since = nil
        }

        /// Counts a failure.
        ///
        /// - Parameter least: what the server wants to be waited for.
        /// - Returns: how long to wait before the next try; nil to give up.
        public mutating func pauseAfterFailure(atLeast least: Duration? = nil) -> Duration? {
            since = since ?? clock.now
            failures += 1
            let left = backoff.patience - elapsed
            if failures >= backoff.tries, left <= .zero { return nil }
            if let longest = backoff.longest, failures >= 3, elapsed >= longest { return nil }
            let own = backoff.pause(after: failures)
            let pause = failures >= backoff.tries ? min(own, left) : own
            // A server that wants none gets no request after the other all the same.
            return max(least ?? .zero, pause)
        }
    }
}
