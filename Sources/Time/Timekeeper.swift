/// What time is, and how it is waited for: tests have clocks of their own, on which no second is a real one.
public protocol Timekeeper: Sendable {
    var now: ContinuousClock.Instant { get }

    /// - Throws: `CancellationError` when the task is cancelled.
    func wait(_ time: Duration) async throws
}

extension ContinuousClock: Timekeeper {
    public func wait(_ time: Duration) async throws { try await Task.sleep(for: time) }
}

extension Timekeeper where Self == ContinuousClock {
    /// The time of this machine.
    public static var real: ContinuousClock { ContinuousClock() }
}
