import ArgumentParser
import Compression
import Failure
import ImageModel
import ImageTool
import JSON

struct PushCommand: AnsweringCommand {
    static let valueLetters = "P"
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Send an installed image to a registry",
        usage: """
            imgadm push [-P POOL] [-j | --format FORMAT] [-q | --progress MODE] [--config FILE]
                [--platform OS/ARCH[/VARIANT]] [--compression FORMAT] IMAGE HOST[:PORT]/REPO[:TAG]
            """,
        discussion: """
            Of an image of a file system, an image that docker, podman and others run: the files below root/, with a layer for the
            image and for each that it builds on. Of a disk, a file that imgadm import oci:REPO:TAG takes, as KubeVirt writes
            them. The registry's credentials are those of docker (docker login).

            The same image makes the same layers wherever it is. What the registry has is not sent again; after a kill, the
            same command goes on with the layers that are missing.

            EXAMPLES
              imgadm push web@1.0.0 registry.example.com/me/web:1.0
              imgadm push --config config.json base registry.example.com/me/base:9
            """)

    @OptionGroup var pool: PoolOption
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var progress: ProgressOptions
    @Option(
        name: .customLong("config"), parsing: .unconditional,
        help: ArgumentHelp(
            "How the image is run: the config of an OCI image, or its member config, as JSON.", valueName: "file"),
        completion: .file())
    var config: String?
    @Option(
        name: .customLong("platform"), parsing: .unconditional,
        help: ArgumentHelp(
            "What it runs on; if not given, what the config or the manifest says, or else Linux on this machine's architecture.",
            valueName: "os/arch[/variant]"))
    var platform: String?
    @Option(
        name: .customLong("compression"), parsing: .unconditional,
        help: ArgumentHelp("Of the layers: gzip (the default), zstd or none.", valueName: "format"),
        completion: .list(["gzip", "zstd", "none"]))
    var compression: String?
    @Argument(
        help: ArgumentHelp("An installed image, and where it goes.", valueName: "image|reference"), completion: .images)
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }

    func run(_ context: CommandContext) async throws {
        guard arguments.count == 2 else {
            throw Failure(.usage, "an image and a reference are needed: imgadm push IMAGE HOST/REPO:TAG")
        }
        if let scheme = arguments[1].firstRange(of: "://") {
            throw Failure(
                .usage, "\"\(arguments[1])\" is a URL, and what is pushed goes to HOST/REPO:TAG",
                hints: [
                    "of a registry, leave out \(arguments[1][..<scheme.upperBound])",
                    "imgadm publish -m MANIFEST -f FILE URL sends an image to an image server",
                ])
        }
        let mode = try progress.chosen()
        let reference = try DockerReference(arguments[1])
        guard reference.namesHost, reference.digest == nil else {
            throw Failure(
                .usage,
                reference.namesHost
                    ? "\(reference) is a digest, which follows from what is sent; a tag names it"
                    : "\"\(arguments[1])\" is no repository of a registry",
                hint: "the form is HOST[:PORT]/REPO[:TAG]")
        }
        let pool = try context.pool(pool.name)
        let format = try compression.map { try ManifestArguments.compression($0) } ?? .gzip
        guard [.gzip, .zstd, .none].contains(format) else {
            throw Failure(.option, "--compression \(format.rawValue): layers are packed by gzip, zstd, or not at all")
        }
        var request = PushRequest(try await context.installed([arguments[0]], in: pool), in: pool, to: reference)
        request.compression = format
        request.platform = try platform.map { name throws(Failure) in try OCIPlatform(name) }
        if let config { request.config = try await ManifestArguments.object(config, what: "config") }
        try await context.reporting(mode) { [request] report in
            try await context.pusher.push(request, report)
        }
    }
}
