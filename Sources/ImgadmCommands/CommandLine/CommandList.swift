import ArgumentParser
import Failure
import ImageTool
import Transport

/// A command of the tool. Its arguments are read by ArgumentParser; positional ones are taken as they come, so that what
/// ArgumentParser refuses is always an option, and what a command refuses an argument (cli.md §1, exit status 2 for both).
protocol ImgadmCommand: ParsableCommand {
    /// The letters of the short options that take a value.
    static var valueLetters: String { get }

    func run(_ context: CommandContext) async throws
}

extension ImgadmCommand {
    static var valueLetters: String { "" }
}

/// What the list of commands knows of each.
struct CommandEntry: Sendable {
    let type: any ImgadmCommand.Type
    let name: String
    let aliases: [String]
    let summary: String
    /// The text of its help.
    let help: @Sendable () -> String
    let run: @Sendable ([String], CommandContext) async throws -> Void

    init<Command: ImgadmCommand>(_ type: Command.Type) {
        let name = Command.configuration.commandName ?? ""
        self.type = type
        self.name = name
        aliases = Command.configuration.aliases
        summary = Command.configuration.abstract
        help = { HelpText.help(of: type) }
        run = { words, context in
            let command: any ParsableCommand
            let words = ShortOptions(valueLetters: Command.valueLetters).expand(words)
            do {
                command = try Command.parseAsRoot(words)
            } catch {
                if Command.exitCode(for: error) == .success {
                    try context.output.text(HelpText.help(of: type))
                    return
                }
                try URLCredentials.refuse(in: words)
                throw Failure(
                    .option, CommandEntry.firstLine(Command.message(for: error)),
                    hint: words.lazy.compactMap { CommandEntry.instead($0, of: Command.self) }.first
                        ?? "imgadm help \(name) shows the options"
                )
            }
            guard let command = command as? Command else {
                try context.output.text(HelpText.help(of: type))
                return
            }
            guard let answering = command as? any AnsweringCommand, try answering.answersJSON() else {
                return try await CommandEntry.run(command, words, name, context)
            }
            var context = context
            context.answersJSON = true
            try await context.answering(isDryRun: answering.isDryRun) { [context] in
                try await CommandEntry.run(command, words, name, context)
            }
        }
    }

    private static func run(
        _ command: any ImgadmCommand, _ words: [String], _ name: String, _ context: CommandContext
    ) async throws {
        do {
            try URLCredentials.refuse(in: words)
            try await command.run(context)
        } catch let error as CallError {
            throw error.of(name)
        } catch let missing as ImageNotInstalled {
            throw await context.tool.explained(missing)
        }
    }

    /// What does here what an option would that there is not.
    private static func instead(_ word: String, of type: (some ImgadmCommand).Type) -> String? {
        let option = word.prefix { $0 != "=" }
        if option == "--pool", type.valueLetters.contains("P") { return "-P POOL chooses the zpool" }
        return missing[type.configuration.commandName ?? ""]?[option]
    }

    /// Options that others of our commands have, and this one not.
    private static let missing: [String: [Substring: String]] = {
        let delete =
            "delete has no dry run: imgadm get -r IMAGE shows what is a clone of an image, vacuum -n what nothing needs"
        let push =
            "push has no dry run: it sends nothing that the registry has, and IMAGE REFERENCE says what goes where"
        let show = "show asks the configured sources: imgadm import -n -S URL IMAGE tells what would come from another"
        let avail =
            "avail asks the configured sources: imgadm sources -a URL adds one, imgadm remote list URL shows the images of another"
        return [
            "avail": ["-S": avail], "delete": ["-n": delete, "--dry-run": delete],
            "push": ["-n": push, "--dry-run": push],
            "show": ["-S": show, "-j": "show prints JSON anyway", "--json": "show prints JSON anyway"],
            "get": ["-j": "get prints JSON anyway", "--json": "get prints JSON anyway"],
        ]
    }()

    /// ArgumentParser may name several readings of a mistake, a line each; the first is the plainest. What it takes for the option that
    /// was meant is told only where the two are near: it suggests `--json` for `--pool`.
    static func firstLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
        guard let match = line.firstMatch(of: /^(.*?'(-[^']*)'.*?)\.? Did you mean '(-[^']*)'\?$/) else { return line }
        let (typed, meant) = (String(match.2), String(match.3))
        return Suggestion.nearest(to: typed, among: [meant]) == nil ? String(match.1) : line
    }
}

/// The commands, in the order of the help.
enum CommandList {
    static let all: [CommandEntry] = [
        CommandEntry(HelpCommand.self),
        CommandEntry(SourcesCommand.self),
        CommandEntry(AvailCommand.self),
        CommandEntry(ShowCommand.self),
        CommandEntry(ImportCommand.self),
        CommandEntry(InstallCommand.self),
        CommandEntry(ListCommand.self),
        CommandEntry(GetCommand.self),
        CommandEntry(AncestryCommand.self),
        CommandEntry(DeleteCommand.self),
        CommandEntry(UpdateCommand.self),
        CommandEntry(VacuumCommand.self),
        CommandEntry(CreateCommand.self),
        CommandEntry(ConvertCommand.self),
        CommandEntry(ExportCommand.self),
        CommandEntry(PublishCommand.self),
        CommandEntry(RemoteCommand.self),
        CommandEntry(PushCommand.self),
        CommandEntry(InspectCommand.self),
        CommandEntry(ExtractCommand.self),
        CommandEntry(CheckCommand.self),
        CommandEntry(CompletionCommand.self),
    ]

    /// For the scripts of shells alone.
    private static let complete = CommandEntry(CompleteCommand.self)

    /// What tools of the same kind call it, and what does it here.
    private static let foreign = [
        "rm": "imgadm delete", "rmi": "imgadm delete", "remove": "imgadm delete", "uninstall": "imgadm delete",
        "pull": "imgadm import", "fetch": "imgadm import", "download": "imgadm import", "add": "imgadm import",
        "search": "imgadm avail 'name=~TEXT'", "find": "imgadm avail 'name=~TEXT'", "images": "imgadm list",
        "ls": "imgadm list", "ps": "imgadm list -o uuid,name,clones", "version": "imgadm --version",
        "history": "imgadm ancestry", "prune": "imgadm vacuum", "gc": "imgadm vacuum",
        "upload": "imgadm publish", "commit": "imgadm create", "build": "imgadm create",
        "fsck": "imgadm check", "verify": "imgadm check", "repair": "imgadm check --repair", "upgrade": "imgadm update",
    ]

    /// What to do about a command that there is not.
    static func hint(forUnknown name: String) -> String {
        foreign[name].map { "\($0) does that here" } ?? Suggestion.hint(for: name, among: names)
            ?? "imgadm help lists the commands"
    }

    /// All names of all commands.
    static var names: [String] { all.flatMap { [$0.name] + $0.aliases } }

    static func find(_ name: String) -> CommandEntry? {
        name == complete.name ? complete : all.first { $0.name == name || $0.aliases.contains(name) }
    }
}
