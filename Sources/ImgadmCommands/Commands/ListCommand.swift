import ArgumentParser
import Failure
import ImageModel
import ImageStore
import ImageTool
import JSON
import ZFS

struct ListCommand: ImgadmCommand {
    static let valueLetters = "osP"
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List installed images",
        usage: """
            imgadm list [-a] [-l] [--tree] [-P POOL] [-j | --format FORMAT] [-H] [-o FIELD,…] [-s FIELD,…] [--docker]
                [FILTER…]
            """,
        discussion: """
            A docker image is one row, under its reference; -a shows each of its layers, which are images, too. So does whatever
            is meant for programs: -o, -H, and formats other than the table; and so does --tree. With -l, the row has the sum of its layers:
            what others are built on as well counts as used, and not as unique. Where images of other
            pools are shown than the one that commands mean without -P, there is a column for the pool.

            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT.

            EXAMPLES
              imgadm list
              imgadm list reference=debian:12
              imgadm list origin=base-64-lts@24.4.1
              imgadm list -l -s -unique
              imgadm list --tree -o name,version,clones
              imgadm list -Ho uuid origin=7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
            """)

    @OptionGroup var options: OutputOptions
    @OptionGroup var sort: SortOption
    @Flag(name: [.customShort("a"), .customLong("all")], help: "Show the layers of docker images, too.")
    var all = false
    @Option(
        name: .customShort("P"), parsing: .unconditional,
        help: ArgumentHelp("Only images of this zpool; of all if not given.", valueName: "pool"), completion: .pools)
    var pool: String?
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
        let named = try pool.map { try PoolName(checking: $0) }
        if options.wantsFieldHelp { return try Listing.printFieldHelp(to: context.output, noHeader: options.noHeader) }
        guard !docker || !(long || tree) else { throw Failure(.usage, "--docker goes with neither -l nor --tree") }
        guard !long || options.columns.isEmpty else { throw Failure(.usage, "-l and -o exclude each other") }
        let filters = try await FilterArguments.settled(arguments, in: named, context)
        let listing = try Listing(
            options, standardColumns: long ? Self.longColumns : Listing.standardColumns, sort: sort.keys,
            filters: filters)
        guard !tree || listing.format == .table else { throw Failure(.usage, "--tree draws a table only") }
        let dockerListing = try docker ? DockerListing(options, sort: sort.keys, filters: filters) : nil
        var images = try await installed(in: named, context)
        let query = dockerListing?.query ?? listing.query
        try query.checkFields(among: images, besides: docker ? DockerListing.ownColumns : []) {
            JSONValue.object($0.manifest.json)
        }
        if query.asks(for: ImageSpace.fields) { images = try await context.tool.store.measured(images) }
        if query.asks(for: ["installed"]) || ![.table, .csv].contains(listing.format) {
            images = try await context.tool.store.dated(images)
        }
        if let dockerListing { return try dockerListing.print(images, to: context.output, in: context.tableRoom) }
        let rows = try print(images, listing, filters, context)
        guard listing.format == .table else { return }
        context.remark(Self.remarks(on: rows.map(\.image)))
    }

    /// All images, or those of the pool that is named.
    ///
    /// - Throws: `PoolNotFound`.
    private func installed(in pool: PoolName?, _ context: CommandContext) async throws -> [InstalledImage] {
        guard let pool else { return try await context.tool.store.images() }
        return try await context.tool.store.images(in: pool)
    }

    /// - Returns: what was printed.
    private func print(
        _ images: [InstalledImage], _ standard: Listing, _ filters: [String], _ context: CommandContext
    ) throws -> [ImageRow<InstalledImage>] {
        // What programs read is what it always was, every image with the fields of its manifest.
        let isForPeople = standard.format == .table && options.columns.isEmpty && !options.noHeader
        let isFolded = isForPeople && !(all || tree)
        let images = isFolded ? DockerRows.summed(images) : images
        // What no other image is built on, though docker has no name for it any more.
        let heads = isFolded ? Set(DockerRows.heads(among: images).map(\.id)) : []
        func select(_ listing: Listing) -> [ImageRow<InstalledImage>] {
            let rows = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
            return isFolded ? DockerRows.heads(of: rows, among: images) : rows
        }
        var listing = standard
        var rows = select(listing)
        // What commands mean without -P needs no word. Where that is no pool's name, nothing is meant.
        let meant = try? context.pool(nil)
        if isForPeople, pool == nil, rows.contains(where: { $0.image.pool != meant }) {
            listing = try Listing(
                options, standardColumns: (long ? Self.longColumns : Listing.standardColumns) + ",pool",
                sort: sort.keys, filters: filters)
            rows = select(listing)
        }
        let drawn =
            tree ? OriginTree.order(rows, isASCII: OriginTree.isASCII(context.environment)) : rows.map { ($0, "") }
        let columns = listing.query.columns.map(\.text)
        try listing.print(
            drawn.map(\.0), to: context.output, in: context.tableRoom,
            cells: { _ in cells(of: drawn, columns, isForPeople: isForPeople, heads: heads) }, json: \.listJSON)
        return rows
    }

    /// One line, however many there are: a host may have hundreds of machines that are no clones of an image.
    private static func remarks(on images: [InstalledImage]) -> [String] {
        let doubtful = images.filter { $0.doubt != nil }
        guard let first = doubtful.first, let doubt = first.doubt else { return [] }
        guard doubtful.count > 1 else { return ["\(first.pool)/\(first.uuid) may be no image: \(doubt.rawValue)"] }
        return ["\(doubtful.count) datasets may be no images (\"?\"): imgadm check says why"]
    }

    private func cells(
        of rows: [(row: ImageRow<InstalledImage>, lead: String)], _ columns: [String], isForPeople: Bool,
        heads: Set<InstalledImage.ID>
    ) -> [[String?]] {
        rows.map { row, lead in
            var cells: [String?] = zip(columns, row.cells).map { column, value -> String? in
                // For people; who wants to count takes -o.
                if long, Self.bytes.contains(column), let bytes = value?.intValue {
                    return ByteCount.text(Int64(bytes))
                }
                if isForPeople, column == "name",
                    let name = DockerRows.name(of: row.image, isHead: heads.contains(row.image.id))
                {
                    return name
                }
                // It is there, but may be no image.
                if isForPeople, column == "name", value == nil, row.image.doubt != nil { return "?" }
                return value?.fieldText
            }
            if !lead.isEmpty, !cells.isEmpty { cells[0] = lead + (cells[0] ?? "-") }
            return cells
        }
    }
}
