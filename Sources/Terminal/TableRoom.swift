/// The width of a terminal that a table is shown on. What is too wide gives way in an order of its own: UUIDs, of which eight digits name
/// an image, then the columns that matter least, and last of all names. What has no room even so is cut at the terminal's edge, so that
/// no line is broken.
public struct TableRoom: Sendable {
    let columns: Int
    let ellipsis: String
    /// Columns of which a part would be of no use.
    let whole: Set<String>
    /// Columns of UUIDs.
    let identities: Set<String>
    /// Columns that are left out where there is no room for them, the least important first.
    public var dispensable: [String]

    /// Other columns are not made narrower than their headers, nor than this.
    private static let least = 8
    /// They have this much before others give way for them, and this much before columns are left out.
    private static let (ample, enough) = (40, 20)
    /// Digits of a UUID that name an image.
    private static let digits = 8
    private static let uuidLength = 36

    /// - Parameters:
    ///   - columns: of the terminal.
    ///   - isASCII: it shows no other characters.
    ///   - whole: names of columns that are never cut.
    ///   - identities: names of columns of UUIDs, of which the first digits do.
    ///   - dispensable: names of columns that may be left out, the first of them first.
    public init(
        columns: Int, isASCII: Bool, whole: Set<String>, identities: Set<String> = [], dispensable: [String] = []
    ) {
        self.columns = columns
        ellipsis = isASCII ? "..." : "\u{2026}"
        self.whole = whole
        self.identities = identities
        self.dispensable = dispensable
    }

    /// A table as it is shown here.
    struct Fitted {
        var columns: [String]
        var cells: [[String]]
        var widths: [Int]

        var width: Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }

        mutating func leaveOut(_ column: Int) {
            columns.remove(at: column)
            widths.remove(at: column)
            for row in cells.indices where cells[row].indices.contains(column) { cells[row].remove(at: column) }
        }
    }

    /// Has a table give way until it fits, as far as it can.
    func fit(_ table: Fitted, header: Bool) -> Fitted {
        var table = table
        var fitted = shrunk(table, to: Self.ample, header)
        if fitted.width > columns {
            shorten(&table, header)
            fitted = shrunk(table, to: Self.enough, header)
        }
        // What one leaves is room for the others.
        for name in dispensable where fitted.width > columns {
            guard let place = table.columns.firstIndex(of: name) else { continue }
            table.leaveOut(place)
            fitted = shrunk(table, to: Self.enough, header)
        }
        fitted = shrunk(fitted, to: Self.least, header)
        fitted.cells = fitted.cells.map { row in zip(row, fitted.widths).map { cut($0, to: $1) } }
        return fitted
    }

    /// The table with its widest columns made narrower, one after the other, as far as it takes.
    ///
    /// - Parameter least: and no narrower than this.
    private func shrunk(_ table: Fitted, to least: Int, _ header: Bool) -> Fitted {
        var table = table
        var excess = table.width - columns
        let floors = table.columns.map { name in
            whole.contains(name) || identities.contains(name) ? Int.max : max(header ? DisplayWidth.of(name) : 0, least)
        }
        while excess > 0 {
            let cuttable = zip(table.widths, floors).enumerated().filter { $0.element.0 > $0.element.1 }
            guard let widest = cuttable.max(by: { $0.element.0 < $1.element.0 }) else { break }
            // No further than to what the next one has, which gives way then, too.
            let next = cuttable.filter { $0.offset != widest.offset }.map(\.element.0).max() ?? 0
            let (width, floor) = widest.element
            let now = max(floor, width - excess, min(next, width - 1))
            excess -= width - now
            table.widths[widest.offset] = now
        }
        return table
    }

    /// Leaves of UUIDs the first digits, as many as tell those of the table apart.
    private func shorten(_ table: inout Fitted, _ header: Bool) {
        for place in table.columns.indices where identities.contains(table.columns[place]) {
            let uuids = Set(table.cells.compactMap { $0.indices.contains(place) ? Self.uuid(in: $0[place]) : nil })
            let lengths = Self.digits..<Self.uuidLength - DisplayWidth.of(ellipsis)
            guard
                let digits = lengths.first(where: { count in Set(uuids.map { $0.prefix(count) }).count == uuids.count })
            else { continue }
            var width = header ? DisplayWidth.of(table.columns[place]) : 0
            for row in table.cells.indices where table.cells[row].indices.contains(place) {
                let cell = table.cells[row][place]
                if Self.uuid(in: cell) != nil {
                    table.cells[row][place] = cell.dropLast(Self.uuidLength - digits) + ellipsis
                }
                width = max(width, DisplayWidth.of(table.cells[row][place]))
            }
            table.widths[place] = width
        }
    }

    /// What a cell ends with; before it may stand the lines of a tree.
    private static func uuid(in cell: String) -> Substring? {
        let uuid = cell.suffix(uuidLength)
        let isOne = uuid.utf8.enumerated().allSatisfy { place, byte in
            [8, 13, 18, 23].contains(place) ? byte == UInt8(ascii: "-") : "0123456789abcdef".utf8.contains(byte)
        }
        return isOne && uuid.utf8.count == uuidLength ? uuid : nil
    }

    /// A line that goes on behind the terminal's edge ends there.
    func cut(line: String) -> String { cut(line, to: columns) }

    func cut(_ cell: String, to width: Int) -> String {
        guard DisplayWidth.of(cell) > width else { return cell }
        return DisplayWidth.prefix(cell, max(0, width - DisplayWidth.of(ellipsis))) + ellipsis
    }
}
