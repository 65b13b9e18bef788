import Failure
import Host
import ImageCatalog
public import Logging
import NIOCore
import NIOPosix
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
        configuration.sslContextCallback = { _, promise in
            promise.completeWithTask { try await BlockingIO.reading.runIfActive { shown.change() } }
        }
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

    /// What tells whether they have been written anew; nil for what cannot be looked at, as reading it will tell.
    var marks: [FileMark?] { [certificates, key].map { try? FileMark($0) } }

    /// - Throws: `ConfigError`, `FileSystemError`, `PermissionDenied`.
    func read() throws -> Pair {
        // What the library says of them is in its own words, and names the folders where it was built: its errors are told in ours.
        func unusable(_ path: FilePath, _ why: String) -> Failure {
            Failure(
                .configError, "cannot use \"\(path)\": \(why)",
                hint: "both must be PEM files, the key without a passphrase")
        }
        func bytes(_ path: FilePath) throws -> [UInt8] {
            guard let bytes = try HostFile.read(path, limit: 1 << 20, from: .setUp) else {
                throw unusable(path, "there is no such file")
            }
            return bytes
        }
        let (certificateBytes, keyBytes) = (try bytes(certificates), try bytes(key))
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificateBytes), !chain.isEmpty else {
            throw unusable(certificates, "it has no certificate in the form of PEM")
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: keyBytes, format: .pem) else {
            throw unusable(key, "it has no private key in the form of PEM, or one with a passphrase")
        }
        let pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(privateKey))
        guard (try? NIOSSLContext(configuration: ServerCertificate.configuration(pair))) != nil else {
            throw unusable(
                certificates, "it does not belong to the key \"\(key)\", or is of a kind that cannot be served")
        }
        return pair
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

    /// What a connection that begins is to be shown instead of what the server started with. The files are read without the
    /// lock, so that a slow disk holds up nobody else.
    func change() -> NIOSSLContextConfigurationOverride {
        let marks = files.marks
        if state.withLock({ $0.marks != marks }) {
            let read = Result { try files.read() }
            state.withLock { state in
                // Another connection may have been quicker.
                guard state.marks != marks else { return }
                state.marks = marks
                switch read {
                case .success(let pair):
                    state.pair = pair
                    state.isNew = true
                    logger.info("another certificate", metadata: ["file": "\(files.certificates)"])
                case .failure(let error):
                    logger.warning("the certificate stays as it was", metadata: ["error": "\(error)"])
                }
            }
        }
        return state.withLock { state in
            guard state.isNew else { return .noChanges }
            var change = NIOSSLContextConfigurationOverride()
            change.certificateChain = state.pair.chain
            change.privateKey = state.pair.key
            return change
        }
    }
}
