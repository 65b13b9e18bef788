import ArgumentParser
import Failure
import Host
import ImageTool
import SystemPackage

struct ExtractCommand: ImgadmCommand {
    static let valueLetters = "C"
    static let configuration = CommandConfiguration(
        commandName: "extract", abstract: "Take files out of an image file",
        usage: "imgadm extract [-t] [-C DIR] [--origin FILE]… FILE|- [PATH…]",
        discussion: """
            Of streams of file systems and of tar archives (layers of docker images, root file systems), packed or not; it takes
            no ZFS. Without -C, all goes into the current folder, and a PATH to standard output, as it is. Owners are kept where
            root extracts. Nothing is made outside the folder, whatever the file holds.

            EXAMPLES
              imgadm extract -t web-1.0.0.zfs.gz
              imgadm extract web-1.0.0.zfs.gz root/etc/os-release
              imgadm extract -C tree --origin base.zfs.gz web-1.0.1.zfs.gz root/etc
            """)

    @Flag(name: .customShort("t"), help: "List what is in it, and extract nothing.") var lists = false
    @Option(
        name: .customShort("C"), parsing: .unconditional,
        help: ArgumentHelp("The folder to extract into, which is made if need be.", valueName: "dir"),
        completion: .directory)
    var folder: String?
    @Option(
        name: .customLong("origin"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Of an incremental stream: the file of what it builds on; again for each, the oldest first.",
            valueName: "file"),
        completion: .file())
    var origins: [String] = []
    @Argument(
        help: ArgumentHelp("The image file, or - for standard input; then paths in it.", valueName: "file"),
        completion: .file()) var arguments: [String] = []

    func run(_ context: CommandContext) async throws {
        guard let file = arguments.first else { throw CallError("missing argument: FILE") }
        guard !lists || folder == nil else { throw Failure(.usage, "-t and -C exclude each other") }
        let request = ExtractRequest(file: file, origins: origins, paths: Array(arguments.dropFirst()))
        guard ([file] + origins).filter({ $0 == "-" }).count <= 1 else {
            throw Failure(.usage, "standard input can be one file only")
        }
        let extraction: Extraction
        do {
            extraction = try await withTaskExecutorPreference(DedicatedThread("extract")) {
                try extract(request, context)
            }
        } catch let error as any CodedError where file != "-" && !MeantFile.isThere(file) {
            // Whether it is an image's name is only for a hint: that there is no such file is told.
            guard let pool = try? await context.tool.poolOfInstalled(file) else { throw error }
            throw Failure(
                error.code, error.message, cause: error.cause,
                hint:
                    "it is an installed image: imgadm export -P \(pool) -o NAME.zfs.gz \(ShellWord.quoted(file)) writes its file, which extract reads"
            )
        }
        try context.output.flush()
        context.remark(extraction.remarks)
        if let refusal = extraction.refusal { throw refusal }
    }

    private func extract(_ request: ExtractRequest, _ context: CommandContext) throws -> Extraction {
        if lists {
            return Extraction(remarks: try context.tool.listFiles(request) { try context.output.line($0.line) })
        }
        if folder == nil, !request.paths.isEmpty {
            return Extraction(remarks: try context.tool.printFiles(request) { try context.output.content($0) })
        }
        if let folder { return try context.tool.extractFiles(request, into: FilePath(folder)) }
        // Which one that is, nobody has typed.
        let current = HostFile.absolute(".")
        let extraction = try context.tool.extractFiles(request, into: current)
        context.note("extracted into \"\(current)\"")
        return extraction
    }
}
