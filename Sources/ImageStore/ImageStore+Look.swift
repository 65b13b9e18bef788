public import Failure
public import ImageModel
import VirtualMachines
public import ZFS

/// Single images, looked up by their names.
extension ImageStore {
    /// What a pool had under the names of some images, all of it at one moment.
    public struct Look: Sendable {
        public let pool: PoolName
        /// Those of the images that are installed.
        public let images: [ImageUUID: InstalledImage]
        let found: ZFS.Found
        private let besides: [ImageUUID: Beside]
        /// Those at whose places is what is left of them (``HalfDeleted``).
        private let halfDeleted: [ImageUUID: HalfDeleted]

        fileprivate init(
            pool: PoolName, images: [ImageUUID: InstalledImage], found: ZFS.Found, besides: [ImageUUID: Beside],
            halfDeleted: [ImageUUID: HalfDeleted]
        ) {
            self.pool = pool
            self.images = images
            self.found = found
            self.besides = besides
            self.halfDeleted = halfDeleted
        }

        /// Bytes that can still be written to the pool, where ZFS told.
        ///
        /// - Throws: `PoolNotFound`.
        public func room() throws(Failure) -> UInt64? {
            guard found.dataset(pool.dataset) != nil else { throw ZFS.noPool(pool) }
            return found.available(in: pool.dataset)
        }

        /// Bytes that come free with an image, where ZFS tells: of zfs-fuse in steps of what it prints.
        public func usedBytes(of uuid: ImageUUID) -> Int64? {
            found.used(by: .image(uuid, in: pool)).map { Int64(clamping: $0) }
        }

        /// The guid of an image's `@final`; nil if there is none.
        ///
        /// - Throws: `ZfsError` for one that cannot be read.
        public func finalGUID(of uuid: ImageUUID) throws -> UInt64? {
            try DatasetName.image(uuid, in: pool).snapshot(finalSnapshot).flatMap { try found.guid(of: $0) }
        }

        /// No image of the pool is seen.
        var hidesImages: Bool { found.dataset(pool.dataset)?.isIgnored ?? false }

        /// There is a dataset of the image's name, an image or not.
        func isTaken(_ uuid: ImageUUID) -> Bool { found.dataset(.image(uuid, in: pool)) != nil }

        /// What is left at an image's place by a deletion that died.
        func halfDeleted(_ uuid: ImageUUID) -> HalfDeleted? { halfDeleted[uuid] }

        /// What is beside an image's place.
        func beside(_ uuid: ImageUUID) -> Beside { besides[uuid] ?? .nothing }
    }

    /// Looks for images on a pool. ZFS is asked once, but where there is something beside the place of one, and about nothing but the pool, the images, and what may be left of
    /// them.
    public func look(for uuids: [ImageUUID], in pool: PoolName) async throws -> Look {
        let names = uuids.map { DatasetName.image($0, in: pool) }
        let found = try await zfs.lookUp(
            [pool.dataset] + names + uuids.map { .partial($0, in: pool) },
            names.compactMap { $0.snapshot(finalSnapshot) })
        if identities[pool] == nil { identities[pool] = try found.guid(of: pool.dataset) }
        var images: [ImageUUID: InstalledImage] = [:]
        var halfDeleted: [ImageUUID: HalfDeleted] = [:]
        for (uuid, name) in zip(uuids, names) {
            guard let dataset = found.dataset(name) else { continue }
            var guid = try name.snapshot(finalSnapshot).flatMap { try found.guid(of: $0) }
            let left = try await HalfDeleted(
                dataset, found, note: { hostNotes.read(uuid, pool: try await self.guid(of: pool)) },
                record: { try await self.record(uuid, pool) })
            if let left {
                halfDeleted[uuid] = left
                continue
            }
            guard try await isImage(dataset, hasFinal: guid != nil) else { continue }
            let record = try await record(uuid, pool)
            if record == nil, guid != nil {
                let known = try await zfs.ofNoMachines(finalSnapshot, of: [name])
                // It has gone since.
                guard known.datasets.contains(name) else { continue }
                if known.snapshots.isEmpty {
                    guid = nil
                    guard !ImageRule.needsFinal(dataset) else { continue }
                }
            }
            var image = InstalledImage(uuid: uuid, pool: pool, record: record, origin: dataset.origin)
            image.mayBeHidden = found.mayBeHidden(name)
            image.foundGUID = guid
            images[uuid] = image
        }
        var besides: [ImageUUID: Beside] = [:]
        for uuid in uuids where found.dataset(.partial(uuid, in: pool)) != nil {
            besides[uuid] = try await beside(uuid, in: pool)
        }
        return Look(pool: pool, images: images, found: found, besides: besides, halfDeleted: halfDeleted)
    }

    /// One image, or nil if it is not installed.
    public func image(_ uuid: ImageUUID, in pool: PoolName) async throws -> InstalledImage? {
        try await look(for: [uuid], in: pool).images[uuid]
    }

    /// The image is installed, or something is left of a run that was killed while it came or went.
    public func isPresent(_ uuid: ImageUUID, in look: Look) async throws -> Bool {
        if look.images[uuid] != nil || look.halfDeleted(uuid) != nil { return true }
        guard !look.isTaken(uuid) else { return false }
        if look.beside(uuid).leftover != nil { return true }
        let guid = try await guid(of: look.pool)
        return try records.has(uuid, look.pool, guid: guid)
    }

    /// Nothing of an image is there, neither itself nor what a run that was killed may have left of it.
    public func isClear(_ uuid: ImageUUID, in look: Look) async throws -> Bool {
        guard !look.isTaken(uuid), !look.hidesImages, case .nothing = look.beside(uuid) else { return false }
        return try await !isPresent(uuid, in: look)
    }

    /// What is at an image's place is one (state.md, "Datasets").
    private func isImage(_ dataset: Dataset, hasFinal: Bool) async throws -> Bool {
        guard hasFinal || !ImageRule.needsFinal(dataset) else { return false }
        return ImageRule.uuid(of: dataset, roots: try await machines.rootFolders()) != nil
    }
}
