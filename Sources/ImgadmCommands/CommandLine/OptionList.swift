import ArgumentParser
import Terminal

/// The lists of arguments and options in a help: as ArgumentParser lays them out in two columns or, where there is no room for a
/// second one, each with its meaning below it.
enum OptionList {
    /// Below this width, words of the second column would stand alone in their lines.
    private static let leastOfTwoColumns = 60
    /// Where ArgumentParser's second column begins.
    private static let column = 26

    /// - Parameter starts: how the lists begin.
    /// - Returns: all from the first that there is.
    static func text(of type: (some ParsableCommand).Type, from starts: [String], width: Int) -> String {
        let isWide = width >= leastOfTwoColumns
        // Without an end to its lines, each text is in one.
        let message = type.helpMessage(columns: isWide ? width : 100_000)
        guard let start = starts.compactMap({ message.firstRange(of: $0)?.lowerBound }).min() else { return "" }
        let list = String(message[start...])
        guard !isWide else { return list }
        return list.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let first = line.prefix(column)
            let isEntry = first.hasPrefix("  ") && first.contains { $0 != " " }
            guard line.hasPrefix("  ") else { return String(line) }
            let (label, meaning) =
                isEntry && (line.count <= column || first.last != " ") ? (line, "") : (first, line.dropFirst(column))
            let names = isEntry ? filled(label, width, indent: 2) : nil
            let text = meaning.isEmpty ? nil : filled(meaning, width, indent: 6)
            return [names, text].compactMap(\.self).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func filled(_ text: Substring, _ width: Int, indent: Int) -> String {
        let blanks = String(repeating: " ", count: indent)
        return TextLines.filled(text.split(separator: " ").map(String.init), width: width, first: blanks, rest: blanks)
    }
}
