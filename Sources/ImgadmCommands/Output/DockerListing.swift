import Failure
import ImageModel
import ImageStore
import JSON
import Terminal
import ZFS

/// `list --docker`: the images of type docker that have tags, a row a tag (cli.md §3, list).
struct DockerListing {
    private let listing: Listing
    private let header: Bool

    init(_ options: OutputOptions, sort: [String], filters: [String]) throws(Failure) {
        header = !options.noHeader
        var options = options
        options.columns = ["uuid,docker_repo,docker_tags,docker_short_id,published"]
        listing = try Listing(options, sort: sort, filters: filters + ["type=docker"])
    }

    func print(_ images: [InstalledImage], to output: Output) throws {
        let heads = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
            .filter { !($0.cells[2]?.arrayValue ?? []).isEmpty }
        guard listing.format == .table || listing.format == .csv else {
            return try listing.print(heads, to: output, json: \.listJSON)
        }
        let rows = heads.flatMap { row in
            (row.cells[2]?.arrayValue ?? []).map { tag in
                [row.cells[0], row.cells[1], tag, row.cells[3], row.cells[4]].map { $0?.fieldText }
            }
        }
        let columns = ["uuid", "repository", "tag", "image_id", "created"]
        if listing.format == .csv { return try output.csv((header ? [columns] : []) + rows) }
        try output.bytes(TextTable(columns, header: header).render(rows))
    }
}

extension InstalledImage {
    /// `{manifest, zpool, source, cloneNames, clones}` (cli.md §3, list).
    var listJSON: JSONObject {
        var object = json
        object["cloneNames"] = .array(cloneNames.map { .string($0.description) })
        object["clones"] = .number(JSONNumber(cloneNames.count))
        return object
    }
}
