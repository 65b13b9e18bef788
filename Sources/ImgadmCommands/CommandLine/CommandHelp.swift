import ArgumentParser
import Terminal

/// The help of a command, laid out for a width: how it is called, what it does, its arguments and options, examples.
struct CommandHelp {
    private let configuration: CommandConfiguration
    private let options: String
    private let width: Int

    init(of type: (some ImgadmCommand).Type, width: Int) {
        configuration = type.configuration
        self.width = width
        options = OptionList.text(of: type, from: ["ARGUMENTS:\n", "OPTIONS:\n"], width: width)
    }

    var text: String {
        let parts = configuration.discussion.split(
            separator: "EXAMPLES\n", maxSplits: 1, omittingEmptySubsequences: false
        ).map(String.init)
        let examples = parts.count > 1 ? "EXAMPLES:\n\(self.examples(parts[1]))" : nil
        let blocks =
            [usage] + paragraphs(configuration.abstract + ".")
            + paragraphs(parts.first ?? "") + [options, examples].compactMap(\.self)
        return blocks.map(\.trimmed).filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private var usage: String {
        UsageText.filled(
            configuration.usage ?? "", of: "imgadm", width: width, first: "USAGE: ",
            rest: String(repeating: " ", count: 11))
    }

    /// They can be typed as they stand, over several lines, too.
    private func examples(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                line.contains { $0 != " " }
                    ? TextLines.typed(String(line.drop { $0 == " " }), width: width, first: "  ", rest: "    ") : ""
            }.joined(separator: "\n")
    }

    /// Paragraphs are filled; what is indented stays as it is.
    private func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n\n").map { paragraph in
            if paragraph.hasPrefix(" ") { return String(paragraph) }
            let words = paragraph.split(whereSeparator: \.isWhitespace).map(String.init)
            return TextLines.filled(words, width: width)
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text = text.dropLast() }
        // A first line that is indented stays so.
        while text.first?.isNewline == true { text = text.dropFirst() }
        return String(text)
    }
}
