import Failure
import Host
import ImageModel
import ImageSource
import ImageStore
import Logging
import ZFS

extension ImageTool {
    /// Imports an image and the origins it needs (cli.md §3, import).
    ///
    /// - Throws: as the plan does; `DownloadError`, `NoSpace`, `PoolNotFound` and what ZFS says.
    public func importImage(_ request: ImportRequest, _ report: Report) async throws {
        if let installed = try await store.image(request.uuid, in: request.pool) {
            try sweep(request.uuid)
            report.line("Image \(installed.title) is already installed, skipping")
            return
        }
        let available = try await store.available(in: request.pool)
        let plan = try await plan(request, report)
        try await carryOut(plan, in: request.pool, available, report)
    }

    /// Installs what a plan says is missing.
    ///
    /// - Parameter available: bytes that the pool has room for, where that is known.
    /// - Returns: false if another process installed the image meanwhile.
    @discardableResult
    func carryOut(_ plan: ImportPlan, in pool: PoolName, _ available: UInt64?, _ report: Report) async throws -> Bool {
        var plan = plan
        let locks = ChainLocks()
        do {
            guard try await lock(&plan, pool, locks, report) else {
                await locks.releaseAll()
                return false
            }
            let count = plan.chain.count
            report.line(
                "Must download and install \(count) image\(count == 1 ? "" : "s")\(plan.size.map { " (\(ByteCount.text($0)))" } ?? "")"
            )
            report.transfers.expect(bytes: plan.size, count: count)
            try checkSpace(plan, available, pool)
            try checkDownloadSpace(plan)
            try await install(plan, pool, locks, report)
            await locks.releaseAll()
            return true
        } catch {
            await locks.releaseAll()
            throw error
        }
    }

    /// Locks the images of a plan, child first, and looks again whether each is still missing: another process may have
    /// installed it meanwhile.
    ///
    /// - Returns: false if the image itself is there now.
    private func lock(
        _ plan: inout ImportPlan, _ pool: PoolName, _ locks: ChainLocks, _ report: Report
    ) async throws -> Bool {
        for (place, image) in plan.chain.enumerated() {
            let uuid = image.uuid
            let lock = try await store.lock(uuid) { report.line("Waiting for image \(uuid) import lock") }
            await locks.add(lock, of: uuid)
            guard try await store.image(uuid, in: pool) != nil else { continue }
            downloads.remove(uuid)
            await locks.release(uuid)
            if place == 0 {
                report.line("Image \(image.title) was imported while waiting on lock")
                return false
            }
            plan.chain.removeSubrange(place...)
            break
        }
        return true
    }

    /// Compressed files take more room when they are unpacked, never less: what has no room compressed has none at all.
    private func checkSpace(_ plan: ImportPlan, _ available: UInt64?, _ pool: PoolName) throws {
        guard let size = plan.size, let available, UInt64(max(0, size)) > available else { return }
        throw Failure(
            .noSpace,
            "zpool \"\(pool)\" has \(ByteCount.text(Int64(clamping: available))) available, but the images to install have \(ByteCount.text(size))",
            hint: "make room in the pool, or use another with -P")
    }

    /// The files of all images above the base wait in the download folder.
    private func checkDownloadSpace(_ plan: ImportPlan) throws {
        let waiting = plan.chain.dropLast().filter { downloads.usable($0.uuid, size: $0.check.size) == nil }
        let size = waiting.reduce(Int64(0)) { ByteCount.sum($0, $1.check.size ?? 0) }
        guard size > 0, let free = downloads.freeSpace, UInt64(size) > free else { return }
        throw Failure(
            .noSpace,
            "the folder \"\(downloads.path)\" has \(ByteCount.text(Int64(clamping: free))) free, but the files that must wait there have \(ByteCount.text(size))",
            hint: "make room there, or import the origins one by one first")
    }

    /// Installs the images, base first. The base goes from the network straight into ZFS; the others are downloaded
    /// meanwhile, several at a time, and received as soon as their origin is there. When one fails, all stop.
    private func install(_ plan: ImportPlan, _ pool: PoolName, _ locks: ChainLocks, _ report: Report) async throws {
        let order = Array(plan.chain.reversed())
        let fetcher = ImageFetcher(downloads: downloads, window: plan.window, report: report)
        let direct = order.first.flatMap { $0.needsWholeFile ? nil : $0.uuid }
        let (fetched, announce) = AsyncStream.makeStream(of: ImageUUID.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await fetcher.fetch(order.filter { $0.uuid != direct }) { announce.yield($0) }
                announce.finish()
            }
            group.addTask {
                var ready: Set<ImageUUID> = []
                var arrivals = fetched.makeAsyncIterator()
                for image in order {
                    while image.uuid != direct, !ready.contains(image.uuid) {
                        guard let uuid = await arrivals.next() else { throw CancellationError() }
                        ready.insert(uuid)
                    }
                    try await installOne(image, image.toInstall(from: plan.source, pool: pool), fetcher, report)
                    await locks.release(image.uuid)
                }
            }
            do {
                while try await group.next() != nil {}
            } catch {
                group.cancelAll()
                // The first error is the one that counts; the others only stopped because of it.
                while (try? await group.next()) != nil {}
                throw error
            }
        }
    }

    private func installOne(
        _ image: PlannedImage, _ file: ImageToInstall, _ fetcher: ImageFetcher, _ report: Report
    ) async throws {
        let uuid = image.uuid
        let thread = DedicatedThread("pipeline")
        if let path = downloads.usable(uuid, size: image.check.size) {
            do {
                try await withTaskExecutorPreference(thread) {
                    if let layer = image.layer {
                        try await store.install(
                            file, layer: layer, opening: { try LocalImageFile(path) }, tell: report.line)
                    } else {
                        try await store.install(file, from: try LocalImageFile(path), tell: report.line)
                    }
                }
                return finish(image, report)
            } catch let failure as Failure where failure.code == .downloadError {
                report.warning("downloaded file \(path) cannot be used (\(failure)): downloading it anew")
            }
        }
        downloads.remove(uuid)
        try await withTaskExecutorPreference(thread) {
            if let layer = image.layer {
                try await store.install(file, layer: layer, opening: { fetcher.stream(image) }, tell: report.line)
            } else {
                try await store.install(file, from: fetcher.stream(image), tell: report.line)
            }
        }
        finish(image, report)
    }

    private func finish(_ image: PlannedImage, _ report: Report) {
        downloads.remove(image.uuid)
        report.line("Imported image \(image.title)")
    }
}

/// The locks that an import holds.
actor ChainLocks {
    private var held: [(uuid: ImageUUID, lock: FileLock)] = []

    func add(_ lock: FileLock, of uuid: ImageUUID) { held.append((uuid, lock)) }

    func release(_ uuid: ImageUUID) {
        held.first { $0.uuid == uuid }?.lock.release()
        held.removeAll { $0.uuid == uuid }
    }

    func releaseAll() {
        for (_, lock) in held.reversed() { lock.release() }
        held = []
    }
}
