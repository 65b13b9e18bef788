public import ArgumentParser
import Failure
import Glibc
import Host
import ImageModel
public import ImageServer
import Logging
import SystemPackage

/// `imgapi-server`, without another command.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve images from a folder by the IMGAPI protocol.",
        discussion: """
            The folder has images/UUID.json (manifests), images/UUID.file (image files) and, if the server has \
            channels, channels.json. What is added, changed or removed there counts at once.

            When requests are answered, one line on stdout says where: "listening on http://ADDR:PORT". SIGTERM or \
            SIGINT ends the server when the transfers under way are done, a second one at once. The log goes to stderr; \
            IMGADM_LOG_LEVEL=trace|debug|info|warn|error|fatal sets how much of it.
            """)

    @Option(help: ArgumentHelp("The folder to serve.", valueName: "dir"))
    var root: String

    @Option(help: ArgumentHelp("The address to listen on; port 0 for any that is free.", valueName: "addr:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(help: "What the images are: \(ServerMode.allCases.map(\.rawValue).joined(separator: " or ")).")
    var mode = ServerMode.public

    @Option(
        help: """
            Who may change images: anyone, nobody, or the users of --keys and --tokens. Without this, those users if there \
            are any; else anyone on a loopback address, and nobody elsewhere.
            """)
    var writes: Writes?

    @Option(help: ArgumentHelp("The folder of keys, USER.keys with a public SSH key a line.", valueName: "dir"))
    var keys: String?

    @Option(help: ArgumentHelp("A file of tokens for \"Authorization: Bearer\", USER TOKEN a line.", valueName: "file"))
    var tokens: String?

    /// The values of `--writes`.
    enum Writes: String, CaseIterable, ExpressibleByArgument { case anyone, nobody, users }

    private func authentication() throws -> Authentication {
        let hasUsers = keys != nil || tokens != nil
        var authentication = Authentication(keys: keys.map { FilePath($0) }, tokens: tokens.map { FilePath($0) })
        switch writes ?? (hasUsers ? .users : listen.isLoopback ? .anyone : .nobody) {
        case .anyone: authentication.anonymous = .writes
        case .nobody:
            guard !hasUsers else { throw ValidationError("--writes nobody goes with neither --keys nor --tokens") }
        case .users:
            guard hasUsers else { throw ValidationError("--writes users needs --keys DIR or --tokens FILE") }
        }
        return authentication
    }

    mutating func run() async throws {
        let logger = ServerProgram.logger()
        let repository = try FolderRepository(root: FilePath(root), mode: mode, logger: logger)
        var configuration = ImageServer.Configuration(host: listen.host, port: listen.port, hostName: HostName.current)
        configuration.authentication = try authentication()
        let urlHost = listen.urlHost
        do {
            try await ImageServer(repository, configuration: configuration, logger: logger).run { [urlHost] port in
                print("listening on http://\(urlHost):\(port)")
                fflush(nil)
            }
        } catch {
            throw Failure.wrapping(error, .connectionError, "cannot listen on \(listen)")
        }
    }
}

extension ServerMode: ExpressibleByArgument {}
