import Synchronization
import Time

/// A clock that goes on only while somebody waits by it, and then at once.
public final class SteppingClock: Timekeeper {
    private let start = ContinuousClock.now
    private let waited = Mutex<[Duration]>([])

    public init() {}

    /// How long was waited, each time.
    public var waits: [Duration] { waited.withLock { $0 } }

    public var now: ContinuousClock.Instant { start + waits.reduce(.zero, +) }

    public func wait(_ time: Duration) async throws {
        try Task.checkCancellation()
        waited.withLock { $0.append(time) }
        await Task.yield()
    }
}
