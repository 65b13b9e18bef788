import Time

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
enum RetryAfter {
    static func read(_ headers: HTTPHeaderList, now: Timestamp) -> Duration? {
        guard let text = headers["retry-after"] else { return nil }
        if let seconds = HTTPNumber.read(text), seconds < 1 << 40 { return .seconds(seconds) }
        guard let moment = Timestamp(httpDate: text) else { return nil }
        return .milliseconds(max(0, moment.milliseconds - now.milliseconds))
    }
}
