import Failure
public import Host
public import ImageModel
public import ZFS

extension ImageStore {
    /// Does something with what an installed image has. Nothing keeps others from deleting it meanwhile: where that was done, it is what is
    /// told, and not what came of it.
    ///
    /// - Throws: `ImageNotInstalled`, `DatasetBusy` for that; what `work` throws.
    public func reading<Value: Sendable>(
        _ image: InstalledImage, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let error as any CodedError {
            // Where that cannot be told, what went wrong is.
            guard let look = try? await look(for: [image.uuid], in: image.pool) else { throw error }
            let now = look.images[image.uuid]
            if now == nil || now?.foundGUID != image.foundGUID {
                throw Failure(
                    .imageNotInstalled,
                    "image \(image.uuid) was \(now == nil ? "deleted from" : "replaced on") zpool \"\(image.pool)\" while it was read",
                    cause: error, hint: now == nil ? nil : "try again")
            }
            guard let missing = error as? ZFSError, missing.kind == .noDataset else { throw error }
            throw Failure(
                .datasetBusy, "image \(image.uuid) was about to be deleted while it was read, and is there again",
                cause: error, hint: "try again")
        }
    }

    /// Does something with the content of an installed image, as ``reading(_:_:)``. `create` of an image has a snapshot `@final` of its own in
    /// the place of the image's for a while: what was read then is not the image.
    ///
    /// - Throws: as there; `DatasetBusy` for that.
    public func readingContent<Value: Sendable>(
        _ image: InstalledImage, _ work: () async throws -> Value
    ) async throws -> Value {
        let before = try await contentGUID(of: image)
        let value = try await reading(image, work)
        // One that was deleted right after was read whole.
        if let after = try await contentGUID(of: image), after != before {
            throw Failure(
                .datasetBusy,
                "image \(image.uuid) had another snapshot @\(finalSnapshot) after it was read than before",
                hint: "what was made of it is not to be used: try again")
        }
        return value
    }

    private func contentGUID(of image: InstalledImage) async throws -> UInt64? {
        let name = DatasetName.image(image.uuid, in: image.pool)
        // What is not there is told by who reads it.
        guard let final = name.snapshot(finalSnapshot) else { return nil }
        guard try await zfs.ofMachines([final]).isEmpty else {
            throw Failure(
                .datasetBusy,
                "an image is being made of \(image.uuid), which has another snapshot @\(finalSnapshot) meanwhile",
                hint: "try again when that has ended")
        }
        return try await zfs.guidNumber(of: final)
    }

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

    /// The images of which a record knows the file that they were made from, unless it says that this file has another size: with the
    /// SHA-256 of each.
    ///
    /// - Throws: as above.
    public func recorded(fileOf size: UInt64) throws -> [(uuid: ImageUUID, pool: String, fileSHA256: String)] {
        try records.all().compactMap { image in
            guard let record = records.read(image.uuid, image.pool), let sum = record.made?.fileSHA256,
                (record.manifest.files.first?.size).map({ UInt64(exactly: $0) == size }) ?? true
            else { return nil }
            return (image.uuid, image.pool, sum)
        }
    }
}
