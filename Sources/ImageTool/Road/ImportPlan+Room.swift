import Failure
import ImageModel
import ImageSource
import ImageStore
import ZFS

/// Whether there is room for what is planned, on the pool and in the download folder.
extension ImportPlan {
    /// - Parameter room: bytes that the pool has room for, where that is known.
    /// - Returns: what is to be told where that is not known before it is written.
    /// - Throws: `NoSpace`; `InvalidManifest` for sizes that no number holds.
    func checkRoom(_ room: UInt64?, on pool: PoolName, of tool: ImageTool) async throws -> String? {
        try await checkPool(pool, room, tool.store)
        try checkFolder(tool.downloads)
        guard try leastRoom == nil, let size = try size, let room, UInt64(clamping: size) > room else { return nil }
        return
            "zpool \"\(pool)\" has \(ByteCount.text(Int64(clamping: room))) available, and the file has \(ByteCount.text(size)): whether there is room for what is made of it is known only once it is written"
    }

    /// Compressed files take more room when they are unpacked, never less: what has no room compressed has none at all.
    private func checkPool(_ pool: PoolName, _ room: UInt64?, _ store: ImageStore) async throws {
        guard let size = try leastRoom, let room, UInt64(max(0, size)) > room else { return }
        let quota = try await store.quota(of: pool).map {
            "property quota of zpool \"\(pool)\" is \(ByteCount.text(Int64(clamping: $0))): raise it, "
        }
        throw Failure(
            .noSpace,
            "zpool \"\(pool)\" has \(ByteCount.text(Int64(clamping: room))) available, but the images to install have \(ByteCount.text(size))",
            hint: "\(quota ?? "")make room in the pool, or use another with -P")
    }

    /// The files of all images above the base wait in the download folder.
    private func checkFolder(_ downloads: DownloadFolder) throws {
        let size = try ImportPlan.size(of: chain.dropLast(), in: downloads)
        guard size > 0, let free = downloads.freeSpace, size > free else { return }
        throw Failure(
            .noSpace,
            "the folder \"\(downloads.path)\" has \(ByteCount.text(Int64(clamping: free))) free, but the files that must wait there have \(ByteCount.text(Int64(clamping: size)))",
            hint: "make room there, or import the origins one by one first")
    }

    /// Bytes that files of images will still take in the download folder.
    private static func size(
        of images: some Collection<AvailableImage>, in downloads: DownloadFolder
    ) throws -> UInt64 {
        let missing = try images.filter { try !downloads.isUsable($0.uuid, size: $0.check.size) }
        return UInt64(max(0, missing.reduce(Int64(0)) { ByteCount.sum($0, $1.check.size ?? 0) }))
    }

    /// Whether the lowest of the missing images goes from the network straight into ZFS. What is not whole then is lost when the
    /// import ends early, so an image whose origin is there is kept in the download folder like those above it, if there
    /// is room. A base is not: it is the largest, and would be written twice.
    func goesStraight(beside downloads: DownloadFolder) throws -> Bool {
        guard let lowest = chain.last, !lowest.needsWholeFile else { return false }
        guard lowest.manifest.origin != nil, lowest.check.isStrong, lowest.check.size != nil else { return true }
        return try downloads.freeSpace.map { free in try ImportPlan.size(of: chain, in: downloads) > free } ?? true
    }
}
