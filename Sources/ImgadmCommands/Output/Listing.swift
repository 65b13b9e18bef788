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

    static let standardColumns = "uuid,name,version,os,type,pub"
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
    }

    /// Prints rows as they were selected and sorted.
    ///
    /// - Parameter cells: what a row shows, if not just the text of its fields.
    func print<Image>(
        _ rows: [ImageRow<Image>], to output: Output, cells: ([ImageRow<Image>]) -> [[String?]] = Listing.texts,
        json: (Image) -> JSONObject
    ) throws {
        switch format {
        case .json, .yaml, .jsonl: try output.values(rows.map { .object(json($0.image)) }, as: format)
        case .csv: try output.csv((header ? [columns] : []) + Listing.texts(rows))
        case .table: try output.bytes(TextTable(columns, header: header).render(cells(rows)))
        }
    }

    static func texts<Image>(_ rows: [ImageRow<Image>]) -> [[String?]] {
        rows.map { row in row.cells.map { $0?.fieldText } }
    }

    /// What is to be said of columns that no image has: most likely a slip.
    func remarks<Image>(on rows: [ImageRow<Image>]) -> [String] {
        guard !rows.isEmpty else { return [] }
        let known = FieldHelp.fields.map(\.name)
        return columns.enumerated().compactMap { place, name in
            guard !known.contains(name), rows.allSatisfy({ $0.cells[place] == nil }),
                let near = Suggestion.nearest(to: name, among: known)
            else { return nil }
            return "no image has a field \"\(name)\": did you mean \"\(near)\"?"
        }
    }

    /// `-o help`: the fields and what they mean.
    static func printFieldHelp(to output: Output, noHeader: Bool) throws {
        try output.bytes(
            TextTable(["field", "meaning"], header: !noHeader).render(FieldHelp.fields.map { [$0.name, $0.meaning] }))
    }
}
