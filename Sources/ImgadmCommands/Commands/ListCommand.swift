import ArgumentParser
import Failure
import ImageModel
import ImageStore
import ImageTool
import JSON

struct ListCommand: ImgadmCommand {
    static let valueLetters = "os"
    static let instead = ["-P": "list has the images of all pools; those of one: imgadm list zpool=POOL"]
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List installed images",
        usage: "imgadm list [-l] [--tree] [-j | --format FORMAT] [-H] [-o FIELD,…] [-s FIELD,…] [--docker] [FILTER…]",
        discussion: """
            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT.

            EXAMPLES
              imgadm list
              imgadm list -l -s -unique
              imgadm list --tree -o name,version,clones
              imgadm list -Ho uuid origin=7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
            """)

    @OptionGroup var options: OutputOptions
    @OptionGroup var sort: SortOption
    @Flag(name: .customShort("l"), help: "Show what each image takes of the disk, and its clones.") var long = false
    @Flag(name: .customLong("tree"), help: "Draw images below those that they build on.") var tree = false
    @Flag(
        name: .customLong("docker"),
        help: "List docker images, a row a tag; there -o takes repository, tag, image_id and created, too.")
    var docker = false
    @Argument(help: ArgumentHelp("What an image must be to be listed.", valueName: "filter"), completion: .filters)
    var arguments: [String] =
        []

    private static let longColumns = "uuid,name,version,type,used,unique,referenced,clones"
    private static let bytes = ImageSpace.fields.union(["size"])

    func run(_ context: CommandContext) async throws {
        if options.wantsFieldHelp { return try Listing.printFieldHelp(to: context.output, noHeader: options.noHeader) }
        guard !docker || !(long || tree) else { throw Failure(.usage, "--docker goes with neither -l nor --tree") }
        guard !long || options.columns.isEmpty else { throw Failure(.usage, "-l and -o exclude each other") }
        let listing = try Listing(
            options, standardColumns: long ? Self.longColumns : Listing.standardColumns, sort: sort.keys,
            filters: arguments)
        guard !tree || listing.format == .table else { throw Failure(.usage, "--tree draws a table only") }
        let dockerListing = try docker ? DockerListing(options, sort: sort.keys, filters: arguments) : nil
        var images = try await context.tool.store.images()
        let query = dockerListing?.query ?? listing.query
        try query.checkFields(among: images, besides: docker ? DockerListing.ownColumns : []) {
            JSONValue.object($0.manifest.json)
        }
        if query.asks(for: ImageSpace.fields) { images = try await context.tool.store.measured(images) }
        if let dockerListing { return try dockerListing.print(images, to: context.output, in: context.tableRoom) }
        let rows = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
        let drawn =
            tree ? OriginTree.order(rows, isASCII: OriginTree.isASCII(context.environment)) : rows.map { ($0, "") }
        let columns = listing.query.columns.map(\.text)
        try listing.print(
            drawn.map(\.0), to: context.output, in: context.tableRoom, cells: { _ in cells(of: drawn, columns) },
            json: \.listJSON)
        guard listing.format == .table else { return }
        context.remark(Self.remarks(on: rows.map(\.image)))
    }

    /// One line, however many there are: a host may have hundreds of machines that are no clones of an image.
    private static func remarks(on images: [InstalledImage]) -> [String] {
        let doubtful = images.filter { $0.doubt != nil }
        guard let first = doubtful.first, let doubt = first.doubt else { return [] }
        guard doubtful.count > 1 else { return ["\(first.pool)/\(first.uuid) may be no image: \(doubt.rawValue)"] }
        return ["\(doubtful.count) datasets may be no images (\"?\"): imgadm check says why"]
    }

    private func cells(
        of rows: [(row: ImageRow<InstalledImage>, lead: String)], _ columns: [String]
    ) -> [[String?]] {
        rows.map { row, lead in
            var cells: [String?] = zip(columns, row.cells).map { column, value -> String? in
                // For people; who wants to count takes -o.
                if long, Self.bytes.contains(column), let bytes = value?.intValue {
                    return ByteCount.text(Int64(bytes))
                }
                // It is there, but may be no image.
                if column == "name", value == nil, row.image.doubt != nil { return "?" }
                return value?.fieldText
            }
            if !lead.isEmpty, !cells.isEmpty { cells[0] = lead + (cells[0] ?? "-") }
            return cells
        }
    }
}
