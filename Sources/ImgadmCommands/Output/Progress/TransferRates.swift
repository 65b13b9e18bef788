/// How fast transfers are, over the last three seconds.
struct TransferRates {
    private var samples: [ObjectIdentifier: [(moment: ContinuousClock.Instant, done: Int64)]] = [:]

    /// - Returns: bytes a second.
    mutating func note(_ done: Int64, of transfer: ObjectIdentifier) -> Double {
        let now = ContinuousClock.now
        var mine = samples[transfer, default: []]
        mine.append((now, done))
        mine.removeAll { now - $0.moment > .seconds(3) }
        samples[transfer] = mine
        guard let first = mine.first else { return 0 }
        let seconds = (now - first.moment) / .seconds(1)
        return seconds > 0 ? Double(done - first.done) / seconds : 0
    }

    mutating func forget(allBut transfers: Set<ObjectIdentifier>) {
        samples = samples.filter { transfers.contains($0.key) }
    }
}
