import ArgumentParser
import Failure
import Glibc
import Host
import ImageServer
import SystemPackage
import Transport

/// `imgapi-server`, without another command.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve images from a folder or an OCI registry by the IMGAPI protocol.",
        usage: ServerProgram.usage(
            """
            imgapi-server --root DIR | --registry HOST[:PORT]/NAME | --config FILE
                [--channels FILE] [--listen ADDRESS:PORT] [--mode public|private] [--writes anyone|nobody|users]
                [--reads anyone|users] [--keys DIR] [--tokens FILE] [--users FILE] [--signatures request|date]
                [--audit FILE] [--most-connections NUMBER] [--most-requests NUMBER] [--largest-file BYTES]
                [--names LIST] [--proxies LIST] [--tls-cert FILE --tls-key FILE]
            """),
        discussion: """
            The folder has images/UUID.json (manifests), images/UUID.file (image files) and, if the server has \
            channels, channels.json. What is added, changed or removed there counts at once. In a registry each image is \
            an artifact under its UUID as the tag.

            When requests are answered, one line on stdout says where: "listening on http://ADDR:PORT". SIGTERM or \
            SIGINT ends the server when the transfers under way are done, a second one at once. The log goes to stderr; \
            IMGADM_LOG_LEVEL=trace|debug|info|warn|error|fatal sets how much of it.
            """)

    struct Options: ParsableArguments {
        @OptionGroup var settings: ServerSettings

        @Option(
            help: ArgumentHelp(
                """
                A JSON object with these options as its members, by their names without dashes, each with a string as \
                its value. An option of the command line counts more.
                """,
                valueName: "file"), completion: .file())
        var config: String?
    }

    @OptionGroup var options: Options

    @Option(help: .hidden) var port: String?

    mutating func run() async throws {
        if let port { throw ValidationError("there is no --port: --listen ADDR:\(port) says where to listen") }
        let logger = ServerProgram.logger()
        if let config = options.config { try options.settings.fill(from: FilePath(config)) }
        let settings = options.settings
        let listen = settings.address
        let certificate = try settings.certificate(logger)
        var configuration = ImageServer.Configuration(host: listen.host, port: listen.port, hostName: HostName.current)
        configuration.authentication = try settings.authentication()
        configuration.tls = certificate
        try settings.limits(&configuration)
        // A trail that cannot be written is told now, and not with the first change.
        if let audit = configuration.audit { try HostFile.append(line: [], to: audit) }
        configuration.mostConnections = try settings.connections(openFiles: OpenFileLimit.raise())
        let network = try ServerProgram.network(logger)
        let result: Result<Void, any Error>
        do {
            let repository = try await settings.storage.open(by: network.transport, logger)
            configuration.remotes = RemoteImages(network.transport)
            let scheme = certificate == nil ? "http" : "https"
            result = .success(
                try await ServeCommand.serve(
                    ImageServer(repository, configuration: configuration, logger: logger), at: listen, scheme))
        } catch {
            result = .failure(error)
        }
        await network.sender.shutDown()
        try result.get()
    }

    private static func serve(_ server: ImageServer, at listen: ListenAddress, _ scheme: String) async throws {
        do {
            try await server.run { port in
                print("listening on \(scheme)://\(listen.urlHost):\(port)")
                fflush(nil)
            }
        } catch {
            throw Failure.wrapping(error, .connectionError, "cannot listen on \(listen)")
        }
    }
}
