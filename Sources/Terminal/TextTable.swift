/// A table as cli.md §1 has it: columns two blanks apart, padded to the widest cell, no trailing blanks, the header in
/// upper case, nothing at all for zero rows.
public struct TextTable: Sendable {
    private let columns: [String]
    private let header: Bool

    public init(_ columns: [String], header: Bool) {
        self.columns = columns
        self.header = header
    }

    /// The table as bytes; nil cells show as `-`.
    public func render(_ rows: [[String?]]) -> [UInt8] {
        guard !rows.isEmpty else { return [] }
        var widths = header ? columns.map { TextTable.width($0) } : columns.map { _ in 0 }
        let cells = rows.map { row in row.map { $0.map(Printable.text) ?? "-" } }
        for row in cells {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], TextTable.width(cell)) }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity((cells.count + 1) * (widths.reduce(0, +) + 2 * widths.count))
        if header { TextTable.append(columns.map { $0.uppercased() }, widths, to: &bytes) }
        for row in cells { TextTable.append(row, widths, to: &bytes) }
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
            pending += width - TextTable.width(cell) + 2
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// How many places a terminal shows the text in.
    private static func width(_ text: String) -> Int {
        let bytes = text.utf8
        return bytes.allSatisfy { $0 < 0x80 } ? bytes.count : text.reduce(0) { $0 + ($1.isWide ? 2 : 1) }
    }
}

extension Character {
    /// East Asian wide characters and emoji take two places (Unicode Standard Annex #11).
    fileprivate var isWide: Bool {
        guard let scalar = unicodeScalars.first?.value else { return false }
        switch scalar {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return true
        default: return false
        }
    }
}
