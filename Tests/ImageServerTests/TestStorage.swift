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
        authentication: Authentication = Authentication(anonymous: .writes),
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let network = NetworkSender(settings: TransportSettings())
        let transport = Transport(sender: network, settings: TransportSettings(), log: logger)
        var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
        configuration.authentication = authentication
        configuration.remotes = RemoteImages(transport)
        let root = try ImageRoot()
        if let channels { try root.write(channels, to: "channels.json") }
        do {
            switch self {
            case .folder:
                let repository = try await NIOThreadPool.singleton.runIfActive {
                    try FolderRepository(root: root.path, mode: mode, logger: logger)
                }
                try await RunningServer.serving(repository, configuration, body)
            case .registry:
                let registry = try await RegistryServer()
                let repository = try await RegistryRepository(
                    RegistryClient(
                        RegistryEndpoint(source: try ServerURL(registry.url), insecure: false),
                        credentials: NoCredentials(), transport: transport, log: logger
                    ).repository("vm/images"),
                    channels: channels == nil ? nil : root.path.appending("channels.json"), mode: mode, logger: logger)
                try await RunningServer.serving(repository, configuration, body)
                withExtendedLifetime(registry) {}
            }
        } catch {
            await network.shutDown()
            throw error
        }
        await network.shutDown()
    }
}
