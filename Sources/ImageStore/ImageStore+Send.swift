import Failure
public import Host
public import ImageModel
public import ZFS

extension ImageStore {
    /// Reads the stream of an installed image, as `zfs send` makes it: whole, whatever its origin is.
    ///
    /// - Throws: `ImageMissingOriginalSnapshot` if it has no `@final`; what ZFS says and `body` throws.
    public func send<Value: Sendable>(
        _ uuid: ImageUUID, in pool: PoolName, body: (ChildOutput) async throws -> Value
    ) async throws -> Value {
        try await zfs.send(try await existingFinal(of: uuid, in: pool), from: nil, body: body)
    }

    /// - Throws: as above.
    func finalGUID(of uuid: ImageUUID, in pool: PoolName) async throws -> UInt64 {
        let final = try await existingFinal(of: uuid, in: pool)
        guard let guid = try await zfs.guidNumber(of: final) else {
            throw Failure(.zfs, "the guid of \"\(final)\" cannot be had")
        }
        return guid
    }

    private func existingFinal(of uuid: ImageUUID, in pool: PoolName) async throws -> SnapshotName {
        guard let final = DatasetName.image(uuid, in: pool).snapshot(finalSnapshot),
            try await !zfs.existing([final]).isEmpty
        else {
            throw Failure(
                .imageMissingOriginalSnapshot, "image \(uuid) on zpool \"\(pool)\" has no snapshot @\(finalSnapshot)",
                hint: "imgadm check says more")
        }
        return final
    }

    /// The images of which a record says that their snapshot has a guid. ZFS is not asked, so that they may be gone.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` if the records cannot be read.
    public func recorded(guid: UInt64) throws -> [(uuid: ImageUUID, pool: String)] {
        try records.all().filter { records.read($0.uuid, $0.pool)?.made?.snapshotGUID == guid }.map {
            ($0.uuid, $0.pool)
        }
    }
}
