import ArgumentParser

/// `imgapi-server completion`
struct ServerCompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the completion script of a shell.",
        usage: ServerProgram.usage("imgapi-server completion bash|zsh|fish"))

    @Argument(
        help: ArgumentHelp("bash, zsh or fish.", valueName: "shell"), completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError("there is no completion for the shell \"\(shell)\": bash, zsh or fish")
        }
        print(ServerCommandTree.completionScript(for: shell))
    }
}

/// The commands for shells: without one, the options are those of `serve`.
private struct ServerCommandTree: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgapi-server", abstract: ServerProgram.configuration.abstract,
        subcommands: ServerProgram.configuration.subcommands)

    @OptionGroup var serving: ServeCommand.Options
}
