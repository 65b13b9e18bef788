public import Host
public import ImageModel
public import ZFS

/// What records know of the URLs that led to images without a manifest.
extension ImageStore {
    /// The image that a URL led to last, if it is installed on a pool.
    public func fetched(
        from url: String, in pool: PoolName
    ) async throws -> (image: InstalledImage, fetched: FetchedURL)? {
        let guid = try await guid(of: pool)
        for (name, uuid) in try records.all() {
            guard let record = records.read(uuid, name), record.belongs(to: guid, name, pool),
                let fetched = record.fetched.last(where: { $0.url == url }),
                let image = try await image(uuid, in: pool)
            else { continue }
            return (image, fetched)
        }
        return nil
    }

    /// Notes that a URL leads to an installed image now, and to no other any more. The lock of each record is taken for the
    /// while.
    ///
    /// - Parameter waiting: is told for which image's record others are waited for.
    public func note(
        _ fetched: FetchedURL, of uuid: ImageUUID, in pool: PoolName, waiting: (ImageUUID, [LockHolder]) -> Void
    ) async throws {
        let guid = try await guid(of: pool)
        for (name, other) in try records.all() {
            guard let seen = records.read(other, name), seen.belongs(to: guid, name, pool),
                other == uuid || seen.fetched.contains(where: { $0.url == fetched.url })
            else { continue }
            let lock = try await recordLock(other, in: pool) { waiting(other, $0) }
            defer { lock.release() }
            guard var record = try await record(other, pool) else { continue }
            let rest = record.fetched.filter { $0.url != fetched.url }
            let new = other == uuid ? rest.suffix(Self.mostURLs - 1) + [fetched] : rest
            guard new != record.fetched else { continue }
            record.fetched = new
            try await write(record, other, pool)
        }
    }

    /// URLs that one record keeps.
    private static let mostURLs = 16
}
