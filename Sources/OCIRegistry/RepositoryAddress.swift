public import Failure
import ImageModel
public import Transport

/// A repository of a registry, by its URL: `oci://HOST[:PORT]/NAME`. As everywhere, TLS is spoken but with this machine; `http://` in
/// place of `oci://` is the only other way to plain HTTP.
public struct RepositoryAddress: Sendable, Hashable {
    public let endpoint: RegistryEndpoint
    /// Within the registry.
    public let name: String

    public static let scheme = "oci"

    /// - Parameter insecure: TLS certificates are not checked.
    /// - Throws: `InvalidSource` for what names no repository.
    public init(_ url: ServerURL, insecure: Bool) throws(Failure) {
        let name = String(url.path.dropFirst())
        // The rules of names are those of references; this one names no registry, tag or digest besides.
        guard let reference = try? DockerReference("registry.invalid/\(name)"), reference.repository == name else {
            throw Failure(
                .invalidSource, "\"\(url)\" is not a valid repository URL: \"\(name)\" is no name of a repository",
                hint: "the form is oci://HOST[:PORT]/NAME, in lower case")
        }
        self.name = name
        guard url.scheme == RepositoryAddress.scheme else {
            endpoint = RegistryEndpoint(source: url, insecure: insecure)
            return
        }
        let isPlain = url.isLoopback && url.port != 443
        endpoint = RegistryEndpoint(
            source: try ServerURL("\(isPlain ? "http" : "https")://\(url.host):\(url.port)"), insecure: insecure)
    }
}
