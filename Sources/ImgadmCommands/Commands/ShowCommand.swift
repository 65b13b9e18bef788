import ArgumentParser
import Failure
import ImageModel
import ImageTool
import JSON

struct ShowCommand: ImgadmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image of the image sources as JSON",
        usage:
            """
            imgadm show [--format FORMAT] [--type TYPE] [--platform OS/ARCH[/VARIANT]] [--token-file FILE | --token TOKEN]
                UUID|NAME[@VERSION]|REPO[:TAG|@DIGEST]
            imgadm show [--format FORMAT] URL|FILE [FIELD=VALUE…]
            imgadm show [--format FORMAT] [--platform OS/ARCH[/VARIANT]] [--disk NAME]
                oci:REPO[:TAG|@DIGEST] [FIELD=VALUE…]
            """,
        discussion: """
            The first source that has the image counts; the image need not be active. Of a docker reference, the manifest is
            shown that an import would store; of a URL or a file, as much of it as is known without importing it: of a URL,
            that takes its first bytes. Of oci:REFERENCE, what its import would make of what the registry has.
            """)

    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp("json (the default) or yaml.", valueName: "format"))
    var format: String?
    @OptionGroup var type: TypeOption
    @OptionGroup var platform: PlatformOption
    @OptionGroup var disk: DiskOption
    @OptionGroup var token: TokenOptions
    @OptionGroup var words: ImageWords

    func run(_ context: CommandContext) async throws {
        let format = try OutputFormat(format, json: false, allowed: OutputFormat.ofValues)
        if let first = words.arguments.first, let reference = try RegistryArgument.reference(first) {
            guard type.name == nil else { throw Failure(.usage, "--type does not go with oci:REFERENCE") }
            var request = RegistryRequest(reference, platform: try platform.platform())
            request.fields = try ManifestArguments.fields(words.arguments.dropFirst())
            request.disk = disk.name
            return try show(try await context.tool.manifest(of: request), as: format, context)
        }
        guard disk.name == nil else { throw Failure(.usage, "--disk goes with oci:REFERENCE") }
        if let first = words.arguments.first, let request = try FileArgument.request(first, words.arguments.dropFirst())
        {
            return try show(try await context.tool.manifest(of: request), as: format, context)
        }
        try await token.give(to: [], context)
        let manifest =
            switch try await ImageArgument(Arguments.one(words.arguments, "IMAGE")).settled(
                context, type: try type.type())
            {
            case .uuid(let uuid): try await context.tool.manifest(of: uuid)
            case .reference(let reference):
                try await ImageArgument.tellingMeant(by: words.arguments.first ?? "", reference, context) {
                    try await context.tool.manifest(of: reference, platform: try platform.platform())
                }
            case .name, .either, .path, .beginning: throw Failure(.internalError, "a name was not settled")
            }
        context.remark(context.tool.takeSourceRemarks())
        try context.output.value(.object(manifest.json), as: format)
    }

    private func show(_ manifest: ForeseenManifest, as format: OutputFormat, _ context: CommandContext) throws {
        try context.output.value(.object(manifest.json), as: format)
        try context.output.flush()
        guard let shortcoming = manifest.shortcoming else {
            return context.remark(manifest.openQuestion.map { [$0] } ?? [])
        }
        context.remark(
            ["import would refuse this: \(shortcoming.message)\(shortcoming.hint.map { " (\($0))" } ?? "")"])
    }
}
