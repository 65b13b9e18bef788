/// Text in lines of a width.
public enum TextLines {
    /// - Parameters:
    ///   - words: what is not broken; one that is wider than a line has a line of its own.
    ///   - first: what the first line begins with.
    ///   - rest: what the others begin with.
    public static func filled(_ words: [String], width: Int, first: String = "", rest: String = "") -> String {
        lines(words, width: width, first: first, rest: rest).joined(separator: "\n")
    }

    /// A command for a shell: where it goes on in the next line, a line ends with what says so.
    ///
    /// - Parameter command: is broken at blanks that are in no quotes.
    public static func typed(_ command: String, width: Int, first: String, rest: String) -> String {
        guard first.count + command.count > width else { return first + command }
        return lines(words(of: command), width: width - 2, first: first, rest: rest).joined(separator: " \\\n")
    }

    private static func lines(_ words: [String], width: Int, first: String, rest: String) -> [String] {
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
        return lines + [line]
    }

    private static func words(of command: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in command {
            if character == "'" { isQuoted.toggle() }
            if character == " ", !isQuoted {
                words.append(word)
                word = ""
            } else {
                word.append(character)
            }
        }
        return (words + [word]).filter { !$0.isEmpty }
    }
}

/// How a program is called, in lines of a width.
public enum UsageText {
    /// Each way to call it begins with the program's name, and goes on below its first argument.
    ///
    /// - Parameters:
    ///   - usage: a line that does not begin with the name goes on with the way before it.
    ///   - program: the name.
    ///   - first: what the first line begins with; those of other ways, with as many blanks.
    ///   - rest: what the other lines of a way begin with.
    public static func filled(
        _ usage: String, of program: String, width: Int, first: String, rest: String
    ) -> String {
        var forms: [String] = []
        for line in usage.split(separator: "\n") {
            let line = String(line.drop(while: \.isWhitespace))
            if line.hasPrefix(program) || forms.isEmpty {
                forms.append(line)
            } else {
                forms[forms.count - 1] += " \(line)"
            }
        }
        let lines = forms.enumerated().map { number, form in
            let head = number == 0 ? first : String(repeating: " ", count: first.count)
            let terms = terms(form).flatMap { term in
                // What has no room in a line is broken all the same, between its words.
                term.count > width - rest.count ? term.split(separator: " ").map(String.init) : [term]
            }
            return TextLines.filled(terms, width: width, first: head, rest: rest)
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
}
