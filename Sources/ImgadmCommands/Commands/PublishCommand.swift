import ArgumentParser
import Failure
import ImageSource
import ImageTool
import SystemPackage

struct PublishCommand: AnsweringCommand {
    static let valueLetters = "mf"
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish an image to an image server or a registry",
        usage: """
            imgadm publish -m MANIFEST -f FILE [--if-absent] [-j | --format FORMAT] [-q | --progress MODE]
                [--key FILE --user NAME | --token-file FILE | --token TOKEN] URL
            imgadm publish -m MANIFEST -f FILE [--if-absent] [-j | --format FORMAT] [-q | --progress MODE]
                oci://HOST[:PORT]/NAME
            """,
        discussion: """
            Sends the manifest, then the file, compares what the server received, and activates the image. After a failure
            the server has nothing of it. After a kill, the same command goes on with what is there.

            oci://HOST[:PORT]/NAME is a repository of an OCI registry, with no image server in between; the credentials are
            those of docker login.

            EXAMPLES
              imgadm publish -m web-1.0.0.imgmanifest -f web-1.0.0.zfs.gz https://images.example.com
              imgadm publish -m web-1.0.0.imgmanifest -f web-1.0.0.zfs.gz oci://registry.example.com/vm/images
            """)

    @Option(
        name: .customShort("m"), parsing: .unconditional,
        help: ArgumentHelp("The image's manifest.", valueName: "manifest"), completion: .file())
    var manifest: String?
    @Option(
        name: .customShort("f"), parsing: .unconditional, help: ArgumentHelp("The image's file.", valueName: "file"),
        completion: .file())
    var file: String?
    @Flag(
        name: .customLong("if-absent"),
        help: """
            What is published already, equal in every field, is no error, and is said to be there; if it differs, the \
            error names the fields.
            """)
    var ifAbsent = false
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var token: TokenOptions
    @Argument(
        help: ArgumentHelp("The URL of the image server or the repository.", valueName: "url"), completion: .sources)
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }

    func run(_ context: CommandContext) async throws {
        guard let manifest else { throw misplaced("missing option: -m MANIFEST") }
        guard let file else { throw misplaced("missing option: -f FILE") }
        guard let url = arguments.first else { throw misplaced("missing argument: URL") }
        guard arguments.count == 1 else { throw misplaced("unexpected argument: \"\(arguments[1])\"") }
        let mode = try progress.chosen()
        try await token.give(to: [url], context)
        var request = PublishRequest(
            manifest: FilePath(manifest), file: FilePath(file), server: try context.tool.namedSource(url))
        request.signer = try signing.signer(context)
        request.mayBeThere = ifAbsent
        let remark = request.server.remark(onTyped: url)
        try await context.reporting(mode) { [request] report in
            if let remark { report.warning(remark) }
            try await context.tool.publish(request, report)
        }
    }

    /// The same words in their order.
    private func misplaced(_ problem: String) -> CallError {
        let url = arguments.last { $0.contains("://") }
        let other = arguments.first { $0 != url }
        let place = ShellWord.quoted(url ?? "URL")
        if manifest == nil, file == nil, let other {
            let rest = arguments.filter { $0 != url && $0 != other }
            if let options = MeantFile.options(other, rest.first) {
                return CallError(problem, hint: "imgadm publish \(options) \(place)")
            }
            // An image that is installed has no file yet.
            if !MeantFile.isThere(other) {
                return CallError(
                    problem,
                    hint:
                        "imgadm export -o NAME.zfs.gz \(ShellWord.quoted(other)) writes the two files of an installed image; then imgadm publish -m MANIFEST -f FILE \(place)"
                )
            }
        }
        let files = [manifest ?? "MANIFEST", file ?? other ?? "FILE"].map(ShellWord.quoted)
        return CallError(problem, hint: "imgadm publish -m \(files[0]) -f \(files[1]) \(place)")
    }
}
