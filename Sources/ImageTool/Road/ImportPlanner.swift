import Failure
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import JSON
import Logging
import Transport
import ZFS

/// Finds out what an image takes to be here, and judges it before a byte is fetched: which images of its chain are missing, and whether
/// this host can make and run them. Whether there is room for them, ``ImportPlan/checkRoom(_:on:of:)`` says.
struct ImportPlanner {
    private let tool: ImageTool
    private let pool: PoolName
    private let report: Report

    init(_ tool: ImageTool, in pool: PoolName, _ report: Report) {
        self.tool = tool
        self.pool = pool
        self.report = report
    }

    /// What is missing of the chain of an image, judged before a byte of it is fetched.
    ///
    /// - Parameters:
    ///   - head: the manifest of the image; the image itself is not installed.
    ///   - supply: has the image and its origins.
    ///   - isRawStream: the files are streams as they are; size, checksum and compression of the manifests do not apply.
    /// - Throws: `OriginNotFoundInSource`, `OriginCycle`, `MinPlatform`, `MaxPlatform`, `InvalidManifest`, `UnsupportedImage`,
    ///   `PermissionDenied`.
    func plan(
        _ head: Manifest, from supply: any ImageSupply, isRawStream: Bool = false
    ) async throws -> ImportPlan {
        var chain = [head]
        var manifest = head
        while let uuid = manifest.origin {
            if let installed = try await tool.store.image(uuid, in: pool) {
                try await tool.tidyInstalled(installed, isOrigin: true, report)
                var result = ImageResult(.present(.origin), installed, title: uuid.description)
                result.isRequested = false
                result.layer = supply.layer(uuid).map { "\($0)" }
                report.did(result)
                break
            }
            guard !chain.contains(where: { $0.uuid == uuid }) else {
                throw Failure(.originCycle, "the origins of image \(head.uuid) lead back to image \(uuid)")
            }
            guard chain.count < supply.longestChain else {
                throw Failure(.originCycle, "image \(head.uuid) has more than \(supply.longestChain) origins")
            }
            guard let origin = try await tool.transport.outlasting({ try await supply.manifest(of: uuid) }) else {
                throw Failure(
                    .originNotFoundInSource,
                    "origin image \(uuid) of image \(manifest.uuid) was not found in image source \"\(supply.descriptor.displayURL)\""
                )
            }
            chain.append(origin)
            manifest = origin
        }
        for manifest in chain { try await check(manifest) }
        var images = try chain.map { try supply.image(of: $0) }
        if isRawStream, let other = images.first(where: { $0.draft != nil }) {
            throw Failure(
                .usage, "--zstream does not go with image \(other.title), which is no stream but made into one")
        }
        if isRawStream {
            for place in images.indices { images[place].expectRawStream() }
        } else {
            for remark in chain.compactMap(\.digestRemark) { report.warning(remark) }
        }
        return try plan(.importing, images)
    }

    /// An image that is one file, from elsewhere or of this host, and is judged (``check(_:)``).
    ///
    /// - Throws: `PermissionDenied`, `CommandNotFound`, `ConfigError`.
    func plan(file image: AvailableImage) throws -> ImportPlan { try plan(.importing, [image]) }

    /// An image whose file and manifest are here: what it builds on has to be, too.
    ///
    /// - Throws: `OriginNotInstalled`; as ``plan(file:)``.
    func plan(installing image: AvailableImage) async throws -> ImportPlan {
        try await checkOrigin(of: image.manifest)
        return try plan(.installing, [image])
    }

    /// A plan of images that nothing can be said against but that they cannot be made here.
    ///
    /// - Throws: `PermissionDenied`, `CommandNotFound`, `ConfigError`.
    private func plan(_ verb: ImportPlan.Verb, _ images: [AvailableImage]) throws -> ImportPlan {
        for image in images { try tool.store.checkHost(for: image.content) }
        let settings = try tool.config.load().docker
        return ImportPlan(verb: verb, chain: images, window: settings.downloads, limits: LayerLimits(settings))
    }

    /// What can be said against an image before anything is downloaded.
    func check(_ manifest: Manifest) async throws {
        guard manifest.imageType != .lxd else {
            throw Failure(
                .unsupportedImage, "image \(manifest.uuid) is of type \"lxd\", which cannot be imported")
        }
        if let origin = manifest.json["origin"], origin != .null, manifest.origin == nil {
            throw Failure(
                .invalidManifest,
                "the manifest of image \(manifest.uuid) has an origin that is no UUID: \(origin.text())")
        }
        let requirements = PlatformRequirements(manifest)
        guard !requirements.isEmpty else { return }
        let platform = try await tool.platform.read()
        if platform == nil {
            tool.log.info("platform requirement not applied: no SmartOS host", metadata: ["image": "\(manifest.uuid)"])
        }
        try requirements.check(platform)
    }

    /// - Throws: `OriginNotInstalled`.
    func checkOrigin(of manifest: Manifest) async throws {
        guard let origin = manifest.origin, try await tool.store.image(origin, in: pool) == nil else { return }
        throw Failure(
            .originNotInstalled,
            "the origin \(origin) of image \(manifest.uuid) is not installed on zpool \"\(pool)\"",
            hint:
                "imgadm import -P \(pool) \(origin) installs it from a source, imgadm install -P \(pool) -m MANIFEST -f FILE from its files"
        )
    }
}
