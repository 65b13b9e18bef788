import Failure
import Host
import HostConfig
public import ImageModel
public import ImageSource
import ImageStore
import JSON
import Logging
import Transport
public import ZFS

/// What an import is asked to do.
public struct ImportRequest: Sendable {
    public var uuid: ImageUUID
    public var pool: PoolName
    /// The sources to ask instead of the configured ones (`-S`).
    public var sources: [SourceDescriptor] = []
    /// Overrides every source's channel (`-C`).
    public var channel: String?
    /// The source sends a raw ZFS stream: size, checksum and compression of the manifest do not apply.
    public var isRawStream = false

    public init(uuid: ImageUUID, pool: PoolName) {
        self.uuid = uuid
        self.pool = pool
    }
}

/// An image and those of its origins that are not installed, child first, and the source that has them.
struct ImportPlan {
    let source: SourceDescriptor
    var chain: [PlannedImage]
    /// Layers and files that are downloaded at a time.
    var window = ImageFetcher.standardWindow

    /// The images' files as one number, or nil if one of them states no size.
    ///
    /// - Throws: `InvalidManifest` for sizes that no number holds.
    var size: Int64? {
        get throws(Failure) {
            var sum: Int64 = 0
            for image in chain {
                guard let size = image.check.size else { return nil }
                let (next, isOver) = sum.addingReportingOverflow(size)
                guard !isOver, size >= 0 else {
                    throw Failure(.invalidManifest, "the file of image \(image.uuid) cannot have \(size) bytes")
                }
                sum = next
            }
            return sum
        }
    }
}

extension ImageTool {
    /// Finds an image and the origins it needs.
    ///
    /// - Throws: `ActiveImageNotFound`, `ImageNotActive`, `OriginNotFoundInSource`, `OriginCycle`, `MinPlatform`,
    ///   `MaxPlatform`, `NoSources`.
    func plan(_ request: ImportRequest, _ report: Report) async throws -> ImportPlan {
        let (image, source) = try await find(request)
        let channel = source.descriptor.channel.map { ", channel \"\($0)\"" } ?? ""
        report.line("Importing \(image.progressTitle) from \"\(source.descriptor.url.base)\"\(channel)")
        report.line("Gather image \(image.uuid) ancestry")
        var chain = [image]
        var manifest = image
        while let uuid = manifest.origin {
            if let installed = try await store.image(uuid, in: request.pool) {
                try await sweep(installed.uuid, in: request.pool)
                report.line("Image \(uuid) already installed")
                break
            }
            guard !chain.contains(where: { $0.uuid == uuid }) else {
                throw Failure(.originCycle, "the origins of image \(image.uuid) lead back to image \(uuid)")
            }
            guard chain.count < ImageTool.longestChain else {
                throw Failure(.originCycle, "image \(image.uuid) has more than \(ImageTool.longestChain) origins")
            }
            guard let origin = try await transport.outlasting({ try await source.manifest(of: uuid) }) else {
                throw Failure(
                    .originNotFoundInSource,
                    "origin image \(uuid) of image \(manifest.uuid) was not found in image source \"\(source.descriptor.displayURL)\""
                )
            }
            chain.append(origin)
            manifest = origin
        }
        for manifest in chain { try await check(manifest) }
        let limits = LayerLimits(try config.load().docker)
        let planned = try chain.map { manifest in
            try PlannedImage(manifest, of: source, by: transport, isRawStream: request.isRawStream, limits: limits)
        }
        return ImportPlan(source: source.descriptor, chain: planned)
    }

    /// Images of type docker have one for each layer.
    private static let longestChain = 1024

    private func find(_ request: ImportRequest) async throws -> (Manifest, any ImageSource) {
        let config = try config.load()
        let given = request.sources.isEmpty ? try config.sources : request.sources
        guard !given.isEmpty else {
            throw Failure(.noSources, "no image sources are configured", hint: "imgadm sources -a URL adds one")
        }
        let asked = try given.filter { $0.type != .docker || !config.dockerImportSkipUUIDs }
            .map { sources.source(try $0.withChannel(request.channel)) }
        let found = try await lookUp(request.uuid, in: asked) { $0.state == "active" }
        for failure in found.failures {
            log.warning("image source was passed over", metadata: ["reason": "\(failure)"])
        }
        if let match = found.match { return match }
        if let unfit = found.unfit {
            throw Failure(
                .imageNotActive, "image \(request.uuid) is not active (its state is \"\(unfit.state ?? "unknown")\")")
        }
        let channel = request.channel.map { " in channel \"\($0)\"" } ?? ""
        throw Failure(
            .activeImageNotFound,
            "an active image \(request.uuid) was not found in any image source\(channel)"
                + ImageTool.unasked(found.failures))
    }

    /// What can be said against an image before anything is downloaded.
    func check(_ manifest: Manifest) async throws {
        guard manifest.type != "lxd" else {
            throw Failure(
                .unsupportedImage, "image \(manifest.uuid) is of type \"lxd\", which cannot be imported")
        }
        if manifest.type == "docker" { try ImageTool.checkUser() }
        if let origin = manifest.json["origin"], origin != .null, manifest.origin == nil {
            throw Failure(
                .invalidManifest,
                "the manifest of image \(manifest.uuid) has an origin that is no UUID: \(origin.text())")
        }
        let requirements = PlatformRequirements(manifest)
        guard !requirements.isEmpty else { return }
        let platform = try await platform.read()
        if platform == nil {
            log.info("platform requirement not applied: no SmartOS host", metadata: ["image": "\(manifest.uuid)"])
        }
        try requirements.check(platform)
    }

    /// Removes what a run that was killed may have left of an image that is installed, and has it mounted if that run did not
    /// come to it.
    func sweep(_ uuid: ImageUUID, in pool: PoolName) async throws {
        try await store.showAgain(uuid, in: pool)
        try sweep(uuid)
    }

    func sweep(_ uuid: ImageUUID) throws {
        try store.sweepLocks()
        guard try downloads.hasFiles(uuid), let lock = try store.tryLockFile(uuid) else { return }
        downloads.remove(uuid)
        lock.release()
    }
}
