import Failure
import Host
import HostConfig
public import ImageModel
public import ImageSource
import ImageStore
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

extension ImageTool {
    /// Imports an image and the origins it needs (cli.md §3, import).
    ///
    /// - Throws: `ActiveImageNotFound`, `ImageNotActive`, `NoSources`; as the plan does; `DownloadError`, `NoSpace`,
    ///   `PoolNotFound` and what ZFS says.
    public func importImage(_ request: ImportRequest, _ report: Report) async throws {
        let look = try await store.look(for: [request.uuid], in: request.pool)
        if let installed = look.images[request.uuid] {
            try await tidyInstalled(installed, report)
            report.did(ImageResult(.present(.asked), installed))
            return
        }
        let room = try look.room()
        try await carryOut(in: request.pool, room: room, report) {
            let (image, source) = try await find(request, report)
            for remark in sources.remarks.take() { report.warning(remark) }
            let channel = source.descriptor.channel.map { ", channel \"\($0)\"" } ?? ""
            report.line("Importing \(image.progressTitle) from \"\(source.descriptor.url.base)\"\(channel)")
            report.line("Gather image \(image.uuid) ancestry")
            return try await ImportPlanner(self, in: request.pool, report)
                .plan(image, from: source, isRawStream: request.isRawStream)
        }
    }

    private func find(_ request: ImportRequest, _ report: Report) async throws -> (Manifest, any ImageSource) {
        let config = try config.load()
        let given = request.sources.isEmpty ? try config.sources : request.sources
        guard !given.isEmpty else {
            throw NoSources()
        }
        let skipsDocker = try config.dockerImportSkipUUIDs
        let asked = try asked(given.filter { $0.type != .docker || !skipsDocker }, channel: request.channel)
        let found = try await lookUp(request.uuid, in: asked) { $0.isActive }
        if let match = found.match {
            // Otherwise the error tells of them.
            for failure in found.failures { report.warning("\(failure)") }
            return match
        }
        if let unfit = found.unfit {
            throw Failure(
                .imageNotActive,
                "image \(request.uuid) is not active (its state is \"\(unfit.state ?? "unknown")\")"
                    + ImageTool.unasked(found.failures))
        }
        let channel = request.channel.map { " in channel \"\($0)\"" } ?? ""
        throw ImageTool.missing(
            .activeImageNotFound, "an active image \(request.uuid) was not found in any image source\(channel)",
            found.failures)
    }

    /// Removes what a run that was killed may have left beside an image that is installed, and mounts it if that run did not come to it. The
    /// image stays as it is; where it may be something else, that is warned of.
    ///
    /// - Parameter isOrigin: it was not asked for, and another builds on it.
    func tidyInstalled(_ image: InstalledImage, isOrigin: Bool = false, _ report: Report) async throws {
        if let doubt = try await store.doubt(about: image) {
            report.warning("\(image.pool)/\(image.uuid) may be no image, or another: \(doubt)")
        } else if !image.isKnown, !isOrigin {
            report.warning(ImageTool.unrecorded(image))
        }
        guard !isRehearsing else { return }
        try await store.showAgain(image)
        try await sweep(image.uuid, in: image.pool)
    }

    /// What is said of an image that is there without a record, and what makes one.
    static func unrecorded(_ image: InstalledImage) -> String {
        let uuid = image.uuid
        return
            "image \(uuid) has no record here, so that no name finds it: imgadm update \(uuid) asks the sources for its manifest; imgadm install -P \(image.pool) -m MANIFEST -f FILE takes it from the image's files; what is known to neither has a record again once it is deleted and comes anew"
    }

    /// Takes away what a run that died has downloaded of an image. One that is at work has its lock, also where it fetches what others
    /// of its chain build on, ahead of them.
    func sweep(_ uuid: ImageUUID, in pool: PoolName) async throws {
        try store.sweepLocks()
        guard try downloads.hasFiles(uuid), let lock = try await store.tryLock(uuid, in: pool) else { return }
        removeDownload(uuid)
        lock.release()
    }

    /// Removes an image's files in the download folder, unless somebody is fetching them: for another pool, then.
    ///
    /// - Returns: false if they were left alone.
    @discardableResult
    func removeDownload(_ uuid: ImageUUID) -> Bool {
        // What stays is used again or found by `check`.
        guard let lock = try? store.tryLockDownload(uuid) else { return false }
        downloads.remove(uuid)
        lock.release()
        return true
    }
}
