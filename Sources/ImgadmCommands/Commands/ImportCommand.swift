import ArgumentParser
import Failure
import ImageSource
import ImageTool

struct ImportCommand: ImgadmCommand {
    static let valueLetters = "CPS"
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import an image, and the origins it needs, from an image source",
        usage: "imgadm import [-C CHANNEL] [-P POOL] [-S URL]… [-q] [--zstream] UUID",
        discussion: """
            The configured sources are asked in their order; the first that has the image serves it.

            EXAMPLES
              imgadm import 7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
              imgadm import -S https://images.example.com -P data 7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
            """)

    @Option(
        name: .customShort("C"), parsing: .unconditional,
        help: ArgumentHelp("The channel of all sources.", valueName: "channel"))
    var channel: String?
    @OptionGroup var pool: PoolOption
    @Option(
        name: .customShort("S"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A source to ask instead of the configured ones; may be repeated.", valueName: "url"))
    var sources: [String] = []
    @Flag(name: .customShort("q"), help: "Show no progress bar.") var quiet = false
    @Flag(name: .customLong("zstream"), help: "The source sends a raw ZFS stream.") var rawStream = false
    @Argument(help: "The image's UUID.") var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let uuid = try ImageArgument(Arguments.one(arguments, "UUID")).uuid()
        var request = ImportRequest(uuid: uuid, pool: try context.pool(pool.name))
        request.channel = channel
        request.isRawStream = rawStream
        request.sources = try sources.map { try context.tool.namedSource($0) }
        try await context.reporting(quiet: quiet) { [request] report in
            try await context.tool.importImage(request, report)
        }
    }
}
