import ArgumentParser
import Failure
import ImageTool
import SystemPackage

struct InstallCommand: ImgadmCommand {
    static let valueLetters = "mfP"
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Install an image from local files",
        usage: "imgadm install [-P POOL] [-q | --progress MODE] -m MANIFEST -f FILE",
        discussion: """
            EXAMPLES
              imgadm install -m web-1.0.0.imgmanifest -f web-1.0.0.zfs.gz
            """)

    @Option(
        name: .customShort("m"), parsing: .unconditional,
        help: ArgumentHelp("The image's manifest.", valueName: "manifest"), completion: .file())
    var manifest: String?
    @Option(
        name: .customShort("f"), parsing: .unconditional,
        help: ArgumentHelp("The image's file.", valueName: "file"), completion: .file())
    var file: String?
    @OptionGroup var pool: PoolOption
    @OptionGroup var progress: ProgressOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        try Arguments.none(arguments)
        guard let manifest else {
            throw Failure(
                .usage, "missing option: -m MANIFEST", hint: try file.flatMap { try ImageTool.otherWay(of: $0) })
        }
        guard let file else { throw Failure(.usage, "missing option: -f FILE") }
        let mode = try progress.chosen()
        let pool = try context.pool(pool.name)
        try await context.upgradeState()
        try await context.reporting(mode) { report in
            try await context.tool.install(manifest: FilePath(manifest), file: FilePath(file), pool: pool, report)
        }
    }
}
