import HTTPTypes
import Synchronization
import Transport

/// How many requests each client may make: those of ten seconds at once, and as many a second in the long run. Of IPv6, a network of 64 bits is a
/// client, since each has as many addresses as it likes.
final class RequestRate: Sendable {
    private struct Bucket {
        var left: Double
        var at: ContinuousClock.Instant
    }

    private let rate: Double
    private let most: Double
    private let buckets = Mutex<[[UInt8]: Bucket]>([:])

    /// So many are remembered; beyond them, all new ones are one client, and so no flood of addresses takes memory.
    private static let mostClients = 20_000

    init(perSecond: Int) {
        rate = Double(max(1, perSecond))
        most = rate * 10
    }

    /// Counts a request.
    ///
    /// - Throws: `TooManyRequests`.
    func admit(_ address: IPAddress?, now: ContinuousClock.Instant = .now) throws(RequestError) {
        let isFine = buckets.withLock { buckets in
            // What has no address is one client.
            var key = address?.networkOfClient ?? []
            if buckets[key] == nil, buckets.count >= RequestRate.mostClients {
                buckets = buckets.filter { refilled($0.value, now) < most }
                if buckets.count >= RequestRate.mostClients { key = [] }
            }
            let left = buckets[key].map { refilled($0, now) } ?? most
            guard left >= 1 else { return false }
            buckets[key] = Bucket(left: left - 1, at: now)
            return true
        }
        guard isFine else {
            throw RequestError(
                .tooManyRequests, "TooManyRequests", "there are too many requests from this address",
                headers: [.retryAfter: "1"])
        }
    }

    private func refilled(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        min(most, bucket.left + rate * (bucket.at.duration(to: now) / .seconds(1)))
    }
}
