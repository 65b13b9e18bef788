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
    /// The `User-Agent` of every request.
    public var userAgent = "imgadm"
    /// TLS certificates are never checked (`IMGADM_INSECURE=1`).
    public var insecure = false
    public var proxies = ProxySettings()
    /// A file, or folder, of certificates to trust instead of the system's (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
    public var trustRoots: String?

    public init() {}

    /// The settings that environment variables make: `IMGADM_CONNECT_TIMEOUT`, `IMGADM_STALL_TIMEOUT` and
    /// `IMGADM_PATIENCE` (seconds), `IMGADM_LEAST_RATE` (bytes a second), `IMGADM_INSECURE`, the proxy variables,
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    public init(environment: [String: String]) {
        func seconds(_ name: String, least: Double = 0.001) -> Duration? {
            guard let number = environment[name].flatMap(Double.init), number >= least, number < 86400 else {
                return nil
            }
            return .milliseconds(Int64(number * 1000))
        }
        connectTimeout = seconds("IMGADM_CONNECT_TIMEOUT") ?? connectTimeout
        stallTimeout = seconds("IMGADM_STALL_TIMEOUT") ?? stallTimeout
        patience = seconds("IMGADM_PATIENCE", least: 0) ?? patience
        if let rate = environment["IMGADM_LEAST_RATE"].flatMap({ Int($0) }), (0..<1 << 30).contains(rate) {
            leastRate = rate
        }
        insecure = environment["IMGADM_INSECURE"] == "1"
        proxies = ProxySettings(environment: environment)
        trustRoots = [environment["SSL_CERT_FILE"], environment["SSL_CERT_DIR"]].compactMap(\.self).first {
            !$0.isEmpty
        }
    }
}
