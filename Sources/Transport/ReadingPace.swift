/// Whether whoever reads a download spends his time waiting for it.
struct ReadingPace {
    /// Over how long it is looked at.
    let window: Duration
    private var begun: ContinuousClock.Instant?
    private var waited = Duration.zero
    private var bytes: Int64 = 0

    init(window: Duration) { self.window = window }

    /// So many bytes have come, waited for since `start`.
    ///
    /// - Returns: bytes a second, if the window is over and most of it was spent waiting.
    mutating func note(_ count: Int, since start: ContinuousClock.Instant) -> Double? {
        let now = ContinuousClock.now
        guard let begun else {
            // The first bytes have been waited for while the connection was made.
            begun = now
            return nil
        }
        waited += start.duration(to: now)
        bytes += Int64(count)
        let elapsed = begun.duration(to: now)
        guard elapsed >= window, elapsed > .zero else { return nil }
        let isSlow = waited * 4 >= elapsed * 3
        let rate = Double(bytes) / (elapsed / .seconds(1))
        self.begun = now
        waited = .zero
        bytes = 0
        return isSlow ? rate : nil
    }
}
