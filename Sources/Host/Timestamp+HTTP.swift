extension Timestamp {
    /// To the second, as HTTP headers have it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    public var httpDate: String {
        // 1994-11-06T08:49:37.000Z
        let parts = description.split { "-T.".contains($0) }
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = Int((milliseconds - (milliseconds < 0 ? 86_399_999 : 0)) / 86_400_000)
        let month = months[((Int(parts[1]) ?? 1) - 1) % 12]
        return "\(days[((day % 7) + 7) % 7]), \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }
}
