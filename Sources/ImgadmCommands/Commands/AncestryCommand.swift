import ArgumentParser
import ImageModel
import ImageStore
import ImageTool
import JSON

struct AncestryCommand: ImgadmCommand {
    static let valueLetters = "oP"
    static let configuration = CommandConfiguration(
        commandName: "ancestry", abstract: "List an installed image and its origins",
        usage: "imgadm ancestry [-j | --format FORMAT] [-H] [-o FIELD,…] [-P POOL] IMAGE")

    @OptionGroup var options: OutputOptions
    @OptionGroup var pool: PoolOption
    @Argument(
        help: ArgumentHelp("A UUID, the beginning of one, a name, or a docker reference.", valueName: "image"),
        completion: .images)
    var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        if options.wantsFieldHelp { return try Listing.printFieldHelp(to: context.output, noHeader: options.noHeader) }
        let pool = try context.pool(pool.name)
        let uuid = try await context.installed(arguments, in: pool)
        let listing = try Listing(options, standardColumns: "uuid,name,version,published", standardSort: "")
        let images = try await context.tool.ancestry(of: uuid, in: pool)
        try listing.query.checkFields(among: images) { JSONValue.object($0.manifest.json) }
        let rows = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
        // Programs read the names of the manifests.
        let isForPeople = listing.format == .table && options.columns.isEmpty && !options.noHeader
        let columns = listing.query.columns.map(\.text)
        try listing.print(
            rows, to: context.output, in: context.tableRoom,
            cells: { rows in
                rows.map { row in
                    zip(columns, row.cells).map { column, value in
                        isForPeople && column == "name"
                            ? DockerRows.name(of: row.image) ?? value?.fieldText : value?.fieldText
                    }
                }
            }, json: \.json)
    }
}
