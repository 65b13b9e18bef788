import ArgumentParser
import Terminal

/// The texts of the help.
enum HelpText {
    static let overview = """
        Find, import, install, list, make and publish virtual machine images.

        USAGE: imgadm [GLOBAL OPTIONS] COMMAND [ARGUMENTS]

        GLOBAL OPTIONS
          -h, --help      Show this help.
          --version       Show the version.
          -v, --verbose   Log everything (trace level), and tell errors with all their causes.
          -E              Tell an error as one JSON record, the last line of stderr.

        COMMANDS
        \(commands)

        `imgadm help COMMAND` shows a command's options.

        """

    private static var commands: String {
        let entries = CommandList.all
        let width = entries.map(\.name.count).max() ?? 0
        return entries.map { entry in
            "  \(entry.name)\(String(repeating: " ", count: width - entry.name.count + 2))\(entry.summary)"
        }.joined(separator: "\n")
    }

    /// A command's help, for the terminal that it is shown on; 80 columns where it is shown on none.
    static func help(of type: (some ImgadmCommand).Type) -> String {
        CommandHelp(of: type, width: min(max(OutputTerminal.width, 40), 100)).text
    }
}
