import ArgumentParser
import ImageStore
import ImageTool
import JSON
import ZFS

struct GetCommand: ImgadmCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show an installed image as JSON",
        usage: "imgadm get [-r] [--format FORMAT] [-P POOL] IMAGE", aliases: ["info"])

    @Flag(name: .customShort("r"), help: "Show its snapshots and clones too.") var recursive = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp("json (the default) or yaml.", valueName: "format"))
    var format: String?
    @OptionGroup var pool: PoolOption
    @Argument(
        help: ArgumentHelp("A UUID, the beginning of one, a name, or a docker reference.", valueName: "image"),
        completion: .images)
    var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let format = try OutputFormat(format, json: false, allowed: OutputFormat.ofValues)
        let pool = try context.pool(pool.name)
        let uuid = try await context.installed(arguments, in: pool)
        guard let image = try await context.tool.store.image(uuid, in: pool) else {
            throw ImageNotInstalled(uuid, pool)
        }
        var json = image.json
        if recursive {
            let children = try await context.tool.store.reading(image) {
                try await context.tool.store.children(of: image)
            }
            json["children"] = [
                "snapshots": .array(children.snapshots.map { .string($0.description) }),
                "clones": .array(children.clones.map { .string($0.description) }),
            ]
        }
        try context.output.value(.object(json), as: format)
    }
}
