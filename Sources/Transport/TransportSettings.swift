/// Times and limits of everything that goes over the network.
public struct TransportSettings: Sendable {
    /// How long a connection may take to be made.
    public var connectTimeout: Duration = .seconds(5)
    /// How long nothing may arrive on a connection before it is given up.
    public var stallTimeout: Duration = .seconds(30)
    /// How long a small request (a manifest, a list) may take as a whole.
    public var replyTimeout: Duration = .seconds(600)
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

    /// The settings that environment variables make: `IMGADM_CONNECT_TIMEOUT` and `IMGADM_STALL_TIMEOUT` (seconds),
    /// `IMGADM_INSECURE`, the proxy variables, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    public init(environment: [String: String]) {
        func seconds(_ name: String) -> Duration? {
            environment[name].flatMap(Double.init).flatMap {
                $0 > 0 && $0 < 86400 ? .milliseconds(Int64($0 * 1000)) : nil
            }
        }
        connectTimeout = seconds("IMGADM_CONNECT_TIMEOUT") ?? connectTimeout
        stallTimeout = seconds("IMGADM_STALL_TIMEOUT") ?? stallTimeout
        insecure = environment["IMGADM_INSECURE"] == "1"
        proxies = ProxySettings(environment: environment)
        trustRoots = [environment["SSL_CERT_FILE"], environment["SSL_CERT_DIR"]].compactMap(\.self).first {
            !$0.isEmpty
        }
    }
}
