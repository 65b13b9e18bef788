import ArgumentParser
import ImageTool

struct DeleteCommand: ImgadmCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete an installed image", usage: "imgadm delete [-P POOL] UUID",
        discussion: "An image that something is a clone of stays.", aliases: ["destroy"])

    @OptionGroup var pool: PoolOption
    @Argument(help: "The image's UUID.") var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let uuid = try Arguments.uuid(arguments)
        let pool = try context.pool(pool.name)
        try await context.reporting(quiet: true) { report in
            try await context.tool.delete(uuid, in: pool, report)
        }
    }
}
