import Failure
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import JSON
import Logging
import Transport
import ZFS

/// An image and those of its origins that are not installed, child first.
struct ImportPlan {
    /// How what is done is called.
    enum Verb {
        /// It is brought here from a source.
        case importing
        /// Its file is here.
        case installing
    }

    let verb: Verb
    var chain: [AvailableImage]
    /// Files that are downloaded at a time.
    let window: Int
    /// What a layer may take.
    let limits: LayerLimits

    /// Bytes that the images will take at least, or nil if that is not known of one of them: of what is not packed, much may be
    /// zero, and take nothing.
    var leastRoom: Int64? {
        get throws(Failure) { chain.contains { $0.draft != nil } ? nil : try size }
    }

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
    /// What is missing of the chain of an image, judged before a byte of it is fetched.
    ///
    /// - Parameters:
    ///   - head: the manifest of the image; the image itself is not installed.
    ///   - supply: has the image and its origins.
    ///   - isRawStream: the files are streams as they are; size, checksum and compression of the manifests do not apply.
    /// - Throws: `OriginNotFoundInSource`, `OriginCycle`, `MinPlatform`, `MaxPlatform`, `InvalidManifest`, `UnsupportedImage`,
    ///   `PermissionDenied`.
    func plan(
        _ head: Manifest, from supply: any ImageSupply, in pool: PoolName, isRawStream: Bool = false, _ report: Report
    ) async throws -> ImportPlan {
        var chain = [head]
        var manifest = head
        while let uuid = manifest.origin {
            if let installed = try await store.image(uuid, in: pool) {
                try await tidyInstalled(installed, isOrigin: true, report)
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
            guard let origin = try await transport.outlasting({ try await supply.manifest(of: uuid) }) else {
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
            for remark in chain.compactMap(ImageTool.unchecked(byDigestOf:)) { report.warning(remark) }
        }
        return try plan(.importing, images)
    }

    /// A plan of images that nothing can be said against but that they cannot be made here.
    ///
    /// - Throws: `PermissionDenied`, `CommandNotFound`, `ConfigError`.
    func plan(_ verb: ImportPlan.Verb, _ images: [AvailableImage]) throws -> ImportPlan {
        for image in images { try store.checkHost(for: image.content) }
        let settings = try config.load().docker
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
        let platform = try await platform.read()
        if platform == nil {
            log.info("platform requirement not applied: no SmartOS host", metadata: ["image": "\(manifest.uuid)"])
        }
        try requirements.check(platform)
    }
}
