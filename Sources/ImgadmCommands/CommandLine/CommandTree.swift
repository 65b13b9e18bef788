import ArgumentParser

/// All commands and the global options, as ArgumentParser knows them: what completes, what the overview of the help lists, and what the
/// lists of the manual are made of (`scripts/manual.py`).
struct CommandTree: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgadm", abstract: "Find, import, install, list, make and publish virtual machine images.",
        subcommands: CommandList.all.map(\.type))

    @Flag(
        name: [.customShort("v"), .customLong("verbose")],
        help: "Log everything (level trace), and tell an error with each of its causes.")
    var verbose = false
    @Flag(
        name: .customShort("E"),
        help: "Tell an error as a JSON record in the form of Bunyan, the last line of standard error.")
    var structuredErrors = false
    @Flag(name: .customLong("version"), help: "Show the version, and exit.") var version = false
}
