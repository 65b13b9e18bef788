import Host
import Time

/// The times of configs (RFC 3339), as manifests have them.
enum DockerDate {
    /// Where a config has no time, so that the same image always has the same manifest.
    static let none = "1970-01-01T00:00:00.000Z"

    /// In UTC, with milliseconds.
    static func milliseconds(_ text: String?) -> String {
        text.flatMap { Timestamp(rfc3339: $0) }?.description ?? none
    }
}
