import Failure
public import IMGAPI
public import ImageCatalog
import ImageModel
import JSON
import NIOCore
public import Transport

/// Copies active images, with the origins they need, from another image server into a repository.
public struct ImageMirror: Sendable {
    private let source: IMGAPIClient
    private let transport: Transport
    private let intake: ImageIntake
    private let tell: @Sendable (String) -> Void

    /// How many images are copied at a time.
    private static let window = 3

    /// - Parameter tell: is told of each image.
    public init(
        from source: IMGAPIClient, by transport: Transport, into repository: any ImageRepository,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.source = source
        self.transport = transport
        intake = ImageIntake(repository)
        self.tell = tell
    }

    /// Copies what is missing: origins before what builds on them, several images at a time. What is there already stays as
    /// it is, so a run that was broken off is taken up by the next.
    ///
    /// - Parameters:
    ///   - filters: conditions that an image must meet, as `imgadm avail` takes them.
    ///   - dryRun: only tells what would be copied.
    /// - Throws: after all that could be copied, what went wrong.
    public func run(filters: [String], dryRun: Bool) async throws {
        let chains = try await chains(filters)
        if dryRun {
            for manifest in chains.flatMap(\.self) {
                tell("[dry-run] Mirrored image \(manifest.uuid) (\(manifest.title))")
            }
            return
        }
        var failures: [Failure] = []
        // A level has the images whose origins are in earlier ones.
        for level in chains { failures += try await copy(level) }
        if let failure = Failure.combining(failures) { throw failure }
    }

    /// What is missing, by how far it is from its base.
    private func chains(_ filters: [String]) async throws -> [[Manifest]] {
        let query = try ImageQuery(columns: "uuid", filters: filters)
        let chosen = query.rows(of: try await source.list(), manifest: \.manifest).map(\.image.uuid)
        var known: [ImageUUID: Manifest] = [:]
        var depths: [ImageUUID: Int] = [:]
        for uuid in chosen {
            var chain: [ImageUUID] = []
            var next: ImageUUID? = uuid
            while let uuid = next, depths[uuid] == nil, !chain.contains(uuid), try await !intake.has(uuid) {
                guard let manifest = try await source.image(uuid) else {
                    throw Failure(
                        .originNotFoundInSource, "image \(uuid), which another builds on, is not on \(source.base)")
                }
                known[uuid] = manifest
                chain.append(uuid)
                next = manifest.origin
            }
            var depth = next.flatMap { depths[$0] } ?? -1
            for uuid in chain.reversed() {
                depth += 1
                depths[uuid] = depth
            }
        }
        let deepest = depths.values.max() ?? -1
        return (0..<(deepest + 1)).map { depth in
            depths.filter { $0.value == depth }.keys.sorted().compactMap { known[$0] }
        }
    }

    private func copy(_ manifests: [Manifest]) async throws -> [Failure] {
        try await withThrowingTaskGroup(of: Failure?.self) { group in
            var failures: [Failure] = []
            var running = 0
            for manifest in manifests {
                if running == ImageMirror.window {
                    if let failure = try await group.next() ?? nil { failures.append(failure) }
                    running -= 1
                }
                group.addTask {
                    do {
                        try await copy(manifest)
                        return nil
                    } catch let error as CancellationError {
                        throw error
                    } catch {
                        return Failure.wrapping(error, .downloadError, "image \(manifest.uuid) could not be copied")
                    }
                }
                running += 1
            }
            for try await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
    }

    private func copy(_ manifest: Manifest) async throws {
        let request = DownloadRequest(source.fileRequest(manifest.uuid), size: manifest.files.first?.size)
        let download = Download(request, by: transport)
        try await intake.take(manifest) { try await download.next() }
        if manifest["icon"] == true, let icon = try await source.icon(of: manifest.uuid) {
            try await intake.take(icon: icon.bytes, contentType: icon.contentType, of: manifest.uuid)
        }
        tell("Mirrored image \(manifest.uuid) (\(manifest.title))")
    }
}
