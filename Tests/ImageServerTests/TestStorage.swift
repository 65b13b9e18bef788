import ImageCatalog
import ImageModel
import ImageServer
import Logging
import NIOPosix
import OCIRegistry
import SystemPackage
import TestHost
import Transport

/// What a server may keep its images in. Both behave alike.
enum TestStorage: String, CaseIterable, Sendable {
    case folder, registry

    /// Serves an empty repository while `body` runs.
    ///
    /// - Parameter channels: the JSON of `channels.json`; nil for a server without channels.
    func serving(
        mode: ServerMode = .public, channels: String? = nil,
        authentication: Authentication = Authentication(anonymous: .writes), audit: FilePath? = nil,
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let place = try await Place(self)
        try await place.serving(mode: mode, channels: channels, authentication, audit: audit, body)
    }

    /// Serves an empty repository without channels, and then what it has become as one that has some.
    func servingTwice(
        channels: String, _ first: @Sendable (RunningServer) async throws -> Void,
        then second: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let place = try await Place(self)
        try await place.serving(channels: nil, Authentication(anonymous: .writes), first)
        try await place.serving(channels: channels, Authentication(anonymous: .writes), second)
    }

    /// What is served.
    private struct Place {
        let root: ImageRoot
        /// Nil for a folder.
        let registry: RegistryServer?

        init(_ storage: TestStorage) async throws {
            root = try ImageRoot()
            registry = storage == .registry ? try await RegistryServer() : nil
        }

        func serving(
            mode: ServerMode = .public, channels: String?, _ authentication: Authentication, audit: FilePath? = nil,
            _ body: @Sendable (RunningServer) async throws -> Void
        ) async throws {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let network = NetworkSender(settings: TransportSettings())
            let transport = Transport(sender: network, settings: TransportSettings(), log: logger)
            var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
            configuration.authentication = authentication
            configuration.audit = audit
            configuration.remotes = RemoteImages(transport)
            if let channels { try root.write(channels, to: "channels.json") }
            do {
                try await RunningServer.serving(
                    repository(mode, hasChannels: channels != nil, transport, logger), configuration, body)
            } catch {
                await network.shutDown()
                throw error
            }
            await network.shutDown()
        }

        private func repository(
            _ mode: ServerMode, hasChannels: Bool, _ transport: Transport, _ logger: Logger
        ) async throws -> any ImageRepository {
            guard let registry else {
                return try await NIOThreadPool.singleton.runIfActive { [path = root.path] in
                    try FolderRepository(root: path, mode: mode, logger: logger)
                }
            }
            return try await RegistryRepository(
                RegistryClient(
                    RegistryEndpoint(source: try ServerURL(registry.url), insecure: false),
                    credentials: NoCredentials(), transport: transport, log: logger
                ).repository("vm/images"),
                channels: hasChannels ? root.path.appending("channels.json") : nil, mode: mode, logger: logger)
        }
    }
}
