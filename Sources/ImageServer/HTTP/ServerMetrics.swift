import Synchronization

/// What the server counts, in the text form that Prometheus reads (Prometheus exposition format 0.0.4).
final class ServerMetrics: Sendable {
    private struct Key: Hashable, Comparable {
        let method: String
        let route: String
        let status: Int

        static func < (one: Key, other: Key) -> Bool {
            (one.route, one.method, one.status) < (other.route, other.method, other.status)
        }
    }

    private let requests = Mutex<[Key: Int]>([:])
    private let seconds = Mutex<Double>(0)
    private let received = Atomic<Int64>(0)

    /// A request has been answered.
    ///
    /// - Parameter method: of those we know; another counts as `other`, or a client could make as many as it likes.
    func count(method: String, route: Route?, status: Int, took: Duration) {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE"].contains(method) ? method : "other"
        let key = Key(method: known, route: route?.kind ?? "none", status: status)
        requests.withLock { $0[key, default: 0] += 1 }
        seconds.withLock { $0 += took / .seconds(1) }
    }

    func countReceived(_ bytes: Int64) { received.add(bytes, ordering: .relaxed) }

    /// - Parameter images: how many there are, by state.
    func text(images: [String: Int]) -> String {
        var lines = [
            "# HELP imgapi_requests_total Requests answered.", "# TYPE imgapi_requests_total counter",
        ]
        let counts = requests.withLock { $0 }
        for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "imgapi_requests_total{method=\"\(key.method)\",route=\"\(key.route)\",status=\"\(key.status)\"} \(count)"
            )
        }
        lines += [
            "# HELP imgapi_request_seconds_total Time until the heads of the answers.",
            "# TYPE imgapi_request_seconds_total counter", "imgapi_request_seconds_total \(seconds.withLock { $0 })",
            "# HELP imgapi_received_bytes_total Bytes of image files that were uploaded.",
            "# TYPE imgapi_received_bytes_total counter",
            "imgapi_received_bytes_total \(received.load(ordering: .relaxed))",
            "# HELP imgapi_images Images there are.", "# TYPE imgapi_images gauge",
        ]
        for (state, count) in images.sorted(by: { $0.key < $1.key }) {
            lines.append("imgapi_images{state=\"\(state)\"} \(count)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
