import ArgumentParser
import ImageModel
import ImageStore
import ImageTool
import JSON

struct AncestryCommand: ImgadmCommand {
    static let valueLetters = "oP"
    static let configuration = CommandConfiguration(
        commandName: "ancestry", abstract: "List an installed image and its origins",
        usage: "imgadm ancestry [-j] [-H] [-o FIELD,…] [-P POOL] UUID")

    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON.") var json = false
    @Flag(name: .customShort("H"), help: "Print no header.") var noHeader = false
    @Option(
        name: .customShort("o"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The fields to print, parted by commas.", valueName: "field,…"))
    var columns: [String] = []
    @OptionGroup var pool: PoolOption
    @Argument(help: "The image's UUID.") var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let uuid = try Arguments.uuid(arguments)
        let listing = try Listing(
            columns: columns, standardColumns: "uuid,name,version,published", standardSort: "", isJSON: json,
            header: !noHeader)
        let images = try await context.tool.ancestry(of: uuid, in: try context.pool(pool.name))
        let rows = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
        try listing.print(rows, to: context.output, json: \.json)
    }
}
