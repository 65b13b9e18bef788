import ArgumentParser
import Failure
import IMGAPI
import ImageModel
import ImageSource
import ImageTool
import JSON
import Transport

struct AvailCommand: ImgadmCommand {
    static let valueLetters = "os"
    static let configuration = CommandConfiguration(
        commandName: "avail", abstract: "List the images of the image sources",
        usage:
            "imgadm avail [-j | --format FORMAT] [-H] [-o FIELD,…] [-s FIELD,…] [--arch ARCHITECTURE] [--token-file FILE | --token TOKEN] [FILTER…]",
        discussion: """
            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT. Sources of simplestreams list the images for this
            machine's processors.

            EXAMPLES
              imgadm avail os=linux
              imgadm avail -o uuid,name,version -s -published_at 'name=~base'
            """, aliases: ["available"])

    @OptionGroup var options: OutputOptions
    @OptionGroup var sort: SortOption
    @OptionGroup var architecture: ArchitectureOption
    @OptionGroup var token: TokenOptions
    @Argument(help: ArgumentHelp("What an image must be to be listed.", valueName: "filter"), completion: .filters)
    var arguments: [String] =
        []

    func run(_ context: CommandContext) async throws {
        if options.wantsFieldHelp { return try Listing.printFieldHelp(to: context.output, noHeader: options.noHeader) }
        let listing = try Listing(options, sort: sort.keys, filters: arguments)
        try await token.give(to: [], context)
        let (images, failures) = try await context.tool.listedImages(for: try architecture.choice())
        context.remark(context.tool.takeSourceRemarks())
        try listing.query.checkFields(among: images, areAll: failures.isEmpty) { $0.image.manifest }
        let rows = listing.query.rows(
            of: images, manifest: \.image.manifest, extras: { ImageExtras(source: $0.source.url.base) })
        try listing.print(rows, to: context.output, in: context.tableRoom) { image in
            ["manifest": image.image.manifest.value, "source": .string(image.source.url.base)]
        }
        if let failure = Failure.combining(failures) {
            try context.output.flush()
            throw failure
        }
    }
}
