import ArgumentParser
import Failure
import ImageTool

struct DeleteCommand: AnsweringCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete installed images",
        usage: "imgadm delete [-f] [-v] [-P POOL] [-j | --format FORMAT] IMAGE…",
        discussion: """
            Where a name names nothing, nothing is deleted; a whole UUID that is not installed keeps no other.

            An image that something is a clone of, or that is in use, stays. So does, without -f, a dataset that has a UUID's name,
            but no record, and either no snapshot @final or data that was written since: it may be somebody's. So does, without -f, an
            image that has a snapshot beside @final, if that is held or has other data than the image.

            A docker image that is named by its reference goes with those of its layers that nothing else needs; if it has
            other tags, just this one is taken away.

            EXAMPLES
              imgadm delete base-64-lts@24.4.1
              imgadm delete debian:12
            """, aliases: ["destroy"])

    @OptionGroup var answer: AnswerOptions
    @OptionGroup var pool: PoolOption
    @Flag(
        name: [.customShort("f"), .customLong("force")],
        help: "Delete also what may be no image, and the snapshots that somebody has put to an image.") var force =
        false
    @Flag(name: [.customShort("v"), .customLong("verbose")], help: "Name everything that is a clone of an image.")
    var verbose = false
    @Argument(
        help: ArgumentHelp("A UUID, the beginning of one, a name, or a docker reference.", valueName: "image"),
        completion: .images)
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }

    func run(_ context: CommandContext) async throws {
        guard !arguments.isEmpty else { throw CallError("missing argument: IMAGE") }
        let pool = try context.pool(pool.name)
        try await context.upgradeState()
        // What is mistyped may mean that the rest is not meant either. Each image is tried (cli.md §3, delete), and a UUID that is not
        // installed keeps no other.
        var names: [InstalledName] = []
        var unknown: [any CodedError] = []
        for argument in arguments {
            do {
                names.append(try await context.tool.toDelete(argument, in: pool))
            } catch let error as any CodedError {
                unknown.append(error)
            }
        }
        if let failure = Failure.combining(unknown) {
            if unknown.count < arguments.count { context.note("nothing is deleted, as not all names are right") }
            throw failure
        }
        try await context.reporting { [names] report in
            try await context.tool.delete(
                names, in: pool, force: force, namesDependents: verbose || context.verbose, report)
        }
    }
}
