import Failure
public import Logging
import NIOCore
import NIOSSL
import Synchronization
public import SystemPackage

/// What a server shows who it is. Files that are written anew count from the next connection on; as long as they cannot be
/// used, or do not belong together, what was shown before is shown.
public struct ServerCertificate: Sendable {
    let configuration: TLSConfiguration

    /// - Parameters:
    ///   - certificates: a PEM file with the certificate of the server and those between it and its root.
    ///   - key: a PEM file with the private key, without a passphrase.
    /// - Throws: `ConfigError` if they cannot be used, or do not belong together.
    public init(certificates: FilePath, key: FilePath, logger: Logger) throws {
        let files = CertificateFiles(certificates: certificates, key: key)
        // Marked before they are read: what is written in between is read again.
        let marks = files.marks
        let pair = try files.read()
        let shown = ShownCertificate(files, pair, marks, logger)
        var configuration = Self.configuration(pair)
        // Not on the thread of the connection: what BoringSSL says of files would be taken for an error of the handshake.
        configuration.sslContextCallback = { _, promise in Task { promise.succeed(shown.change()) } }
        self.configuration = configuration
    }

    fileprivate static func configuration(_ pair: CertificateFiles.Pair) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain, privateKey: pair.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}

private struct CertificateFiles: Sendable {
    let certificates: FilePath
    let key: FilePath

    struct Pair: Sendable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    /// What tells whether they have been written anew.
    var marks: [FileMark?] { [certificates, key].map { try? FileMark($0) } }

    func read() throws(Failure) -> Pair {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificates.string)
            guard !chain.isEmpty else { throw Failure(.configError, "it has no certificate") }
            let pair = Pair(
                chain: chain.map { .certificate($0) },
                key: .privateKey(try NIOSSLPrivateKey(file: key.string, format: .pem)))
            _ = try NIOSSLContext(configuration: ServerCertificate.configuration(pair))
            return pair
        } catch {
            throw Failure(
                .configError, "cannot use the certificate \"\(certificates)\" with the key \"\(key)\"", cause: error,
                hint: "both must be PEM files, the key without a passphrase")
        }
    }
}

private final class ShownCertificate: Sendable {
    private let files: CertificateFiles
    private let logger: Logger
    private let state: Mutex<State>

    private struct State {
        var pair: CertificateFiles.Pair
        var marks: [FileMark?]
        /// It is not what the server started with.
        var isNew = false
    }

    init(_ files: CertificateFiles, _ pair: CertificateFiles.Pair, _ marks: [FileMark?], _ logger: Logger) {
        self.files = files
        self.logger = logger
        state = Mutex(State(pair: pair, marks: marks))
    }

    /// What a connection that begins is to be shown instead of what the server started with.
    func change() -> NIOSSLContextConfigurationOverride {
        let marks = files.marks
        return state.withLock { state in
            if marks != state.marks {
                state.marks = marks
                do {
                    state.pair = try files.read()
                    state.isNew = true
                    logger.info("another certificate", metadata: ["file": "\(files.certificates)"])
                } catch {
                    logger.warning("the certificate stays as it was", metadata: ["error": "\(error)"])
                }
            }
            guard state.isNew else { return .noChanges }
            var change = NIOSSLContextConfigurationOverride()
            change.certificateChain = state.pair.chain
            change.privateKey = state.pair.key
            return change
        }
    }
}
