import ArgumentParser
import Terminal

/// The texts of the help.
enum HelpText {
    static var overview: String {
        """
        \(CommandTree.configuration.abstract)

        USAGE: imgadm [GLOBAL OPTIONS] COMMAND [ARGUMENTS]

        GLOBAL OPTIONS
        \(globalOptions)

        COMMANDS
        \(commands)

        `imgadm help COMMAND` shows a command's options.

        """
    }

    /// As ArgumentParser lays them out.
    private static var globalOptions: String {
        let message = CommandTree.helpMessage(columns: width)
        let start = message.firstRange(of: "OPTIONS:\n")?.upperBound ?? message.endIndex
        let end = message[start...].firstRange(of: "\n\n")?.lowerBound ?? message.endIndex
        return String(message[start..<end])
    }

    private static var commands: String {
        let entries = CommandList.all
        let width = entries.map(\.name.count).max() ?? 0
        return entries.map { entry in
            "  \(entry.name)\(String(repeating: " ", count: width - entry.name.count + 2))\(entry.summary)"
        }.joined(separator: "\n")
    }

    /// A command's help.
    static func help(of type: (some ImgadmCommand).Type) -> String { CommandHelp(of: type, width: width).text }

    /// That of the terminal that it is shown on; 80 columns where it is shown on none.
    private static var width: Int { min(max(OutputTerminal.width, 40), 100) }
}
