import ArgumentParser
import Compression
import Failure
import ImageTool
import SystemPackage

struct ConvertCommand: AnsweringCommand {
    static let valueLetters = "moc"
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Make an image file of a disk or a root file system",
        usage: """
            imgadm convert [-m MANIFEST] [-o PATH] [-c COMPRESSION] [--origin MANIFEST]… [--volblocksize BYTES]
                [-f] [-j | --format FORMAT] [-q | --progress MODE] DISK|ARCHIVE [FIELD=VALUE…]
            """,
        discussion: """
            Takes qcow2, VMDK, VHD, VHDX, OVA and raw disks, and tar archives of a root file system, also compressed, and needs
            no ZFS. What it writes is ready for publish, and the same wherever it is made. With --origin, of a disk only what is
            different from another image file.

            EXAMPLES
              imgadm convert -o /images debian-13-genericcloud-amd64-20250814.qcow2
              imgadm convert -o /images --origin /images/web-1.0.0.imgmanifest web-1.0.1.vmdk name=web version=1.0.1 os=linux
              imgadm convert -o /images debian-13-rootfs-amd64.tar.xz version=20250814
            """)

    @OptionGroup var given: ManifestOption
    @Option(
        name: .customShort("o"), parsing: .unconditional,
        help: ArgumentHelp(
            "A folder, or the start of the paths of file and manifest; with the suffix of the file, as in web.zvol.zst, it also says the compression. The current folder, and the image's name and version, if not given.",
            valueName: "path"),
        completion: .file())
    var output: String?
    @Option(
        name: .customShort("c"), parsing: .unconditional,
        help: ArgumentHelp(
            "gzip if neither this nor -o says one, which every host receives; none, bzip2, xz or zstd.",
            valueName: "compression"),
        completion: .list(CompressionFormat.allCases.map(\.rawValue)))
    var compression: String?
    @Option(
        name: .customLong("origin"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            """
            Of a disk, only the blocks that are others than in this image, whose file lies beside its manifest. What \
            is installed of it becomes a clone of its origin. If that is an increment itself, again for each that it \
            builds on.
            """,
            valueName: "manifest"), completion: .file())
    var origins: [String] = []
    @Option(
        name: .customLong("volblocksize"), parsing: .unconditional,
        help: ArgumentHelp(
            """
            Of the blocks of a disk's volume: 4K to 128K; 16K if not given. Another size is another snapshot. With \
            --origin they are those of the origin.
            """, valueName: "bytes"))
    var blockSize: String?
    @Flag(
        name: [.customShort("f"), .customLong("force")],
        help: "Replace files that are there, also the image's in another compression.")
    var force = false
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var progress: ProgressOptions
    @Argument(
        help: ArgumentHelp(
            "The file, or - for standard input; then fields of the manifest.", valueName: "disk|archive"),
        completion: .file())
    var arguments: [String] = []

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }

    func run(_ context: CommandContext) async throws {
        guard let file = arguments.first else { throw CallError("missing argument: DISK|ARCHIVE") }
        guard !(file == "-" && given.manifest == "-") else {
            throw Failure(.usage, "standard input can be the file or the manifest, not both")
        }
        let mode = try progress.chosen()
        var request = ConvertRequest(file: file)
        request.fields = try ManifestArguments.fields(arguments.dropFirst())
        if let manifest = given.manifest { request.manifest = try await ManifestArguments.manifest(manifest) }
        request.manifestFile = given.manifest
        request.output = try output.map(OutputArgument.pathOrFolder)
        if let chosen = try compression.map(ManifestArguments.compression) ?? request.namedCompression {
            request.compression = chosen
        }
        request.origins = origins
        request.blockSize = try blockSize.map(BlockSizeArgument.bytes)
        request.isReplacing = force
        let chosen = request
        try await context.reporting(mode) { report in
            try await ImageConverter().convert(chosen, report)
        }
    }
}
