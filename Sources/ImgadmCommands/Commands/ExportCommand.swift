import ArgumentParser
import Failure
import ImageTool
import SystemPackage

struct ExportCommand: AnsweringCommand {
    static let valueLetters = "Po"
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an image as a file of another format",
        usage: """
            imgadm export -o OUT [--format FORMAT] [--origin FILE]… [-f] [-P POOL] [-j] [-q | --progress MODE] IMAGE|FILE
            """,
        discussion: """
            Of an installed image, or of an image file or a disk on a host without ZFS. The format follows from the name OUT:
            .qcow2, .raw and .img (also .gz, .xz, .zst) are disks; .zfs and .zvol (also .gz, .bz2, .xz, .zst) are image
            files, with their manifest beside them; .tar (also .gz, .bz2, .xz, .zst) has the files of a file system.

            EXAMPLES
              imgadm export -o web.qcow2 web@1.0.0
              imgadm export -o - --format raw.gz ./web-1.0.0.zvol.zst | ssh host 'gzip -d > web.raw'
              imgadm export -o web.tar.zst ./web-1.0.0.zfs.gz
              imgadm export -o web-1.0.1.qcow2 --origin web-1.0.0.zvol.gz ./web-1.0.1.zvol.gz
            """)

    @Option(
        name: .customShort("o"), parsing: .unconditional,
        help: ArgumentHelp(
            "The file, which is made beside its place and put there when it is whole; - is standard output.",
            valueName: "out"), completion: .file())
    var output: String?
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp(
            "What OUT does not tell by its name: \(ExportFormat.names.joined(separator: ", ")).", valueName: "format"),
        completion: .list(ExportFormat.names))
    var format: String?
    @Option(
        name: .customLong("origin"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An image file that the file builds on; again for each.", valueName: "file"),
        completion: .file())
    var origins: [String] = []
    @Flag(name: [.customShort("f"), .customLong("force")], help: "Replace a file that is there.") var force = false
    @Flag(
        name: [.customShort("j"), .customLong("json")],
        help: "Tell by one JSON object at the end what was written; sentences go to standard error.")
    var json = false
    @OptionGroup var pool: PoolOption
    @OptionGroup var progress: ProgressOptions
    @Argument(
        help: ArgumentHelp("An installed image, or a file.", valueName: "image|file"), completion: .images)
    var arguments: [String] = []

    func answersJSON() -> Bool { json }

    func run(_ context: CommandContext) async throws {
        guard let output else { throw CallError("missing option: -o OUT", hint: order) }
        let image = try Arguments.one(arguments, "IMAGE|FILE")
        let mode = try progress.chosen()
        guard output != "-" || !json else {
            throw Failure(.usage, "standard output can have the file or what is told of it, not both")
        }
        if output == "-", format == nil {
            throw Failure(.usage, "standard output has no name that tells the format", hint: "--format says it")
        }
        let path = output == "-" ? FilePath(output) : try OutputArgument.path(output)
        let format = try ExportFormat(
            ofFile: output == "-" ? nil : path.lastComponent?.string ?? output, stated: self.format)
        var request = ExportRequest(
            image: image, format: format, output: output == "-" ? nil : path, pool: try context.pool(pool.name))
        request.origins = origins
        request.isReplacing = force
        let chosen = request
        try await context.reporting(mode) { report in
            try await context.exporter.export(chosen, report)
        }
    }

    /// The words in their order, where it shows which is which.
    private var order: String {
        let outputs = arguments.filter { (try? ExportFormat(FilePath($0).lastComponent?.string ?? "")) != nil }
        let images = arguments.filter { !outputs.contains($0) }
        guard outputs.count == 1, images.count == 1 else {
            return "imgadm export -o OUT IMAGE; -o - with --format writes to standard output"
        }
        return "imgadm export -o \(ShellWord.quoted(outputs[0])) \(ShellWord.quoted(images[0]))"
    }
}
