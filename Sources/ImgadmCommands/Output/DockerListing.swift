import Failure
import ImageModel
import ImageStore
import JSON
import Terminal
import ZFS

/// `list --docker`: the images of type docker that have tags, a row a tag (cli.md §3, list). Besides the fields of all images,
/// `-o` takes the names of its own columns.
struct DockerListing {
    private let listing: Listing
    private let header: Bool
    private let columns: [String]
    private let isForPeople: Bool
    private let isStandard: Bool

    private static let standardColumns = "uuid,repository,tag,image_id,created"
    /// Its own columns, and the fields that they show.
    private static let fields = [
        "repository": "docker_repo", "tag": "docker_tags", "image_id": "docker_short_id", "created": "published",
    ]

    static var ownColumns: [String] { fields.keys.sorted() }

    init(_ options: OutputOptions, sort: [String], filters: [String]) throws(Failure) {
        header = !options.noHeader
        isStandard = options.columns.isEmpty
        isForPeople = options.columns.isEmpty && !options.noHeader
        let asked = options.columns.isEmpty ? Self.standardColumns : options.columns.joined(separator: ",")
        columns = FieldPath.list(asked).map(\.text)
        var options = options
        options.columns = columns.map { Self.fields[$0] ?? $0 }
        listing = try Listing(options, sort: sort, filters: filters + ["type=docker"])
    }

    var query: ImageQuery { listing.query }

    func print(_ images: [InstalledImage], to output: Output, in room: TableRoom?) throws {
        let heads = listing.query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras)
            .filter { !$0.image.dockerNames.isEmpty }
        guard listing.format == .table || listing.format == .csv else {
            return try listing.print(heads, to: output, in: room, json: \.listJSON)
        }
        // As other listings have it; programs read what they always did.
        let hasPool = isForPeople && listing.format == .table && Set(heads.map(\.image.pool)).count > 1
        let rows = heads.flatMap { row in
            row.image.dockerNames.map { name in
                zip(columns, row.cells).map { column, value -> String? in
                    switch column {
                    case "repository": name.repository
                    case "tag": name.tag
                    default: value?.fieldText
                    }
                } + (hasPool ? [row.image.pool.description] : [])
            }
        }
        if listing.format == .csv { return try output.csv((header ? [columns] : []) + rows) }
        var room = room
        if !isStandard { room?.dispensable = [] }
        try output.bytes(TextTable(columns + (hasPool ? ["pool"] : []), header: header).render(rows, in: room))
    }
}

extension InstalledImage {
    /// `{manifest, zpool, source, cloneNames, clones}` (cli.md §3, list), `installed` where that is known, and
    /// what it takes of the disk where that was asked for.
    var listJSON: JSONObject {
        var object = json
        // Some that read this take it for granted.
        if object["source"] == nil { object["source"] = .null }
        object["cloneNames"] = .array(cloneNames.map { .string($0.description) })
        object["clones"] = .number(JSONNumber(cloneNames.count))
        if let space {
            for (field, bytes) in [("used", space.used), ("unique", space.unique), ("referenced", space.referenced)] {
                object[field] = .number(JSONNumber(Int(clamping: bytes)))
            }
        }
        if let installed = extras.installed { object["installed"] = .string(installed) }
        return object
    }
}
