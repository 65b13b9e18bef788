import ArgumentParser
import Failure
import ImageModel
import ImageSource
import ImageTool
import Transport

struct ImportCommand: AnsweringCommand {
    static let valueLetters = "CPS"
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import an image, and the origins it needs, from an image source",
        usage:
            """
            imgadm import [-n] [-C CHANNEL] [-P POOL] [-S URL]… [-j | --format FORMAT] [-q | --progress MODE] [--zstream]
                [--type TYPE] [--token-file FILE | --token TOKEN] UUID|NAME[@VERSION]
            imgadm import [-n] [-P POOL] [-S URL] [-j | --format FORMAT] [-q | --progress MODE]
                [--platform OS/ARCH[/VARIANT]] [HOST[:PORT]/]REPO[:TAG|@DIGEST]
            imgadm import [-n] [-P POOL] [-j | --format FORMAT] [-q | --progress MODE] [--checksum ALGORITHM:DIGITS]
                [--verify checksum] [--volblocksize BYTES] URL|FILE [FIELD=VALUE…]
            imgadm import [-n] [-P POOL] [-S URL] [-j | --format FORMAT] [-q | --progress MODE]
                [--platform OS/ARCH[/VARIANT]] [--disk NAME] [--volblocksize BYTES] oci:REPO[:TAG|@DIGEST]
                [FIELD=VALUE…]
            """,
        discussion: """
            The configured sources are asked in their order; the first that has the image serves it. A docker reference goes
            to the registry it names, docker.io if it names none; each layer becomes an image. One word is the name of an
            image (of several versions the one published last), or the first digits of a UUID, eight or more; if no source
            has one, and a docker source is configured, it is a docker reference. imgapi: or docker: before it says which is
            meant. Where a simplestreams source is configured, what has a slash is looked for there, too: the newest root
            file system of that name, or the disk where there is no other, or where --type zvol asks for it; /ARCHITECTURE
            behind a name asks for that of other processors.

            A URL or a file is a disk (qcow2, VMDK, VHD, VHDX, OVA, raw) or a root file system (tar or squashfs), also
            compressed, and becomes an image as it arrives. Its checksum is looked for beside the URL. What neither the file nor
            its name tells of the manifest is given by FIELD=VALUE.

            oci: takes whatever a registry has: a container disk of KubeVirt, a disk that was exported by it or lies there as a
            file, and the root file system of such a file become images as a URL does; an image to run becomes what it becomes
            without oci:.

            EXAMPLES
              imgadm import 7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
              imgadm import -S https://images.example.com -P data 7b5981c4-1889-11e7-b4c5-3f3bdfc9b88b
              imgadm import base-64-lts@24.4.1
              imgadm import debian:12
              imgadm import debian/13/cloud
              imgadm import ubuntu/24.04 --type zvol
              imgadm import --platform linux/arm64 ghcr.io/example/app:1.0
              imgadm import https://cloud.example.org/debian-13-genericcloud-amd64.qcow2
              imgadm import ./appliance.ova name=appliance version=1.0 tags.team=web
              imgadm import rootfs.tar.zst name=base version=1
              imgadm import oci:quay.io/containerdisks/fedora:43
            """)

    @Option(
        name: .customShort("C"), parsing: .unconditional,
        help: ArgumentHelp("The channel of all sources.", valueName: "channel"))
    var channel: String?
    @OptionGroup var pool: PoolOption
    @Option(
        name: .customShort("S"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A source to ask instead of the configured ones; may be repeated, and the sources are asked in that order. Of a reference that names no host, the registry, just one.",
            valueName: "url"),
        completion: .sources)
    var sources: [String] = []
    @Flag(
        name: [.customShort("n"), .customLong("dry-run")],
        help: """
            Only tell which images would come, from where, how large they are and what they would be checked by, and \
            which are there.
            """)
    var dryRun = false
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var progress: ProgressOptions
    @Flag(
        name: .customLong("zstream"),
        help: "The source sends a raw ZFS stream: size, checksum and compression of the manifest do not apply.")
    var rawStream = false
    @OptionGroup var type: TypeOption
    @OptionGroup var platform: PlatformOption
    @OptionGroup var file: FileOptions
    @OptionGroup var disk: DiskOption
    @OptionGroup var token: TokenOptions
    @OptionGroup var words: ImageWords

    func answersJSON() throws(Failure) -> Bool { try answer.isJSON() }
    var isDryRun: Bool { dryRun }

    func run(_ context: CommandContext) async throws {
        let mode = try progress.chosen()
        // Before anybody is asked for the image.
        _ = try context.pool(pool.name)
        if let first = words.arguments.first, let reference = try RegistryArgument.reference(first) {
            return try await importRegistry(reference, mode, context)
        }
        guard disk.name == nil else { throw Failure(.usage, "--disk goes with oci:REFERENCE") }
        if let first = words.arguments.first, var request = try FileArgument.request(first, words.arguments.dropFirst())
        {
            guard !rawStream, channel == nil, sources.isEmpty, platform.name == nil, type.name == nil else {
                throw Failure(
                    .usage, "-C, -S, --zstream, --type and --platform go with an image of a source, not with a file")
            }
            try file.apply(to: &request)
            if request.needsChecksum, request.checksum == nil, case .path = request.place {
                throw CallError(
                    "--verify checksum goes with a URL, beside which a list of checksums lies",
                    hint: "--checksum sha256:DIGITS says what a file must be")
            }
            if !dryRun { try await context.upgradeState() }
            let pool = try context.pool(pool.name)
            try await context.reporting(mode, dryRun: dryRun) { [request] report in
                try await tool(context).importFile(request, pool: pool, report)
            }
            return
        }
        guard !file.areGiven else {
            throw Failure(.usage, "--checksum, --verify and --volblocksize go with a URL or a file")
        }
        let argument = try ImageArgument(image())
        let type = try type.type()
        if !dryRun { try await context.upgradeState() }
        try await token.give(to: sources, context)
        switch try await argument.settled(context, sources: sources, channel: channel, type: type) {
        case .uuid(let uuid):
            guard platform.name == nil else {
                throw Failure(.usage, "--platform goes with a docker reference, not with a UUID")
            }
            try await importImage(uuid, mode, context)
        case .reference(let reference): try await importDocker(reference, mode, context)
        case .name, .either, .path, .beginning: throw Failure(.internalError, "a name was not settled")
        }
    }

    private func tool(_ context: CommandContext) -> ImageTool { dryRun ? context.tool.rehearsing : context.tool }

    private func importRegistry(
        _ reference: DockerReference, _ mode: ProgressOptions.Mode, _ context: CommandContext
    ) async throws {
        guard !rawStream, channel == nil, type.name == nil else {
            throw Failure(.usage, "-C, --zstream and --type do not go with oci:REFERENCE")
        }
        guard sources.count <= 1 else { throw Failure(.usage, "oci:REFERENCE goes with one -S at most") }
        var request = RegistryRequest(reference, platform: try platform.platform())
        request.fields = try ManifestArguments.fields(words.arguments.dropFirst())
        request.disk = disk.name
        request.blockSize = try file.blockSizeOfRegistry()
        if !dryRun { try await context.upgradeState() }
        request.source = try sources.first.map { try context.tool.namedSource($0, standard: .docker) }
        let pool = try context.pool(pool.name)
        try await context.reporting(mode, dryRun: dryRun) { [request] report in
            try await tool(context).importRegistry(request, pool: pool, report)
        }
    }

    private func importImage(
        _ uuid: ImageUUID, _ mode: ProgressOptions.Mode, _ context: CommandContext
    ) async throws {
        var request = ImportRequest(uuid: uuid, pool: try context.pool(pool.name))
        request.channel = channel
        request.isRawStream = rawStream
        request.sources = try sources.map { try context.tool.namedSource($0) }
        if !rawStream,
            let found = try await context.tool.repository(
                calledLike: uuid, in: request.pool, among: request.sources, channel: channel)
        {
            var request = DockerImportRequest(found.reference, pool: request.pool)
            request.source = found.source
            return try await context.reporting(mode, dryRun: dryRun) { [request] report in
                try await tool(context).importImage(request, report)
            }
        }
        try await context.reporting(mode, dryRun: dryRun) { [request] report in
            try await tool(context).importImage(request, report)
        }
    }

    private func importDocker(
        _ reference: DockerReference, _ mode: ProgressOptions.Mode, _ context: CommandContext
    ) async throws {
        guard !rawStream, channel == nil else {
            throw Failure(.usage, "\(rawStream ? "--zstream" : "-C") does not go with a docker reference")
        }
        guard sources.count <= 1 else { throw Failure(.usage, "a docker reference goes with one -S at most") }
        var request = DockerImportRequest(
            reference, pool: try context.pool(pool.name), platform: try platform.platform())
        request.source = try sources.first.map { try context.tool.namedSource($0, standard: .docker) }
        try await ImageArgument.tellingMeant(by: words.arguments.first ?? "", reference, context) { [request] in
            try await context.reporting(mode, dryRun: dryRun) { report in
                try await tool(context).importImage(request, report)
            }
        }
    }

    /// - Throws: `Usage` unless there is just one argument, with what the others may have been.
    private func image() throws(CallError) -> String {
        guard words.arguments.count > 1 else { return try Arguments.one(words.arguments, "IMAGE") }
        let isVersion = words.arguments.count == 2 && words.arguments[1].firstMatch(of: /^v?[0-9]/) != nil
        let hint =
            words.arguments[1].contains("=")
            ? "fields are given to a file, a URL or oci:REFERENCE; an image of a source has its own"
            : isVersion
                ? "imgadm import \(ShellWord.quoted("\(words.arguments[0])@\(words.arguments[1])")) is that version"
                : "one image is imported at a time; NAME@VERSION is one of its versions"
        throw CallError("unexpected argument: \"\(words.arguments[1])\"", hint: hint)
    }
}
