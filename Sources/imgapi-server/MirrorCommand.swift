import ArgumentParser
import Failure
import Glibc
import Host
import IMGAPI
import ImageMirror
import ImageModel
import ImageServer
import SystemPackage
import Transport

struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror", abstract: "Copy active images, with their origins, from another image server.",
        discussion: """
            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT, as for "imgadm avail". What is there already \
            stays, so a run that was broken off is taken up by the next; a server of the folder may run meanwhile.
            """)

    @Option(help: ArgumentHelp("The folder that gets the images.", valueName: "dir"))
    var root: String

    @Option(help: ArgumentHelp("The server to copy from; ?channel=NAME chooses a channel.", valueName: "url"))
    var from: String

    @Option(help: "What the images are: \(ServerMode.allCases.map(\.rawValue).joined(separator: " or ")).")
    var mode = ServerMode.public

    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Say what would be copied, and copy nothing.")
    var dryRun = false

    @Argument(help: ArgumentHelp("What an image must be to be copied.", valueName: "filter")) var filters: [String] = []

    mutating func run() async throws {
        let logger = ServerProgram.logger()
        let url = try ServerURL(from)
        var settings = TransportSettings(environment: ProcessEnvironment.variables)
        settings.userAgent = "imgapi-server/\(ImageServer.version)"
        let network = NetworkSender(settings: settings)
        let transport = Transport(sender: network, settings: settings, log: logger)
        let client = IMGAPIClient(
            base: url.base, channel: url.query.first { $0.name == "channel" }?.value, insecure: false,
            requestID: ImageUUID().description, transport: transport)
        let mirror = ImageMirror(
            from: client, by: transport,
            into: try FolderRepository(root: FilePath(root), mode: mode, logger: logger)
        ) { line in
            print(line)
            fflush(nil)
        }
        let result: Result<Void, any Error>
        do {
            result = .success(try await mirror.run(filters: filters, dryRun: dryRun))
        } catch {
            result = .failure(error)
        }
        await network.shutDown()
        try result.get()
    }
}
