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
        let (levels, missing) = try await missing(filters)
        var failures = missing
        for level in levels {
            if dryRun {
                for manifest in level {
                    tell("[dry-run] Mirrored image \(manifest.uuid) (\(manifest.title))")
                }
                continue
            }
            for image in level {
                guard let origin = image.origin, failures[origin] != nil else { continue }
                failures[image.uuid] = Failure(
                    .downloadError, "image \(image.uuid) was not copied: image \(origin), which it builds on, was not")
            }
            failures.merge(try await copy(level.filter { failures[$0.uuid] == nil })) { $1 }
        }
        if let failure = Failure.combining(failures.sorted { $0.key < $1.key }.map(\.value)) { throw failure }
    }

    /// What is missing, by how far it is from its base: a level has the images whose origins are in earlier ones.
    ///
    /// - Returns: these, and the images that cannot come, by what their origins are.
    private func missing(_ filters: [String]) async throws -> (levels: [[Manifest]], failures: [ImageUUID: Failure]) {
        let query = try ImageQuery(columns: "uuid", filters: filters)
        let chosen = query.rows(of: try await source.list(), manifest: \.manifest).map(\.image.uuid)
        var known: [ImageUUID: Manifest] = [:]
        var depths: [ImageUUID: Int] = [:]
        var failures: [ImageUUID: Failure] = [:]
        for image in chosen {
            var chain: [ImageUUID] = []
            var next: ImageUUID? = image
            func refuse(_ code: Failure.Code, _ why: String) {
                failures[image] = Failure(code, "image \(image) was not copied: \(why)")
            }
            while let uuid = next, failures[image] == nil, depths[uuid] == nil, try await !intake.has(uuid) {
                if chain.contains(uuid) {
                    refuse(.originCycle, "its origins lead back to image \(uuid)")
                } else if chain.count > ImageLimits.origins {
                    refuse(.originCycle, "it has more than \(ImageLimits.origins) origins")
                } else if let manifest = try await source.image(uuid) {
                    known[uuid] = manifest
                    chain.append(uuid)
                    next = manifest.origin
                } else {
                    refuse(.originNotFoundInSource, "image \(uuid), which it builds on, is not on \(source.base)")
                }
            }
            guard failures[image] == nil else { continue }
            var depth = next.flatMap { depths[$0] } ?? -1
            for uuid in chain.reversed() {
                depth += 1
                depths[uuid] = depth
            }
        }
        let deepest = depths.values.max() ?? -1
        let levels = (0..<(deepest + 1)).map { depth in
            depths.filter { $0.value == depth }.keys.sorted().compactMap { known[$0] }
        }
        return (levels, failures)
    }

    /// - Returns: what went wrong, by image.
    private func copy(_ manifests: [Manifest]) async throws -> [ImageUUID: Failure] {
        try await withThrowingTaskGroup(of: (ImageUUID, Failure?).self) { group in
            var failures: [ImageUUID: Failure] = [:]
            var running = 0
            for manifest in manifests {
                if running == ImageMirror.window {
                    if let (uuid, failure) = try await group.next() { failures[uuid] = failure }
                    running -= 1
                }
                group.addTask {
                    do {
                        try await copy(manifest)
                        return (manifest.uuid, nil)
                    } catch let error as CancellationError {
                        throw error
                    } catch {
                        return (
                            manifest.uuid,
                            Failure.wrapping(error, .downloadError, "image \(manifest.uuid) could not be copied")
                        )
                    }
                }
                running += 1
            }
            for try await (uuid, failure) in group { failures[uuid] = failure }
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
