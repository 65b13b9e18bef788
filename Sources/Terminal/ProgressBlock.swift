/// Lines that are drawn over and over at the same place, below what is printed above them.
public struct ProgressBlock: Sendable {
    private var drawn: [String] = []

    public init() {}

    /// What takes the lines away that were drawn last.
    ///
    /// - Parameter width: of the terminal now. One that has become narrower since has wrapped them.
    public mutating func erasing(width: Int) -> String {
        guard !drawn.isEmpty else { return "" }
        let rows = drawn.reduce(0) { $0 + max(1, (DisplayWidth.of($1) + max(1, width) - 1) / max(1, width)) }
        drawn = []
        return "\r" + (rows > 1 ? "\u{1b}[\(rows - 1)A" : "") + "\u{1b}[J"
    }

    /// What draws these lines in place of the last ones.
    public mutating func drawing(_ lines: [String], width: Int) -> String {
        let text = erasing(width: width) + lines.joined(separator: "\n")
        drawn = lines
        return text
    }
}
