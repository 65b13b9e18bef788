import ArgumentParser
import Failure
import Host
import ImageTool
import SystemPackage

struct InstallCommand: AnsweringCommand {
    static let valueLetters = "mfP"
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Install an image from local files",
        usage: "imgadm install [-P POOL] [-j | --format FORMAT] [-q | --progress MODE] -m MANIFEST -f FILE",
        discussion: """
            An image that is there without a record gets one, if it is what the file makes.

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
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var progress: ProgressOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }

    func run(_ context: CommandContext) async throws {
        guard let manifest else { throw try misplaced("missing option: -m MANIFEST") }
        guard let file else { throw try misplaced("missing option: -f FILE") }
        try Arguments.none(arguments)
        let mode = try progress.chosen()
        let pool = try context.pool(pool.name)
        try await context.upgradeState()
        try await context.reporting(mode) { report in
            try await context.tool.install(manifest: FilePath(manifest), file: FilePath(file), pool: pool, report)
        }
    }

    /// The same words in their order, or the command that takes them.
    private func misplaced(_ problem: String) throws -> CallError {
        guard manifest == nil, let named = file ?? arguments.first else {
            let words = [manifest ?? "MANIFEST", file ?? arguments.first ?? "FILE"].map(ShellWord.quoted)
            return CallError(problem, hint: "imgadm install -m \(words[0]) -f \(words[1])")
        }
        // What is neither the file of an image nor its manifest may be one that import takes, or no file at all.
        if let options = MeantFile.options(named, arguments.dropFirst(file == nil ? 1 : 0).first) {
            return CallError(problem, hint: "imgadm install \(options)")
        }
        if try file == nil && !HostFile.exists(FilePath(named)) {
            return CallError(
                problem,
                hint: FileName.isOfContent(named)
                    ? "imgadm import \(ShellWord.quoted(named)) takes a disk or a root file system"
                    : "imgadm import \(ShellWord.quoted(named)) takes an image of a source")
        }
        if let other = try ImageTool.otherWay(of: named) { return CallError(problem, hint: other) }
        return CallError(problem, hint: "imgadm install -m MANIFEST -f \(ShellWord.quoted(named))")
    }
}
