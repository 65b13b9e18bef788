import Failure
import Host
import ImageModel
import ImageSource
import ImageStore
import JSON
import ZFS

/// From a plan to installed images: locks, fetching, installing. `import` and `install` join here.
extension ImageTool {
    /// Installs what a plan says is missing. If an image that it builds on is deleted before it is held, it is planned anew.
    ///
    /// - Parameter room: bytes that the pool has room for, where that is known.
    /// - Returns: the image that was asked for; nil for an empty plan, or if it is only told what would be done.
    @discardableResult
    func carryOut(
        in pool: PoolName, room: UInt64?, _ report: Report, planning plan: () async throws -> ImportPlan
    ) async throws -> CarriedOut? {
        guard !isRehearsing else {
            try await rehearse(try await plan(), in: pool, room, report)
            return nil
        }
        // Nothing is waited for: what was deleted is planned for, and held next time unless it is deleted once more in between.
        var tries = 0
        while true {
            do {
                return try await carryOut(try await plan(), in: pool, room, report)
            } catch let gone as OriginGone {
                tries += 1
                guard tries < 5 else {
                    throw Failure(
                        .originNotInstalled, "image \(gone.uuid), on which this one builds, is deleted again and again")
                }
                report.line("Image \(gone.uuid) was deleted meanwhile")
            }
        }
    }

    private func carryOut(
        _ plan: ImportPlan, in pool: PoolName, _ room: UInt64?, _ report: Report
    ) async throws -> CarriedOut? {
        var plan = plan
        guard let head = plan.chain.first else { return nil }
        let locks = try await ChainLocks(of: head.uuid, in: pool, store)
        defer { locks.release() }
        guard try await lock(&plan, pool, locks, report) else {
            return CarriedOut(uuid: head.uuid, wasThere: true)
        }
        try await announce(plan, head, in: pool, room, report)
        report.transfers.expect(bytes: try plan.size, count: plan.chain.count)
        return try await install(plan, pool, locks, report)
    }

    /// Tells what would be done.
    private func rehearse(_ plan: ImportPlan, in pool: PoolName, _ room: UInt64?, _ report: Report) async throws {
        guard let head = plan.chain.first else { return }
        try await announce(plan, head, in: pool, room, report)
        for image in plan.chain.reversed() {
            var result = ImageResult(.imported, image, title: image.title, in: pool)
            result.isRequested = image.uuid == head.uuid
            result.isPlanned = true
            result.layer = image.layer.map { "\($0)" }
            if image.layer != nil { result.coming = (plan.chain.count, try plan.size) }
            // Of a file that must come first, the UUID is made, and the one here stands in for it.
            if image.draft != nil, image.hasProvisionalUUID { result.uuid = nil }
            report.did(result)
        }
    }

    /// Says what is to come, and looks whether there is room for it.
    private func announce(
        _ plan: ImportPlan, _ head: AvailableImage, in pool: PoolName, _ room: UInt64?, _ report: Report
    ) async throws {
        let count = plan.chain.count
        let size = try plan.size
        switch plan.verb {
        case .importing where head.isHere: break
        case .importing:
            report.line(
                "Must download and install \(count) image\(count == 1 ? "" : "s")\(size.map { " (\(ByteCount.text($0)))" } ?? "")"
            )
        case .installing: report.line("Installing image \(head.title)")
        }
        if let doubt = try await plan.checkRoom(room, on: pool, of: self) { report.warning(doubt) }
    }

    /// Locks the images of a plan, child first, and looks again whether each is still missing: another process may have
    /// installed it meanwhile. The one that they build on is held.
    ///
    /// - Returns: false if the image itself is there now.
    private func lock(
        _ plan: inout ImportPlan, _ pool: PoolName, _ locks: ChainLocks, _ report: Report
    ) async throws -> Bool {
        if try await locks.takeAll(plan.chain.map(\.uuid), buildingOn: plan.chain.last?.manifest.origin) { return true }
        for (place, image) in plan.chain.enumerated() {
            let uuid = image.uuid
            guard try await !locks.take(uuid, report) else { continue }
            removeDownload(uuid)
            if place == 0 {
                report.did(ImageResult(.present(.meanwhile), image, title: image.title, in: pool))
                // Who installed it may keep his records elsewhere. From its files, it gets one.
                if plan.verb == .importing, let there = try await store.image(uuid, in: pool), !there.isKnown {
                    report.warning(ImageTool.unrecorded(there))
                }
                return false
            }
            plan.chain.removeSubrange(place...)
            return true
        }
        if let origin = plan.chain.last?.manifest.origin {
            try await locks.hold(origin, report)
        }
        return true
    }

    /// Installs the images, base first. A base goes from the network straight into ZFS; the others are downloaded
    /// meanwhile, several at a time, and received as soon as their origin is there. When one fails, all stop.
    ///
    /// - Returns: the last of them.
    private func install(
        _ plan: ImportPlan, _ pool: PoolName, _ locks: ChainLocks, _ report: Report
    ) async throws -> CarriedOut? {
        let order = Array(plan.chain.reversed())
        let lowest = order.first?.uuid
        let fetcher = ImageFetcher(
            downloads: downloads, window: plan.window, limits: plan.limits, report: report,
            lock: { uuid in try await store.lockDownload(uuid) { report.waiting(for: uuid, $0) } },
            beginning: { image in
                // What the others build on is not here yet.
                guard image.uuid == lowest else { return nil }
                let guid = locks.seen(image.uuid, buildingOn: image.manifest.origin).originGUID
                return StreamBeginning(of: image.manifest, holding: image.content, in: pool, originGUID: guid)
            })
        let direct = try plan.goesStraight(beside: downloads) ? order.first?.uuid : nil
        let (fetched, announce) = AsyncStream.makeStream(of: ImageUUID.self)
        return try await withThrowingTaskGroup(of: CarriedOut?.self) { group in
            group.addTask {
                try await fetcher.fetch(order.filter { $0.uuid != direct }) { announce.yield($0) }
                announce.finish()
                return nil
            }
            group.addTask {
                var ready: Set<ImageUUID> = []
                var arrivals = fetched.makeAsyncIterator()
                var last: CarriedOut?
                for image in order {
                    while image.uuid != direct, !ready.contains(image.uuid) {
                        guard let uuid = await arrivals.next() else { throw CancellationError() }
                        ready.insert(uuid)
                    }
                    let isHead = image.uuid == order.last?.uuid
                    let done = try await installOne(image, of: plan, in: pool, isHead: isHead, locks, fetcher)
                    try locks.hold(done.uuid)
                    last = done
                }
                return last
            }
            do {
                var head: CarriedOut?
                while let done = try await group.next() { head = done ?? head }
                return head
            } catch {
                group.cancelAll()
                // The first error is the one that counts; the others only stopped because of it.
                while (try? await group.next()) != nil {}
                throw error
            }
        }
    }

    private func installOne(
        _ image: AvailableImage, of plan: ImportPlan, in pool: PoolName, isHead: Bool, _ locks: ChainLocks,
        _ fetcher: ImageFetcher
    ) async throws -> CarriedOut {
        let uuid = image.uuid
        let report = fetcher.report
        let lock = isHead ? nil : try await locks.takeFile(of: uuid, report)
        defer { lock?.release() }
        guard isHead || lock != nil else { return CarriedOut(uuid: uuid, wasThere: true) }
        let seen = locks.seen(uuid, buildingOn: image.manifest.origin)
        let file = ImageToInstall(
            manifest: image.manifest, source: image.source, pool: pool, check: image.check, content: image.content,
            compression: image.compression, limits: plan.limits, fileName: image.fileName, fetched: image.fetched,
            given: image.draft?.fields ?? [:], seen: seen)
        let settlement = Settlement(of: image, in: pool, store, locks, report)
        defer { settlement.release() }
        try await withTaskExecutorPreference(DedicatedThread("pipeline")) {
            if let made = try await installDownloaded(image, file, settlement, report) {
                return locks.note(made, of: settlement.manifest.uuid)
            }
            removeDownload(uuid)
            let parts = DownloadParts()
            func install(_ parts: DownloadParts) async throws {
                let made = try await store.install(
                    file, opening: { try fetcher.open(image, noting: parts) }, tell: report.line,
                    settling: settlement.settle)
                locks.note(made, of: settlement.manifest.uuid)
            }
            do {
                try await install(parts)
            } catch is Settlement.IsThere {
                return
            } catch let error as ImageFileError where image.isHere {
                throw ImageFileError("file \"\(image.place)\" is not what it should be", cause: error)
            } catch let error where ImageFetcher.isOtherFile(error) && parts.areOfSeveral {
                report.warning("image \(uuid) came in parts that do not fit together (\(error)): fetching it anew")
                try await install(DownloadParts())
            }
        }
        removeDownload(uuid)
        if !settlement.isThere {
            let title = image.draft == nil ? image.title : settlement.manifest.progressTitle
            var result = ImageResult(
                plan.verb == .importing ? .imported : .installed, image, as: settlement.manifest, title: title, in: pool
            )
            result.isRequested = isHead
            result.layer = image.layer.map { "\($0)" }
            report.did(result)
        }
        return CarriedOut(uuid: settlement.manifest.uuid, wasThere: settlement.isThere)
    }

    /// Installs an image from its file in the download folder.
    ///
    /// - Returns: nil if there is none that can be used.
    private func installDownloaded(
        _ image: AvailableImage, _ file: ImageToInstall, _ settlement: Settlement, _ report: Report
    ) async throws -> MadeContent? {
        guard !image.isHere, try downloads.isUsable(image.uuid, size: image.check.size) else { return nil }
        do {
            return try await store.install(
                file, opening: { try downloads.openComplete(image.uuid) }, tell: report.line,
                settling: settlement.settle)
        } catch let error as ImageFileError {
            report.warning(
                "downloaded file \(downloads.complete(image.uuid)) cannot be used (\(error)): downloading it anew")
            return nil
        }
    }
}

/// What came of an image that was asked for.
struct CarriedOut: Sendable {
    /// Which it turned out to have.
    let uuid: ImageUUID
    /// Nothing was made: it was there, or is by now.
    let wasThere: Bool
}
