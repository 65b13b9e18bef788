import ArgumentParser
import Failure
import ImageModel
import ImageTool
import JSON

struct ShowCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image of the image sources as JSON", usage: "imgadm show UUID",
        discussion: "The first source that has the image counts; the image need not be active.")

    @Argument(help: "The image's UUID.") var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let uuid = try ImageArgument(Arguments.one(arguments, "UUID")).uuid()
        let manifest = try await context.tool.manifest(of: uuid)
        try context.output.json(.object(manifest.json))
    }
}
