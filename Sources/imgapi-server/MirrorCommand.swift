import ArgumentParser
import Failure
import Glibc
import Host
import IMGAPI
import ImageCatalog
import ImageMirror
import ImageModel
import ImageServer
import SystemPackage
import Transport

struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror", abstract: "Copy active images, with their origins, from another image server.",
        usage: """
            imgapi-server mirror --root DIR | --registry HOST[:PORT]/NAME --from URL
                [--channels FILE] [--mode public|private] [-n] [FILTER…]
            """,
        discussion: """
            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT, as for "imgadm avail". What is there already \
            stays, so a run that was broken off is taken up by the next; a server of the folder may run meanwhile.
            """)

    @OptionGroup var storage: StorageOptions

    @Option(help: ArgumentHelp("The server to copy from; ?channel=NAME chooses a channel.", valueName: "url"))
    var from: String

    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Say what would be copied, and copy nothing.")
    var dryRun = false

    @Argument(help: ArgumentHelp("What an image must be to be copied.", valueName: "filter")) var filters: [String] = []

    mutating func run() async throws {
        let logger = ServerProgram.logger()
        let url = try ServerURL(from)
        let network = try ServerProgram.network(logger)
        let client = IMGAPIClient(
            base: url.base, channel: url.query.first { $0.name == "channel" }?.value, insecure: false,
            requestID: ImageUUID().description, transport: network.transport)
        let result: Result<Void, any Error>
        do {
            let repository = try await storage.open(by: network.transport, logger)
            let mirror = ImageMirror(from: client, by: network.transport, into: repository) { line in
                print(line)
                fflush(nil)
            }
            result = .success(try await mirror.run(filters: filters, dryRun: dryRun))
            // What went wrong is in the log; the images are there.
            try? await repository.settle()
        } catch {
            result = .failure(error)
        }
        await network.sender.shutDown()
        try result.get()
    }
}
