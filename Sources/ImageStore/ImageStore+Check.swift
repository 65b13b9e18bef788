import Host
public import ImageModel
import JSON
import SystemPackage
public import ZFS

/// What is not as it should be on this host (imgadm.8, check).
extension ImageStore {
    /// Something that was found.
    public enum Disorder: Sendable, Hashable {
        /// There is a record, but no image.
        case recordWithoutDataset(ImageUUID, PoolName)
        /// A record of a pool that is not there now.
        case recordOfAbsentPool(ImageUUID, String)
        case unreadableRecord(ImageUUID, PoolName)
        /// There is an image, but nothing is known of it.
        case imageWithoutRecord(ImageUUID, PoolName)
        /// An image has no `@final`; maybe another snapshot is what should be it.
        case noFinal(ImageUUID, PoolName, SnapshotName?)
        /// A run that died has left a dataset.
        case leftover(ImageUUID, PoolName)
        /// A file that a writer has left that died.
        case temporaryFile(String)
    }

    /// The pools of this host that have any dataset.
    public func pools() async throws -> [PoolName] {
        Set(try await zfs.datasets().map(\.name.pool)).compactMap { PoolName(String($0)) }.sorted()
    }

    /// Looks over records and datasets. Nothing is changed, and what a run at work holds the lock of is left out.
    ///
    /// - Parameter only: the one pool to look at; nil for all.
    public func disorders(in only: PoolName?) async throws -> [Disorder] {
        let datasets = if let only { try await zfs.datasets(in: only) } else { try await zfs.datasets() }
        let names = Set(datasets.map(\.name))
        let pools = Set(names.compactMap { PoolName(String($0.pool)) })
        let images = try await images(in: only)
        var found: [Disorder] = []
        for (pool, uuid) in try records.all() {
            guard let pool = PoolName(pool), pools.contains(pool) else {
                if only == nil { found.append(.recordOfAbsentPool(uuid, pool)) }
                continue
            }
            if !names.contains(.image(uuid, in: pool)) {
                if !names.contains(.partial(uuid, in: pool)) { found.append(.recordWithoutDataset(uuid, pool)) }
            } else if records.read(uuid, pool) == nil {
                found.append(.unreadableRecord(uuid, pool))
            }
        }
        for dataset in datasets {
            let last = String(dataset.name.lastComponent)
            guard last.hasSuffix("-partial"), let uuid = ImageUUID(String(last.dropLast(8))),
                let pool = PoolName(String(dataset.name.pool)), dataset.name == .partial(uuid, in: pool)
            else { continue }
            found.append(.leftover(uuid, pool))
        }
        found += try await imageDisorders(images)
        found += try records.temporaryFiles().map { .temporaryFile($0) }
        return try found.filter { disorder in
            guard let uuid = disorder.image, try HostFile.exists(root.locks.appending("img.\(uuid).import.lock")) else {
                return true
            }
            guard let lock = try? tryLock(uuid) else { return false }
            lock.release()
            return true
        }
    }

    private func imageDisorders(_ images: [InstalledImage]) async throws -> [Disorder] {
        var found: [Disorder] = []
        let snapshots = images.compactMap { DatasetName.image($0.uuid, in: $0.pool).snapshot(finalSnapshot) }
        let withFinal = Set(try await zfs.existing(snapshots).map(\.dataset))
        for image in images {
            if !image.isKnown, try !records.exists(image.uuid, image.pool) {
                found.append(.imageWithoutRecord(image.uuid, image.pool))
            }
            // A dataset that only has a UUID's name may be anybody's.
            guard image.isKnown, !withFinal.contains(.image(image.uuid, in: image.pool)) else { continue }
            let guid = image.manifest.files.first?.datasetGUID
            if case .renaming(let snapshot) = try await final(of: image, guid: guid) {
                found.append(.noFinal(image.uuid, image.pool, snapshot))
            } else {
                found.append(.noFinal(image.uuid, image.pool, nil))
            }
        }
        return found
    }

    /// Mends what can be mended without losing anything. It is looked at once more, under the image's lock.
    ///
    /// - Returns: false if it is left as it is.
    public func repair(_ disorder: Disorder) async throws -> Bool {
        if case .temporaryFile(let path) = disorder {
            // Gone is gone, whoever did it.
            try HostFile.remove(FilePath(path))
            return true
        }
        guard let uuid = disorder.image, let lock = try tryLock(uuid) else { return false }
        defer { lock.release() }
        switch disorder {
        case .recordWithoutDataset(let uuid, let pool), .leftover(let uuid, let pool):
            try await clearLeftovers(of: uuid, in: pool) { _ in }
            return true
        case .noFinal(let uuid, let pool, let snapshot?):
            guard let image = try await image(uuid, in: pool) else { return false }
            let guid = image.manifest.files.first?.datasetGUID
            guard try await final(of: image, guid: guid) == .renaming(snapshot) else { return false }
            try await makeFinal(snapshot)
            return true
        default: return false
        }
    }
}

extension ImageStore.Disorder {
    /// The image that it is about.
    public var image: ImageUUID? {
        switch self {
        case .recordWithoutDataset(let uuid, _), .recordOfAbsentPool(let uuid, _), .unreadableRecord(let uuid, _),
            .imageWithoutRecord(let uuid, _), .noFinal(let uuid, _, _), .leftover(let uuid, _):
            uuid
        case .temporaryFile: nil
        }
    }
}
