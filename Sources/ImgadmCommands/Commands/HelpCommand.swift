import ArgumentParser
import Failure

struct HelpCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "help", abstract: "Show this help, or that of a command", usage: "imgadm help [COMMAND]")

    @Argument(
        help: ArgumentHelp("The command to explain.", valueName: "command"), completion: .list(CommandList.names))
    var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let name = try Arguments.atMostOne(arguments, "command")
        guard let name else { return try context.output.text(HelpText.overview) }
        guard let entry = CommandList.find(name) else {
            throw Failure(
                .unknownCommand, "unknown command: \"\(name)\"", hint: CommandList.hint(forUnknown: name))
        }
        try context.output.text(entry.help())
    }
}
