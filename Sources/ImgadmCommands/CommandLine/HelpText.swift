import ArgumentParser
import Host
import Terminal

/// The texts of the help.
enum HelpText {
    static var overview: String { overview(width: width) }

    static func overview(width: Int) -> String {
        func filled(_ text: String, rest: String = "") -> String {
            TextLines.filled(text.split(separator: " ").map(String.init), width: width, rest: rest)
        }
        return """
            \(filled(CommandTree.configuration.abstract))

            \(filled("USAGE: imgadm [GLOBAL OPTIONS] COMMAND [ARGUMENTS]", rest: "           "))

            GLOBAL OPTIONS
            \(globalOptions(width))

            COMMANDS
            \(commands(width))

            \(filled("`imgadm help COMMAND` shows a command's options."))

            """
    }

    private static func globalOptions(_ width: Int) -> String {
        let list = OptionList.text(of: CommandTree.self, from: ["OPTIONS:\n"], width: width).dropFirst(
            "OPTIONS:\n".count)
        let end = list.firstRange(of: "\n\n")?.lowerBound ?? list.endIndex
        return String(list[..<end])
    }

    private static func commands(_ width: Int) -> String {
        let entries = CommandList.all
        let column = entries.map(\.name.count).max() ?? 0
        return entries.map { entry in
            let name = "  \(entry.name)\(String(repeating: " ", count: column - entry.name.count + 2))"
            return TextLines.filled(
                entry.summary.split(separator: " ").map(String.init), width: width, first: name,
                rest: String(repeating: " ", count: name.count))
        }.joined(separator: "\n")
    }

    /// A command's help.
    static func help(of type: (some ImgadmCommand).Type) -> String { CommandHelp(of: type, width: width).text }

    private static var width: Int { HelpWidth.columns(said: ProcessEnvironment.variables["COLUMNS"]) }
}
