/// A table as cli.md §1 has it: columns two blanks apart, padded to the widest cell, no trailing blanks, the header in
/// upper case, nothing at all for zero rows.
public struct TextTable: Sendable {
    private let columns: [String]
    private let header: Bool

    public init(_ columns: [String], header: Bool) {
        self.columns = columns
        self.header = header
    }

    /// The table as bytes; nil cells show as `-`, cells beyond the last column not at all.
    ///
    /// - Parameter room: where it is shown to people, what is too wide is cut to that; nil leaves all as it is.
    public func render(_ rows: [[String?]], in room: TableRoom? = nil) -> [UInt8] {
        guard !rows.isEmpty else { return [] }
        var widths = header ? columns.map { DisplayWidth.of($0) } : columns.map { _ in 0 }
        var cells = rows.map { row in row.map { $0.map(Printable.text) ?? "-" } }
        for row in cells {
            for (column, cell) in zip(widths.indices, row) {
                widths[column] = max(widths[column], DisplayWidth.of(cell))
            }
        }
        var columns = columns
        if let room {
            let fitted = room.fit(TableRoom.Fitted(columns: columns, cells: cells, widths: widths), header: header)
            (columns, cells, widths) = (fitted.columns, fitted.cells, fitted.widths)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity((cells.count + 1) * (widths.reduce(0, +) + 2 * widths.count))
        func add(_ row: [String]) {
            guard let room else { return TextTable.append(row, widths, to: &bytes) }
            var line: [UInt8] = []
            TextTable.append(row, widths, to: &line)
            bytes.append(contentsOf: room.cut(line: String(decoding: line.dropLast(), as: UTF8.self)).utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        if header { add(columns.map { $0.uppercased() }) }
        for row in cells { add(row) }
        return bytes
    }

    private static func append(_ row: [String], _ widths: [Int], to bytes: inout [UInt8]) {
        var pending = 0
        for (cell, width) in zip(row, widths) {
            if !cell.isEmpty {
                for _ in 0..<pending { bytes.append(UInt8(ascii: " ")) }
                pending = 0
                bytes.append(contentsOf: cell.utf8)
            }
            pending += width - DisplayWidth.of(cell) + 2
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}
