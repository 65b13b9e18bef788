import Failure
import ImageModel
import JSON
import Terminal

/// A listing of images: what `-j --format -H -o -s` and filters make of it (cli.md §1, §2).
struct Listing {
    let query: ImageQuery
    let format: OutputFormat
    private let header: Bool
    private let columns: [String]
    /// They were asked for, and not just what is usual.
    private let hasChosenColumns: Bool

    static let standardColumns = "uuid,name,version,os,type,pub"
    /// Of a date or a number the rest would be wrong.
    static let wholeColumns = ImageSpace.fields.union([
        "os", "type", "state", "pub", "published", "published_at", "published_date", "size", "clones", "zpool", "pool",
        "installed", "image_id",
    ])
    /// The first digits of a UUID name an image.
    static let identities: Set = ["uuid", "origin", "owner"]
    /// What a narrow terminal has no room for, unless it was asked for: by what people choose an image stays.
    static let dispensableColumns = [
        "os", "type", "created", "published", "pub", "image_id", "referenced", "unique", "version",
    ]
    static let standardSort = "published_at,name"

    /// - Throws: `Usage` for a bad filter, `Option` for a format that is none.
    init(
        _ options: OutputOptions, standardColumns: String = Listing.standardColumns, sort: [String] = [],
        standardSort: String = Listing.standardSort, filters: [String] = []
    ) throws(Failure) {
        format = try options.chosen()
        header = !options.noHeader
        let columns = options.columns.isEmpty ? standardColumns : options.columns.joined(separator: ",")
        query = try ImageQuery(
            columns: columns, sort: sort.isEmpty ? standardSort : sort.joined(separator: ","), filters: filters)
        self.columns = query.columns.map(\.text)
        hasChosenColumns = !options.columns.isEmpty
    }

    /// Prints rows as they were selected and sorted.
    ///
    /// - Parameters:
    ///   - room: of a table, where it is shown on a terminal.
    ///   - cells: what a row shows, if not just the text of its fields.
    func print<Image>(
        _ rows: [ImageRow<Image>], to output: Output, in room: TableRoom?,
        cells: ([ImageRow<Image>]) -> [[String?]] = Listing.texts,
        json: (Image) -> JSONObject
    ) throws {
        switch format {
        case .json, .yaml, .jsonl: try output.values(rows.map { .object(json($0.image)) }, as: format)
        case .csv: try output.csv((header ? [columns] : []) + Listing.texts(rows))
        case .table:
            var room = room
            if hasChosenColumns { room?.dispensable = [] }
            try output.bytes(TextTable(columns, header: header).render(cells(rows), in: room))
        }
    }

    static func texts<Image>(_ rows: [ImageRow<Image>]) -> [[String?]] {
        rows.map { row in row.cells.map { $0?.fieldText } }
    }

    /// `-o help`: the fields and what they mean.
    static func printFieldHelp(to output: Output, noHeader: Bool) throws {
        if let width = OutputTerminal.columns {
            return try output.text(fieldHelp(width: width, header: !noHeader))
        }
        try output.bytes(
            TextTable(["field", "meaning"], header: !noHeader).render(FieldHelp.fields.map { [$0.name, $0.meaning] }))
    }

    /// Meanings go on in lines below, where they have no room in one.
    static func fieldHelp(width: Int, header: Bool) -> String {
        let rows = (header ? [("FIELD", "MEANING")] : []) + FieldHelp.fields.map { ($0.name, $0.meaning) }
        let column = (rows.map(\.0.count).max() ?? 0) + 2
        return rows.map { name, meaning in
            TextLines.filled(
                meaning.split(separator: " ").map(String.init), width: width,
                first: name + String(repeating: " ", count: column - name.count),
                rest: String(repeating: " ", count: column)) + "\n"
        }.joined()
    }
}
