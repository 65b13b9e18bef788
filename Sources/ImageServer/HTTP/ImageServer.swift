import HTTPTypes
import Host
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import ImageCatalog
import ImageModel
public import Logging
import NIOCore
import ServiceLifecycle
public import SystemPackage

/// The image server: answers IMGAPI requests from a repository.
public struct ImageServer: Sendable {
    public static let version = "0.1.0"

    private let repository: any ImageRepository
    private let configuration: Configuration
    private let logger: Logger

    public struct Configuration: Sendable {
        /// The address to listen on: a name or an IP address.
        public var host: String
        /// The port to listen on; 0 for any that is free.
        public var port: Int
        /// The name of this machine, for `x-server-name`.
        public var hostName: String
        /// Who may do what.
        public var authentication = Authentication()
        /// Where images may be fetched from; nil if from nowhere.
        public var remotes: RemoteImages?
        /// The certificate and key of the server; nil for plain HTTP.
        public var tls: ServerCertificate?
        /// How long a connection may stay without a request, or a request take to come in, in seconds.
        public var idleSeconds: Int64 = 120
        /// How long a client may take nothing of an answer, in seconds.
        public var stallSeconds: Int64 = 300
        /// How many connections there may be at a time; more wait until one ends.
        public var mostConnections = 1000
        /// The proxies before the server.
        public var proxies = TrustedProxies()
        /// How many requests a client may make a second, for ten seconds together; nil for any number.
        public var mostRequests: Int?
        /// The most bytes that the file of an image may have.
        public var largestFile = ImageLimits.uploadedFile
        /// The file in which each change is recorded; nil for none.
        public var audit: FilePath?

        public init(host: String = "127.0.0.1", port: Int = 8080, hostName: String = "localhost") {
            self.host = host
            self.port = port
            self.hostName = hostName
        }
    }

    public init(_ repository: any ImageRepository, configuration: Configuration, logger: Logger) {
        self.repository = repository
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT comes (if they are asked for) or the task is cancelled. Transfers that are
    /// under way are finished after a signal; a second one ends the process at once.
    ///
    /// - Parameter ready: called with the port as soon as requests are answered.
    /// - Throws: if it cannot listen on the address.
    public func run(untilSignals: Bool = true, ready: @escaping @Sendable (_ port: Int) async -> Void) async throws {
        let stallLimit = TimeAmount.seconds(configuration.stallSeconds)
        let idleTime = TimeAmount.seconds(configuration.idleSeconds)
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [AnswerDrain(limit: stallLimit), RequestPace(patience: idleTime)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)))
        let application = Application(
            responder: ImageResponder(
                repository: repository, hostName: configuration.hostName, authentication: configuration.authentication,
                remotes: configuration.remotes, logger: logger,
                audit: configuration.audit.map { AuditTrail($0) },
                rate: configuration.mostRequests.map { RequestRate(perSecond: $0) },
                proxies: configuration.proxies,
                largestFile: configuration.largestFile),
            server: try configuration.tls.map { try .tls(http, tlsConfiguration: $0.configuration) } ?? http,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "imgapi/\(Self.version)",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.mostConnections)),
            onServerRunning: { [logger] channel in
                do {
                    // The library looks at its limit before it takes connections, and would take four at a time.
                    try await channel.setOption(.maxMessagesPerRead, value: 1).get()
                } catch {
                    logger.error("connections are not taken one at a time: \(error)")
                }
                await ready(channel.localAddress?.port ?? 0)
            },
            logger: logger)
        let services = ServiceGroup(configuration: .init(services: [application], logger: logger))
        let signals = untilSignals ? StopSignals { Task { await services.triggerGracefulShutdown() } } : nil
        defer { withExtendedLifetime(signals) {} }
        do {
            try await services.run()
        } catch let error as IOError {
            throw ListenError(error, host: configuration.host, port: configuration.port)
        }
    }
}
