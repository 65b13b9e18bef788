import Failure
import ImageModel
import JSON
import Terminal

/// A listing of images as a table or JSON: what `-j -H -o -s` and filters make of it (cli.md §1, §2).
struct Listing {
    let query: ImageQuery
    let isJSON: Bool
    private let header: Bool
    private let columns: [String]

    static let standardColumns = "uuid,name,version,os,type,pub"
    static let standardSort = "published_at,name"

    /// - Throws: `Usage` for a bad filter.
    init(_ options: TableOptions, filters: [String]) throws(Failure) {
        try self.init(
            columns: options.columns, sort: options.sort, filters: filters, isJSON: options.json,
            header: !options.noHeader)
    }

    init(
        columns: [String], standardColumns: String = Listing.standardColumns, sort: [String] = [],
        standardSort: String = Listing.standardSort, filters: [String] = [], isJSON: Bool, header: Bool
    ) throws(Failure) {
        self.isJSON = isJSON
        self.header = header
        let columns = columns.isEmpty ? standardColumns : columns.joined(separator: ",")
        query = try ImageQuery(
            columns: columns, sort: sort.isEmpty ? standardSort : sort.joined(separator: ","), filters: filters)
        self.columns = query.columns.map(\.text)
    }

    /// Prints rows as they were selected and sorted.
    func print<Image>(_ rows: [ImageRow<Image>], to output: Output, json: (Image) -> JSONObject) throws {
        if isJSON { return try output.json(.array(rows.map { .object(json($0.image)) })) }
        try output.bytes(TextTable(columns, header: header).render(rows.map { row in row.cells.map { $0?.fieldText } }))
    }
}
