/// The width of a terminal that a table is shown on: cells of its widest columns are cut, and what has no room even so is cut at the
/// terminal's edge, so that no line is broken.
public struct TableRoom: Sendable {
    let columns: Int
    let ellipsis: String
    /// Columns of which a part would be of no use.
    let whole: Set<String>

    /// A column is not made narrower than its header, nor than this.
    private static let least = 8

    /// - Parameters:
    ///   - columns: of the terminal.
    ///   - isASCII: it shows no other characters.
    ///   - whole: names of columns that are never cut.
    public init(columns: Int, isASCII: Bool, whole: Set<String>) {
        self.columns = columns
        ellipsis = isASCII ? "..." : "\u{2026}"
        self.whole = whole
    }

    /// The widths that columns have here.
    func fitted(_ widths: [Int], headers: [Int], _ names: [String]) -> [Int] {
        var widths = widths
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - columns
        let least = zip(headers, names).map { header, name in whole.contains(name) ? Int.max : max(header, Self.least) }
        while excess > 0 {
            let cuttable = zip(widths, least).enumerated().filter { $0.element.0 > $0.element.1 }
            guard let widest = cuttable.max(by: { $0.element.0 < $1.element.0 }) else { break }
            // No further than to what the next one has, which gives way then, too.
            let next = cuttable.filter { $0.offset != widest.offset }.map(\.element.0).max() ?? 0
            let (width, floor) = widest.element
            let now = max(floor, width - excess, min(next, width - 1))
            excess -= width - now
            widths[widest.offset] = now
        }
        return widths
    }

    /// A line that goes on behind the terminal's edge ends there.
    func cut(line: String) -> String { cut(line, to: columns) }

    func cut(_ cell: String, to width: Int) -> String {
        guard DisplayWidth.of(cell) > width else { return cell }
        return DisplayWidth.prefix(cell, max(0, width - DisplayWidth.of(ellipsis))) + ellipsis
    }
}
