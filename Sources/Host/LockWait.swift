import Failure
import Time

/// A wait for a lock: it is asked for again and again, and after a second it is said who has it.
public struct LockWait: Sendable {
    /// What has the lock, for the error.
    private let what: String
    private let hint: String
    private let backoff: Backoff
    private let holders: @Sendable () throws -> [LockHolder]

    /// How long a lock is waited for unless something else is said: a day. Images can be large, and networks slow.
    public static let longest = Duration.seconds(86_400)

    /// - Parameters:
    ///   - what: has the lock.
    ///   - hint: what to do when it has been waited for so long; nil: the usual.
    init(
        for what: String, limit: Duration, hint: String? = nil, holders: @escaping @Sendable () throws -> [LockHolder]
    ) {
        self.what = what
        self.hint = hint ?? "see what that does; IMGADM_LOCK_PATIENCE says for how many seconds a lock is waited for"
        backoff = Backoff(patience: limit, firstPause: .milliseconds(20), longestPause: .milliseconds(250))
        self.holders = holders
    }

    /// Waits until something is there.
    ///
    /// - Parameters:
    ///   - waiting: called once, when the wait has lasted a second, with those who have the lock, as far as that can be seen.
    ///   - attempt: what is asked for; nil if somebody else has it.
    /// - Throws: `LockTimeout`; what the attempt throws.
    public func callAsFunction<Value: Sendable>(
        _ waiting: ([LockHolder]) -> Void, _ attempt: () async throws -> Value?
    ) async throws -> Value {
        var tries = Backoff.Tries(backoff, by: .real)
        var told = false
        while true {
            if let value = try await attempt() { return value }
            guard let pause = tries.pauseAfterFailure() else {
                let who = try await named().map(\.description).joined(separator: ", ")
                throw Failure(
                    .lockTimeout,
                    "\(what) is locked by \(who.isEmpty ? "a process that cannot be seen from here" : who)",
                    hint: hint)
            }
            if !told, tries.elapsed >= .seconds(1) {
                told = true
                waiting(try await named())
            }
            try await ContinuousClock().wait(pause)
        }
    }

    /// How long it is looked for those who have a lock: what a process has open, or has for its memory, can keep who looks waiting
    /// for good.
    private static let longestLook = Duration.seconds(3)

    /// None where they are not found in time: the lock is asked for again, whoever has it.
    private func named() async throws -> [LockHolder] {
        try await looking("lock", within: LockWait.longestLook, holders) ?? []
    }
}
