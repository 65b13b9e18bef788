import ArgumentParser
import Failure
import ImageModel
import ImageStore
import ImageTool
import JSON

struct ListCommand: ImgadmCommand {
    static let valueLetters = "os"
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List installed images",
        usage: "imgadm list [-j] [-H] [-o FIELD,…] [-s FIELD,…] [--docker] [FILTER…]",
        discussion: """
            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT.

            EXAMPLES
              imgadm list
              imgadm list -Ho uuid origin=7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
            """)

    @OptionGroup var options: TableOptions
    @Flag(name: .customLong("docker"), help: "List docker images, a row a tag.") var docker = false
    @Argument(help: ArgumentHelp("What an image must be to be listed.", valueName: "filter")) var arguments: [String] =
        []

    func run(_ context: CommandContext) async throws {
        let listing = try Listing(options, filters: arguments)
        let dockerListing = try docker ? DockerListing(options, filters: arguments) : nil
        let images = try await context.tool.store.images()
        if let dockerListing { return try dockerListing.print(images, to: context.output) }
        let rows = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
        try listing.print(rows, to: context.output, json: \.listJSON)
    }
}
