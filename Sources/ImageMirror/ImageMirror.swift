import Failure
public import IMGAPI
public import ImageCatalog
import ImageModel
import JSON
import NIOCore
public import Transport

/// Copies active images, with the origins they need, from another image server into a repository.
public struct ImageMirror: Sendable {
    let source: IMGAPIClient
    let repository: any ImageRepository
    let tell: @Sendable (String) -> Void
    let transport: Transport
    private let intake: ImageIntake
    private let progress: MirrorProgress

    /// How many images are copied at a time.
    private static let window = 3

    /// The most bytes of manifests, as JSON, that are kept until their images are copied.
    private static let mostManifests = 512 << 20

    /// - Parameters:
    ///   - progress: has what has come.
    ///   - tell: is told of each image.
    public init(
        from source: IMGAPIClient, by transport: Transport, into repository: any ImageRepository,
        progress: MirrorProgress = MirrorProgress(), tell: @escaping @Sendable (String) -> Void
    ) {
        self.source = source
        self.transport = transport
        self.repository = repository
        self.progress = progress
        self.tell = tell
        intake = ImageIntake(repository)
    }

    /// Copies what is missing: origins before what builds on them, several images at a time. What is there already stays as
    /// it is, so a run that was broken off is taken up by the next; of an image that is there, an icon that is missing comes.
    ///
    /// - Parameters:
    ///   - filters: conditions that an image must meet, as `imgadm avail` takes them.
    ///   - dryRun: only tells what would be done.
    ///   - prunes: removes what a mirror of this source has copied and the source has no more, or newer images that are here have replaced,
    ///     as many as `keeps`.
    ///   - keeps: how many images of a name are wanted, those that were published last; all if nil.
    /// - Throws: after all that could be copied, what went wrong; `Usage` for a filter by a field that no image has; `ConfigError` where there are
    ///   channels, and none of them is the default.
    public func run(filters: [String], dryRun: Bool, prunes: Bool = false, keeps: Int? = nil) async throws {
        if let channels = try await repository.catalog(.listing).channels, channels.defaultName == nil {
            throw Failure(
                .configError, "no channel here is the default, so that what is copied would be in none",
                hint: "make one the default in the list of channels")
        }
        let list = try await source.listing()
        let choice = try MirrorChoice(list.images, filters: filters, keeps: keeps)
        let (levels, missing) = try await missing(choice.wanted)
        var failures = missing
        progress.expect(wanted: choice.wanted.count, levels.joined().map { $0.files.first?.size ?? 0 })
        for level in levels {
            if dryRun {
                for manifest in level {
                    let size = manifest.files.first?.size.map { ", \(ByteCount.text($0))" } ?? ""
                    tell("[dry-run] Mirrored image \(manifest.uuid) (\(manifest.title))\(size)")
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
        if !dryRun { failures.merge(try await copyIcons(of: choice.withIcons)) { one, _ in one } }
        var told = failures.sorted { $0.key < $1.key }.map(\.value)
        if prunes {
            do {
                let coming = dryRun ? levels.joined().filter { failures[$0.uuid] == nil } : []
                let pruning = try await prune(besides: choice, of: list, coming: coming, dryRun: dryRun)
                progress.pruned(pruning.count)
                told += pruning.reasons
            } catch let error as CancellationError {
                throw error
            } catch {
                // What could not be copied is told all the same.
                told.append(Failure.wrapping(error, .sourceError, "images could not be pruned"))
            }
        }
        progress.fail(told)
        if let failure = Failure.combining(told) { throw failure }
    }

    /// What is kept with an image that came from this source.
    var mark: String { "mirror \(source.base)" + (source.channel.map { "?channel=\($0)" } ?? "") }

    /// What is missing, by how far it is from its base: a level has the images whose origins are in earlier ones.
    ///
    /// - Returns: these, and the images that cannot come, by what their origins are or what the source says of them.
    private func missing(
        _ chosen: [ImageUUID]
    ) async throws -> (levels: [[Manifest]], failures: [ImageUUID: Failure]) {
        var known: [ImageUUID: Manifest] = [:]
        var bytes = 0
        var depths: [ImageUUID: Int] = [:]
        var failures: [ImageUUID: Failure] = [:]
        for image in chosen {
            var chain: [ImageUUID] = []
            var next: ImageUUID? = image
            func refuse(_ code: Failure.Code, _ why: String, _ cause: (any Error)? = nil, hint: String? = nil) {
                failures[image] = Failure(code, "image \(image) was not copied: \(why)", cause: cause, hint: hint)
            }
            while let uuid = next, failures[image] == nil, depths[uuid] == nil, try await !intake.has(uuid) {
                if chain.contains(uuid) {
                    refuse(.originCycle, "its origins lead back to image \(uuid)")
                } else if chain.count > ImageLimits.origins {
                    refuse(.originCycle, "it has more than \(ImageLimits.origins) origins")
                } else {
                    do {
                        guard let manifest = try await source.image(uuid) else {
                            refuse(
                                .originNotFoundInSource, "image \(uuid), which it builds on, is not on \(source.base)")
                            continue
                        }
                        if let isPublic = manifest["public"]?.boolValue, isPublic != (repository.mode == .public) {
                            let (its, ours) = isPublic ? ("public", "private") : ("private", "public")
                            refuse(
                                .invalidManifest,
                                "image \(uuid) is \(its), and this server \(ours)",
                                hint: "--mode \(its) is for such images; the filter public=\(!isPublic) leaves them out"
                            )
                            continue
                        }
                        bytes += JSONValue.object(manifest.json).text().utf8.count
                        guard bytes <= ImageMirror.mostManifests else {
                            throw Failure(
                                .sourceError,
                                "the manifests of what is missing here have more than \(ByteCount.text(Int64(ImageMirror.mostManifests)))",
                                hint: "a filter, as name=base, chooses some of them")
                        }
                        known[uuid] = manifest
                        chain.append(uuid)
                        next = manifest.origin
                    } catch let error as any CodedError
                        where !(error is ConnectionError) && bytes <= ImageMirror.mostManifests
                    {
                        // One that the source cannot tell of keeps no other from coming. One that is away ends all.
                        refuse(error.code, "its manifest, or that of an origin, cannot be had", error)
                    }
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
        // Others may fill the same repository, and it may be long since it was looked at.
        guard try await !intake.has(manifest.uuid) else {
            return tell("Image \(manifest.uuid) (\(manifest.title)) has come meanwhile")
        }
        if let remark = manifest.digestRemark { tell("warning: \(remark)") }
        let request = DownloadRequest(source.fileRequest(manifest.uuid), size: manifest.files.first?.size)
        let download = Download(request, by: transport)
        try await intake.take(manifest, by: mark) {
            let piece = try await download.next()
            if let piece { progress.come(piece.readableBytes) }
            return piece
        }
        progress.finish()
        tell("Mirrored image \(manifest.uuid) (\(manifest.title))")
    }

    /// Icons are files of their own, whose failure leaves the image as it is: the next run finds them missing.
    ///
    /// - Returns: what went wrong, by image.
    private func copyIcons(of uuids: [ImageUUID]) async throws -> [ImageUUID: Failure] {
        let catalog = try await repository.catalog(.now)
        var failures: [ImageUUID: Failure] = [:]
        for uuid in uuids {
            // What cannot be read at present is not there to get one.
            guard let image = try? catalog.image(uuid), image.icon == nil else { continue }
            do {
                guard let icon = try await source.icon(of: uuid) else { continue }
                try await intake.take(icon: icon.bytes, contentType: icon.contentType, of: uuid)
            } catch let error as CancellationError {
                throw error
            } catch {
                failures[uuid] = Failure(
                    .downloadError, "the icon of image \(uuid) could not be copied", cause: error,
                    hint: "the image is there; the same command tries again")
            }
        }
        return failures
    }
}
