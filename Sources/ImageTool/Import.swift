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
            sweep(request.uuid)
            report.line("Image \(installed.title) is already installed, skipping")
            return
        }
        let available = try await store.available(in: request.pool)
        var plan = try await plan(request, report)
        let locks = ChainLocks()
        do {
            guard try await lock(&plan, request, locks, report) else {
                await locks.releaseAll()
                return
            }
            let size = request.isRawStream ? nil : plan.size
            let count = plan.chain.count
            report.line(
                "Must download and install \(count) image\(count == 1 ? "" : "s")\(size.map { " (\(ByteCount.text($0)))" } ?? "")"
            )
            try checkSpace(plan, size, available, request)
            try await install(plan, request, locks, report)
            await locks.releaseAll()
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
        _ plan: inout ImportPlan, _ request: ImportRequest, _ locks: ChainLocks, _ report: Report
    ) async throws -> Bool {
        for (place, manifest) in plan.chain.enumerated() {
            let uuid = manifest.uuid
            let lock = try await store.lock(uuid) { report.line("Waiting for image \(uuid) import lock") }
            await locks.add(lock, of: uuid)
            guard try await store.image(uuid, in: request.pool) != nil else { continue }
            downloads.remove(uuid)
            await locks.release(uuid)
            if place == 0 {
                report.line("Image \(manifest.progressTitle) was imported while waiting on lock")
                return false
            }
            plan.chain.removeSubrange(place...)
            break
        }
        return true
    }

    /// Compressed files take more room when they are unpacked, never less: what has no room compressed has none at all.
    private func checkSpace(_ plan: ImportPlan, _ size: Int64?, _ available: UInt64?, _ request: ImportRequest) throws {
        guard let size, let available, UInt64(max(0, size)) > available else { return }
        throw Failure(
            .noSpace,
            "zpool \"\(request.pool)\" has \(ByteCount.text(Int64(clamping: available))) available, but the images to install have \(ByteCount.text(size))",
            hint: "make room in the pool, or use another with -P")
    }

    /// Installs the images, base first. The base goes from the network straight into ZFS; the others are downloaded
    /// meanwhile, several at a time, and received as soon as their origin is there. When one fails, all stop.
    private func install(_ plan: ImportPlan, _ request: ImportRequest, _ locks: ChainLocks, _ report: Report)
        async throws
    {
        let order = Array(plan.chain.reversed())
        let fetcher = ImageFetcher(
            source: plan.source, transport: transport, downloads: downloads, isRawStream: request.isRawStream,
            report: report)
        let (fetched, announce) = AsyncStream.makeStream(of: ImageUUID.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await fetcher.fetch(order.dropFirst()) { announce.yield($0) }
                announce.finish()
            }
            group.addTask {
                var ready: Set<ImageUUID> = order.first.map { [$0.uuid] } ?? []
                var arrivals = fetched.makeAsyncIterator()
                for manifest in order {
                    while !ready.contains(manifest.uuid) {
                        guard let uuid = await arrivals.next() else { throw CancellationError() }
                        ready.insert(uuid)
                    }
                    try await installOne(manifest, fetcher, request, report)
                    await locks.release(manifest.uuid)
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
        _ manifest: Manifest, _ fetcher: ImageFetcher, _ request: ImportRequest, _ report: Report
    ) async throws {
        let uuid = manifest.uuid
        let file = try fetcher.imageToInstall(manifest, pool: request.pool)
        let thread = DedicatedThread("pipeline")
        if let path = downloads.usable(uuid, size: request.isRawStream ? nil : file.check.size) {
            do {
                try await withTaskExecutorPreference(thread) {
                    try await store.install(file, from: try LocalImageFile(path), tell: report.line)
                }
                return finish(manifest, report)
            } catch let failure as Failure where failure.code == .downloadError {
                report.warning("downloaded file \(path) cannot be used (\(failure)): downloading it anew")
            }
        }
        downloads.remove(uuid)
        try await withTaskExecutorPreference(thread) {
            let stream = fetcher.stream(manifest, try fetcher.request(manifest))
            try await store.install(file, from: stream, tell: report.line)
        }
        finish(manifest, report)
    }

    private func finish(_ manifest: Manifest, _ report: Report) {
        downloads.remove(manifest.uuid)
        report.line("Imported image \(manifest.progressTitle)")
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
