import ArgumentParser
import Failure
import ImageModel
import ImageTool
import JSON

struct ShowCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image of the image sources as JSON",
        usage: "imgadm show [--platform OS/ARCH[/VARIANT]] UUID|REPO[:TAG|@DIGEST]",
        discussion: """
            The first source that has the image counts; the image need not be active. Of a docker reference, the manifest is
            shown that an import would store.
            """)

    @OptionGroup var platform: PlatformOption
    @Argument(help: "The image's UUID, or a docker reference.") var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        let manifest =
            switch try ImageArgument(Arguments.one(arguments, "UUID")) {
            case .uuid(let uuid): try await context.tool.manifest(of: uuid)
            case .reference(let reference):
                try await context.tool.manifest(of: reference, platform: try platform.platform())
            }
        try context.output.json(.object(manifest.json))
    }
}
