import ArgumentParser
import ImageStore
import ImageTool
import JSON
import ZFS

struct GetCommand: ImgadmCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show an installed image as JSON",
        usage: "imgadm get [-r] [-P POOL] UUID", aliases: ["info"])

    @Flag(name: .customShort("r"), help: "Show its snapshots and clones too.") var recursive = false
    @OptionGroup var pool: PoolOption
    @Argument(help: "The image's UUID.") var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let uuid = try Arguments.uuid(arguments)
        let pool = try context.pool(pool.name)
        guard let image = try await context.tool.store.image(uuid, in: pool) else {
            throw ImageTool.notInstalled(uuid, pool)
        }
        var json = image.json
        if recursive {
            let children = try await context.tool.store.children(of: image)
            json["children"] = [
                "snapshots": .array(children.snapshots.map { .string($0.name) }),
                "clones": .array(children.clones.map { .string($0.description) }),
            ]
        }
        try context.output.json(.object(json))
    }
}
