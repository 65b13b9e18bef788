import ArgumentParser
import Failure
import IMGAPI
import ImageSource
import ImageTool
import SystemPackage

/// `--key` and `--user`, by which requests are signed.
struct SigningOptions: ParsableArguments {
    @Option(
        name: .customLong("key"), parsing: .unconditional,
        help: ArgumentHelp(
            "Sign requests (rsa-sha256) by this private RSA key, as PEM or in OpenSSH's form; IMGADM_KEY if not given.",
            valueName: "file"))
    var key: String?
    @Option(
        name: .customLong("user"), parsing: .unconditional,
        help: ArgumentHelp("The name that the server knows the key by; IMGADM_USER if not given.", valueName: "name"))
    var user: String?

    /// Nil if requests are not to be signed.
    ///
    /// - Throws: `Usage`.
    func signer(_ environment: [String: String]) throws -> RequestSigner? {
        func named(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        switch (key ?? named("IMGADM_KEY"), user ?? named("IMGADM_USER")) {
        case (let key?, let user?): return try RequestSigner(user: user, keyFile: FilePath(key))
        case (nil, nil): return nil
        case (_?, nil): throw Failure(.usage, "a key needs the user it belongs to: --user NAME")
        case (nil, _?):
            guard user != nil else { return nil }
            throw Failure(.usage, "a user needs a key to sign by: --key FILE")
        }
    }
}

struct PublishCommand: ImgadmCommand {
    static let valueLetters = "mf"
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish an image to an image server or a registry",
        usage: """
            imgadm publish -m MANIFEST -f FILE [-q | --progress MODE] [--key FILE --user NAME] URL
            imgadm publish -m MANIFEST -f FILE [-q | --progress MODE] oci://HOST[:PORT]/NAME
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
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var signing: SigningOptions
    @Argument(
        help: ArgumentHelp("The URL of the image server or the repository.", valueName: "url"), completion: .sources)
    var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        guard let manifest else { throw misplaced("missing option: -m MANIFEST") }
        guard let file else { throw misplaced("missing option: -f FILE") }
        guard let url = arguments.first else { throw misplaced("missing argument: URL") }
        guard arguments.count == 1 else { throw misplaced("unexpected argument: \"\(arguments[1])\"") }
        let mode = try progress.chosen()
        var request = PublishRequest(
            manifest: FilePath(manifest), file: FilePath(file), server: try context.tool.namedSource(url))
        request.signer = try signing.signer(context.environment)
        try await context.reporting(mode) { [request] report in try await context.tool.publish(request, report)
        }
    }

    /// The same words in their order.
    private func misplaced(_ problem: String) -> CallError {
        let url = arguments.last { $0.contains("://") }
        let other = arguments.first { $0 != url }
        let words = ["-m \(manifest ?? "MANIFEST")", "-f \(file ?? other ?? "FILE")", url ?? "URL"]
        return CallError(problem, hint: "imgadm publish \(words.joined(separator: " "))")
    }
}
