import ArgumentParser

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
        let examples = parts.count > 1 ? "EXAMPLES:\n\(parts[1])" : nil
        let blocks =
            [usage] + paragraphs(configuration.abstract + ".")
            + paragraphs(parts.first ?? "") + [options, examples].compactMap(\.self)
        return blocks.map(\.trimmed).filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    /// Each way to call it begins with the program's name, and goes on below its first argument.
    private var usage: String {
        var forms: [String] = []
        for line in (configuration.usage ?? "").split(separator: "\n") {
            let line = String(line.drop(while: \.isWhitespace))
            if line.hasPrefix("imgadm") || forms.isEmpty {
                forms.append(line)
            } else {
                forms[forms.count - 1] += " \(line)"
            }
        }
        let label = "USAGE: "
        let lines = forms.enumerated().map { number, form in
            let head = number == 0 ? label : String(repeating: " ", count: label.count)
            let terms = Self.terms(form).flatMap { term in
                // What has no room in a line is broken all the same, between its words.
                term.count > width - 11 ? term.split(separator: " ").map(String.init) : [term]
            }
            return TextLines.filled(terms, width: width, first: head, rest: String(repeating: " ", count: 11))
        }
        return lines.joined(separator: "\n")
    }

    /// What belongs together: an option in brackets, or a word.
    private static func terms(_ form: String) -> [String] {
        var terms: [String] = []
        var term = ""
        var depth = 0
        for character in form {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == " ", depth <= 0 {
                terms.append(term)
                term = ""
            } else {
                term.append(character)
            }
        }
        return (terms + [term]).filter { !$0.isEmpty }
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

/// Text in lines of a width.
enum TextLines {
    /// - Parameters:
    ///   - words: what is not broken; one that is wider than a line has a line of its own.
    ///   - first: what the first line begins with.
    ///   - rest: what the others begin with.
    static func filled(_ words: [String], width: Int, first: String = "", rest: String = "") -> String {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in words {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = rest
                isEmpty = true
            }
            line += isEmpty ? word : " \(word)"
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n")
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
