import ArgumentParser
import Failure
import ImageModel
import ImageTool

struct DeleteCommand: ImgadmCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete installed images", usage: "imgadm delete [-v] [-P POOL] IMAGE…",
        discussion: "An image that something is a clone of stays.", aliases: ["destroy"])

    @OptionGroup var pool: PoolOption
    @Flag(name: [.customShort("v"), .customLong("verbose")], help: "Name everything that is a clone of an image.")
    var verbose = false
    @Argument(help: "The images: UUIDs, the beginnings of some, or names.", completion: .images) var arguments:
        [String] = []

    func run(_ context: CommandContext) async throws {
        guard !arguments.isEmpty else { throw Failure(.usage, "missing argument: UUID") }
        let pool = try context.pool(pool.name)
        let uuids = try await context.allInstalled(arguments, in: pool)
        try await context.reporting() { report in
            try await context.suggesting(for: uuids, in: pool) {
                try await context.tool.delete(uuids, in: pool, namesDependents: verbose || context.verbose, report)
            }
        }
    }
}
