public import Failure
import ImageModel
public import Transport

/// Where a registry is reached (docker.md, "Registry protocol").
public struct RegistryEndpoint: Sendable, Hashable {
    /// The registry as references name it: `docker.io`, `HOST[:PORT]`.
    public let name: String
    /// Scheme, host and port.
    public let origin: String
    /// TLS certificates are not checked.
    public let insecure: Bool

    /// The registry of a configured source. A URL that begins with `http://` is the only way to plain http, besides this
    /// machine itself.
    public init(source url: ServerURL, insecure: Bool) {
        let isHub = ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(url.host)
        let isDefault = url.port == (url.scheme == "https" ? 443 : 80)
        name = isHub ? DockerReference.dockerHub : url.host + (isDefault ? "" : ":\(url.port)")
        origin = isHub ? RegistryEndpoint.hubOrigin : url.origin
        isLoopback = !isHub && url.isLoopback
        self.insecure = insecure
    }

    /// The registry that a reference names.
    ///
    /// - Throws: `InvalidSource`.
    public init(host: String) throws(Failure) {
        let url = try ServerURL("https://\(host)")
        // A registry on this machine speaks http unless its port is that of https.
        let isPlain = url.isLoopback && !host.hasSuffix(":443")
        self.init(source: isPlain ? try ServerURL("http://\(host)") : url, insecure: false)
    }

    private static let hubOrigin = "https://registry-1.docker.io"

    /// Credentials may be sent to this origin: nobody on the way reads them.
    var isPrivate: Bool { origin.hasPrefix("https://") || isLoopback }

    let isLoopback: Bool
}
