public import Failure
public import Time

/// Times and limits of everything that goes over the network.
public struct TransportSettings: Sendable {
    /// How long a connection may take to be made.
    public var connectTimeout: Duration = .seconds(5)
    /// How long nothing may arrive on a connection before it is given up, how long the head of an answer may take as a whole,
    /// and the time over which the rate of a body is taken.
    public var stallTimeout: Duration = .seconds(30)
    /// Bytes a second; a body that brings fewer has stalled.
    public var leastRate = 512
    /// How long a server may be away in the middle of an import: about what its restart takes.
    public var patience: Duration = .seconds(60)
    /// How long a small request (a manifest, a list) may take as a whole.
    public var replyTimeout: Duration = .seconds(600)
    /// The pause before the second try of a request; each further one is twice as long, up to 10 s.
    public var firstPause: Duration = .milliseconds(200)
    /// The longest time a server's `Retry-After` is waited for.
    public var longestRetryAfter: Duration = .seconds(120)
    /// Connections besides one a download, for downloads that do little but wait; shared by all that have these settings.
    public var sideConnections = ConnectionAllowance(TransportSettings.standardConnections - 1)
    /// Over how long it is looked at whether a download does little but wait.
    var paceWindow: Duration = .seconds(1)
    /// What pauses are waited by.
    public var clock: any Timekeeper = .real
    /// The `User-Agent` of every request.
    public var userAgent = "imgadm"
    /// TLS certificates are never checked (`IMGADM_INSECURE=1`).
    public var insecure = false
    public var proxies = ProxySettings()
    /// A file, or folder, of certificates to trust instead of the system's (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
    public var trustRoots: String?

    /// Connections over which one file comes at most, where nothing else is said.
    public static let standardConnections = 4

    public init() {}

    /// How a request is tried again: so often, and for so long.
    func backoff(tries: Int, patience: Duration = .zero) -> Backoff {
        Backoff(tries: tries, patience: patience, firstPause: firstPause, isSpread: true)
    }

    /// The settings that environment variables make: `IMGADM_CONNECT_TIMEOUT`, `IMGADM_STALL_TIMEOUT` and
    /// `IMGADM_PATIENCE` (seconds), `IMGADM_LEAST_RATE` (bytes a second), `IMGADM_CONNECTIONS` (1 to 16 for a file), `IMGADM_INSECURE`, the proxy variables,
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    ///
    /// - Throws: `ConfigError` for a number that is none.
    public init(environment: [String: String]) throws(Failure) {
        func seconds(_ name: String, least: Double = 0.001) throws(Failure) -> Duration? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            return try OutsideNumber.seconds(text, in: least...OutsideNumber.day, named: name)
        }
        connectTimeout = try seconds("IMGADM_CONNECT_TIMEOUT") ?? connectTimeout
        stallTimeout = try seconds("IMGADM_STALL_TIMEOUT") ?? stallTimeout
        patience = try seconds("IMGADM_PATIENCE", least: 0) ?? patience
        if let text = environment["IMGADM_LEAST_RATE"], !text.isEmpty {
            leastRate = try OutsideNumber.whole(text, in: 0...1 << 30, named: "IMGADM_LEAST_RATE")
        }
        if let text = environment["IMGADM_CONNECTIONS"], !text.isEmpty {
            sideConnections = ConnectionAllowance(
                try OutsideNumber.whole(text, in: 1...16, named: "IMGADM_CONNECTIONS") - 1)
        }
        insecure = environment["IMGADM_INSECURE"] == "1"
        proxies = ProxySettings(environment: environment)
        trustRoots = [environment["SSL_CERT_FILE"], environment["SSL_CERT_DIR"]].compactMap(\.self).first {
            !$0.isEmpty
        }
    }
}
