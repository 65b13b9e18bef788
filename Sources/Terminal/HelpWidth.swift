/// The width that help is laid out for.
public enum HelpWidth {
    /// Narrower, no option has room beside its meaning; wider, lines are hard to read.
    private static let bounds = 40...100

    /// That which `COLUMNS` says, as POSIX has it; else that of the terminal, or 80.
    ///
    /// - Parameter said: what `COLUMNS` is; nil if it is not set. What is no number says nothing.
    public static func columns(said: String?) -> Int {
        let said = said.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return min(max(said ?? OutputTerminal.width, bounds.lowerBound), bounds.upperBound)
    }
}
