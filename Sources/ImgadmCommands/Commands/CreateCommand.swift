import ArgumentParser
import Compression
import Failure
import Host
import ImageModel
import ImageSource
import ImageTool
import JSON
import SystemPackage

struct CreateCommand: AnsweringCommand {
    static let valueLetters = "Pmocsp"
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create an image from a VM",
        usage: """
            imgadm create [-m MANIFEST] [-o PATH [-f] | -p URL] [-c COMPRESSION] [-i] [--max-origin-depth N] [-s SCRIPT]
                [-P POOL] [-j | --format FORMAT] [-q | --progress MODE]
                [--key FILE --user NAME | --token-file FILE | --token TOKEN] VM-UUID [FIELD=VALUE…]
            imgadm create --recover VM-UUID
            """,
        discussion: """
            The VM must be stopped, or a prepare-image script given. Whatever happens, the VM ends as it began. On a host
            without vmadm, a dataset POOL/UUID stands for a VM.

            EXAMPLES
              imgadm create -c gzip -o /images 5f1dd7b6-… name=web version=1.0.0
              imgadm create -i -s prepare.sh -m web.json 5f1dd7b6-… version=1.0.1
            """)

    @OptionGroup var given: ManifestOption
    @Option(
        name: .customShort("o"), parsing: .unconditional,
        help: ArgumentHelp(
            "A folder, or the start of the paths of file and manifest; with the suffix of the file, as in web.zfs.gz, it also says the compression. The current folder, and the image's name and version, if not given.",
            valueName: "path"), completion: .file())
    var output: String?
    @Flag(
        name: [.customShort("f"), .customLong("force")],
        help: "Replace files that are there, also the image's in another compression.")
    var force = false
    @Option(
        name: .customShort("c"), parsing: .unconditional,
        help: ArgumentHelp(
            "none (the default, if -o says no other), gzip, bzip2, xz or zstd, on all cores.", valueName: "compression"),
        completion: .list(CompressionFormat.allCases.map(\.rawValue)))
    var compression: String?
    @Flag(
        name: .customShort("i"),
        help:
            "Only what is different from the image that the VM was made of; not of a docker image, which each host unpacks for itself."
    )
    var incremental = false
    @Option(
        name: .customLong("max-origin-depth"), parsing: .unconditional,
        help: ArgumentHelp("How many parents an incremental image may have, 2 or more.", valueName: "n"))
    var maxOriginDepth: String?
    @Option(
        name: .customShort("s"), parsing: .unconditional,
        help: ArgumentHelp("Run this script in the VM first, on a snapshot that is rolled back.", valueName: "script"),
        completion: .file())
    var script: String?
    @Option(
        name: .customShort("p"), parsing: .unconditional,
        help: ArgumentHelp(
            "Publish the image to this server, as publish does; no file of it stays here then.", valueName: "url"),
        completion: .sources)
    var publish: String?
    @OptionGroup var signing: SigningOptions
    @OptionGroup var token: TokenOptions
    @OptionGroup var pool: PoolOption
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var progress: ProgressOptions
    @Flag(name: .customLong("recover"), help: "Put back the VM of a run that was broken off.") var recover = false
    @Argument(
        help: ArgumentHelp("The VM; then fields of the manifest.", valueName: "vm-uuid"),
        completion: .machines)
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }

    func run(_ context: CommandContext) async throws {
        guard let first = arguments.first else { throw CallError("missing argument: VM-UUID") }
        let machine = try Arguments.machine(first)
        let pool = try context.pool(pool.name)
        if recover {
            try Arguments.none(Array(arguments.dropFirst()))
            guard !context.answersJSON else {
                throw Failure(.usage, "--recover is about no image, of which --format json could tell")
            }
            return try await context.reporting() { report in
                try await context.maker.recover(machine, report)
            }
        }
        let mode = try progress.chosen()
        let request = try await request(machine)
        guard publish == nil || output == nil else { throw Failure(.usage, "-o and -p exclude each other") }
        guard publish == nil || !force else { throw Failure(.usage, "-f is about files, of which -p leaves none") }
        let server = try publish.map { try context.tool.namedSource($0) }
        if let publish { try await token.give(to: [publish], context) }
        let signer = try signing.signer(context)
        try await context.upgradeState()
        let remark = publish.flatMap { server?.remark(onTyped: $0) }
        try await context.reporting(mode) { report in
            if let remark { report.warning(remark) }
            if let server {
                try await context.maker.create(request, pool: pool, publishingTo: server, by: signer, report)
            } else {
                try await context.maker.create(request, pool: pool, report)
            }
        }
    }

    private func request(_ machine: ImageUUID) async throws -> CreateRequest {
        var request = CreateRequest(machine: machine)
        if let manifest = given.manifest { request.manifest = try await ManifestArguments.manifest(manifest) }
        request.manifestFile = given.manifest
        request.fields = try ManifestArguments.fields(arguments.dropFirst())
        request.output = try output.map(OutputArgument.pathOrFolder)
        request.isReplacing = force
        if let chosen = try compression.map(ManifestArguments.compression) ?? request.namedCompression {
            request.compression = chosen
        }
        request.isIncremental = incremental
        if let maxOriginDepth {
            guard let depth = Int(maxOriginDepth), depth >= 2 else {
                throw Failure(.option, "--max-origin-depth \"\(maxOriginDepth)\" is no number of 2 or more")
            }
            request.maxOriginDepth = depth
        }
        if let script {
            guard let bytes = try await HostFile.readHandedOver(FilePath(script), limit: 4 << 20) else {
                throw Failure(.usage, "prepare-image script does not exist: \"\(script)\"")
            }
            request.script = String(decoding: bytes, as: UTF8.self)
            request.scriptFile = script
        }
        return request
    }
}
