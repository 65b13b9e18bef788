import ArgumentParser
import Failure
import ImageModel
import ImageTool

struct UpdateCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Bring the manifests of installed images up to date",
        usage: "imgadm update [-n] [-j | --format FORMAT] [--token-file FILE | --token TOKEN] [IMAGE…]",
        discussion: """
            The sources are asked for each image, or for those that are named; where their manifest differs from what is
            known here, it replaces that. An image without its snapshot @final gets it back.
            """)

    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Say what would be done, and change nothing.")
    var dryRun = false
    @OptionGroup var token: TokenOptions
    @OptionGroup var answer: AnswerOptions
    @Argument(
        help: ArgumentHelp("A UUID, the beginning of one, a name, or a docker reference.", valueName: "image"),
        completion: .images)
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }
    var isDryRun: Bool { dryRun }

    func run(_ context: CommandContext) async throws {
        if !dryRun { try await context.upgradeState() }
        // Of a UUID, that it is not installed is a usage error (cli.md §3, update); of a name, it is what it is everywhere.
        let uuids = try await context.allInstalled(arguments, in: nil)
        try await token.give(to: [], context)
        try await context.reporting(dryRun: dryRun) { report in
            try await context.tool.update(uuids, dryRun: dryRun, report)
        }
    }
}
