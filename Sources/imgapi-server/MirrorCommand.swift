import ArgumentParser
import Failure
import Glibc
import Host
import IMGAPI
import ImageCatalog
import ImageMirror
import ImageModel
import ImageServer
import SystemPackage
import Terminal
import Transport

struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror", abstract: "Copy active images, with their origins, from another image server.",
        usage: ServerProgram.usage(
            """
            imgapi-server mirror --root DIR | --registry HOST[:PORT]/NAME --from URL
                [--channels FILE] [--mode public|private] [--prune] [--keep NUMBER] [--token-file FILE] [-n] [FILTER…]
            """),
        discussion: """
            A filter is FIELD=VALUE or, for a part of the value, FIELD=~TEXT, as for "imgadm avail". What is there already \
            stays, so a run that was broken off is taken up by the next; a server of the folder may run meanwhile.
            """)

    @OptionGroup var storage: StorageOptions

    @Option(help: ArgumentHelp("The server to copy from; ?channel=NAME chooses a channel.", valueName: "url"))
    var from: String

    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Say what would be copied, and copy nothing.")
    var dryRun = false

    @Flag(
        help: """
            Remove images that came from this source and that it lists no more, or that --keep leaves out, once newer ones are \
            here. What came otherwise, and what another image builds on, stays.
            """
    )
    var prune = false

    @Option(
        help: ArgumentHelp(
            "Of the images of a name, copy those that were published last, so many.", valueName: "number"))
    var keep: Int?

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp(
            "Show the source the token in this file, which nobody else may read.", valueName: "file"),
        completion: .file())
    var tokenFile: String?

    @Argument(help: ArgumentHelp("What an image must be to be copied.", valueName: "filter")) var filters: [String] = []

    mutating func run() async throws {
        let logger = ServerProgram.logger()
        let url = try ServerURL(from)
        if let keep, keep < 1 { throw ValidationError("--keep must be 1 or more") }
        let token = try tokenFile.map { try AccessToken(file: FilePath($0)) }
        try token?.check(goingTo: url, insecure: TransportSettings(environment: ProcessEnvironment.variables).insecure)
        let network = try ServerProgram.network(logger)
        let client = IMGAPIClient(
            base: url.base, channel: try url.value(of: "channel"), insecure: false,
            requestID: ImageUUID().description, token: token, transport: network.transport)
        let result: Result<Void, any Error>
        do {
            let repository = try await storage.open(by: network.transport, logger)
            let progress = MirrorProgress()
            let mirror = ImageMirror(from: client, by: network.transport, into: repository, progress: progress) {
                line in
                print(Printable.text(line))
                fflush(nil)
            }
            let showing = Task { await MirrorCommand.show(progress) }
            var failure: (any Error)?
            do {
                try await mirror.run(filters: filters, dryRun: dryRun, prunes: prune, keeps: keep)
            } catch {
                failure = MirrorCommand.told(progress.failures) ?? advised(error)
            }
            showing.cancel()
            // What went wrong is in the log; the images are there.
            try? await repository.settle()
            if failure == nil { tellPlan(progress.figures) }
            do {
                // Where nothing was found out about the source, the count of what is here would look like an outcome.
                let isAtWork = failure == nil || progress.figures.images > 0 || progress.figures.prunedImages > 0
                if !dryRun, isAtWork { try await MirrorCommand.summarize(repository, progress.figures) }
            } catch {
                failure = failure ?? error
            }
            result = failure.map { .failure($0) } ?? .success(())
        } catch {
            result = .failure(error)
        }
        await network.sender.shutDown()
        try result.get()
    }

    /// What was to be done, where that is not told by what was.
    private func tellPlan(_ figures: MirrorProgress.Figures) {
        guard figures.wantedImages > 0 else {
            let fitting =
                filters.isEmpty ? "no active image" : "no active image that fits \(filters.joined(separator: " "))"
            return MirrorCommand.write("\(from) lists \(fitting)")
        }
        guard dryRun else { return }
        let count = figures.images
        print(
            count == 0
                ? "[dry-run] Nothing would be copied: all is here"
                : "[dry-run] \(count) image\(count == 1 ? "" : "s") would be copied, \(ByteCount.text(figures.bytes))")
        fflush(nil)
    }

    /// The error with what is to be done here, where it is one of a source that does not know who asks.
    private func advised(_ error: any Error) -> any Error {
        guard let failure = (error as? any CodedError)?.failure, failure.refusalKind == .unauthorized, tokenFile == nil
        else {
            return error
        }
        return Failure(
            failure.code, failure.message, cause: failure.cause,
            hint: "the source wants to know who asks: --token-file FILE shows it a token",
            statusCode: failure.statusCode)
    }

    /// Says every ten seconds how far it is.
    private static func show(_ progress: MirrorProgress) async {
        // It is cancelled when there is nothing more to show.
        while (try? await Task.sleep(for: .seconds(10))) != nil {
            let now = progress.figures
            guard now.images > 0 else { continue }
            write(
                "\(now.copiedImages) of \(now.images) images, \(ByteCount.text(now.copiedBytes)) of \(ByteCount.text(now.bytes))"
            )
        }
    }

    /// Where several things went wrong, each in a line of its own, and an error that counts them.
    private static func told(_ failures: [Failure]) -> Failure? {
        guard failures.count > 1 else { return nil }
        let hints = Set(failures.map(\.hint))
        for failure in failures {
            write("error (\(failure.code)): \(failure.description)")
            if hints.count > 1, let hint = failure.hint { write("  hint: \(hint)") }
        }
        // What all of them say is said once.
        let common = hints.count == 1 ? hints.first ?? nil : nil
        return Failure(
            .multiError, "\(failures.count) images, or their icons, could not be copied, or pruned: each is told above",
            hint: common ?? "the same command tries them again")
    }

    /// What there is to be served now.
    private static func summarize(_ repository: any ImageRepository, _ done: MirrorProgress.Figures) async throws {
        let images = try await repository.catalog(.now).images.filter { $0.imageState == .active }
        let bytes = images.reduce(Int64(0)) { ByteCount.sum($0, $1.files.first?.size ?? 0) }
        let pruned = done.prunedImages > 0 ? ", \(done.prunedImages) pruned" : ""
        print(
            "\(images.count) active \(images.count == 1 ? "image is" : "images are") here, \(ByteCount.text(bytes)) (\(done.copiedImages) copied now\(pruned))"
        )
        fflush(nil)
    }

    private static func write(_ line: String) {
        // Whoever does not read it misses nothing of the work.
        _ = try? FileDescriptor.standardError.writeAll("imgapi-server: \(Printable.text(line))\n".utf8)
    }
}
