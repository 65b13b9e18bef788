import Failure
import NIOSSL
public import SystemPackage

/// What a server shows who it is.
public struct ServerCertificate: Sendable {
    let configuration: TLSConfiguration

    /// - Parameters:
    ///   - certificates: a PEM file with the certificate of the server and those between it and its root.
    ///   - key: a PEM file with the private key, without a passphrase.
    /// - Throws: `ConfigError` if they cannot be used, or do not belong together.
    public init(certificates: FilePath, key: FilePath) throws {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificates.string)
            guard !chain.isEmpty else { throw Failure(.configError, "it has no certificate") }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key.string, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            self.configuration = configuration
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure(
                .configError, "cannot use the certificate \"\(certificates)\" with the key \"\(key)\"", cause: error,
                hint: "both must be PEM files, the key without a passphrase")
        }
    }
}
