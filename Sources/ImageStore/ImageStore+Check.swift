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
        /// A record of a pool that is not there now, and whose name another has.
        case recordOfOtherPool(ImageUUID, String)
        /// The record of an image was written when its pool had that other name.
        case recordOfOldName(ImageUUID, PoolName, String)
        case unreadableRecord(ImageUUID, PoolName)
        /// There is an image, but nothing is known of it.
        case imageWithoutRecord(ImageUUID, PoolName)
        /// There is a dataset that may be an image, or somebody's data.
        case doubtful(ImageUUID, PoolName, ImageDoubt)
        /// An image is not mounted where it should be, or its volume has no device.
        case hidden(ImageUUID, PoolName)
        /// An image has no `@final`; maybe another snapshot is what should be it.
        case noFinal(ImageUUID, PoolName, SnapshotName?)
        /// The `@final` of an image is not the snapshot that was installed: the dataset was replaced under its name.
        case replaced(ImageUUID, PoolName, guid: UInt64, recorded: UInt64)
        /// The record states another guid than the `@final` of the image has.
        case otherGUID(ImageUUID, PoolName, guid: UInt64, stated: String)
        /// A run that died has left a dataset.
        case leftover(ImageUUID, PoolName)
        /// A deletion that died has left a part of an image at its own place.
        case halfDeleted(ImageUUID, PoolName)
        /// A deletion that died had noted that it began, and took nothing of the image.
        case deletionNoted(ImageUUID, PoolName)
        /// What was noted of a deletion is about a dataset that is not at the image's place, be it that it is gone or that another has its name.
        case noteWithoutDataset(ImageUUID, PoolName)
        /// Something that is not ours has the name that an image needs to come or go.
        case inTheWay(ImageUUID, PoolName)
        /// What is in the place of a note of a deletion cannot be read.
        case unreadableNote(ImageUUID, path: String, reason: String)
        /// A file that a writer has left that died.
        case temporaryFile(String)
    }

    /// The pools of this host that have any dataset.
    public func pools() async throws -> [PoolName] {
        Set(try await zfs.datasets().map(\.name.pool)).compactMap { PoolName(String($0)) }.sorted()
    }

    /// Looks over records and datasets. Nothing is changed, and what a run at work holds the lock of is left out.
    ///
    /// What came or went between two of the looks seems to be in disorder, whoever has its record: what is found is looked at once
    /// more, by itself, and is in disorder only if it still is, and nobody was at work on it before and after.
    /// - Parameters:
    ///   - only: the one pool to look at; nil for all.
    ///   - looksAtImages: else only what has been left of images is looked for, and what was noted of them.
    public func disorders(in only: PoolName?, ofImages looksAtImages: Bool = true) async throws -> [Disorder] {
        let datasets = if let only { try await zfs.datasets(in: only) } else { try await zfs.datasets() }
        let first = try await atRest(disorders(of: datasets, records.all(), only, looksAtImages))
        guard !first.isEmpty else { return try records.temporaryFiles().map { .temporaryFile($0) } }
        let uuids = Set(first.compactMap(\.image))
        let pools = Set(datasets.map(\.name.poolName)).sorted()
        let names = pools.flatMap { pool in
            [pool.dataset] + uuids.sorted().flatMap { [.image($0, in: pool), .partial($0, in: pool)] }
        }
        let look = try await zfs.lookUp(names)
        let second = try await disorders(
            of: names.compactMap(look.dataset), records.all().filter { uuids.contains($0.uuid) }, only, looksAtImages)
        let settled = try await atRest(first.filter(Set(second).contains))
        return settled + (try records.temporaryFiles().map { .temporaryFile($0) })
    }

    /// - Parameters:
    ///   - datasets: those of the pools that are looked at, and of the images that are.
    ///   - records: those that are looked at.
    private func disorders(
        of datasets: [Dataset], _ records: [(pool: String, uuid: ImageUUID)], _ only: PoolName?,
        _ looksAtImages: Bool
    ) async throws -> [Disorder] {
        let names = Set(datasets.map(\.name))
        let pools = Set(names.map(\.poolName))
        let (besides, leftovers) = try await disordersBeside(names)
        var found = besides
        for (name, uuid) in records {
            found += try await disorders(ofRecord: uuid, name, names, leftovers, pools, only)
        }
        for disorder in try await disordersOfNotes(pools) where !found.contains(disorder) {
            // With a record without a dataset, the note goes as well.
            if case .noteWithoutDataset(let uuid, let pool) = disorder,
                found.contains(.recordWithoutDataset(uuid, pool)) || found.contains(.leftover(uuid, pool))
            {
                continue
            }
            found.append(disorder)
        }
        guard looksAtImages else { return found }
        return try await found + imageDisorders(inventory(of: datasets, ofAllPools: only == nil).images)
    }

    /// What this host has noted of deletions, as of images that have no record here.
    private func disordersOfNotes(_ pools: Set<PoolName>) async throws -> [Disorder] {
        var found: [Disorder] = []
        for (uuid, guid) in try hostNotes.all() {
            for pool in pools where try await self.guid(of: pool) == guid {
                let note: HostNotes.Note?
                do {
                    note = try hostNotes.load(uuid, pool: guid)
                } catch {
                    let path = hostNotes.path(uuid, pool: guid)
                    found.append(.unreadableNote(uuid, path: path, reason: "\(error)"))
                    continue
                }
                if let note { found.append(try await disorder(ofNote: note.guid, uuid, pool)) }
            }
        }
        return found
    }

    /// - Parameter guid: of the dataset that was noted as one whose deletion has begun.
    private func disorder(ofNote guid: UInt64, _ uuid: ImageUUID, _ pool: PoolName) async throws -> Disorder {
        let look = try await look(for: [uuid], in: pool)
        if look.halfDeleted(uuid) != nil { return .halfDeleted(uuid, pool) }
        let isThere = try look.found.guid(of: .image(uuid, in: pool)) == guid
        return isThere ? .deletionNoted(uuid, pool) : .noteWithoutDataset(uuid, pool)
    }

    /// Those of images that no run is at work on.
    private func atRest(_ found: [Disorder]) async throws -> [Disorder] {
        var atRest: [Disorder] = []
        for disorder in found where try await !isUnderWay(disorder) { atRest.append(disorder) }
        return atRest
    }

    /// What is beside the places of images, and which of that runs have left.
    private func disordersBeside(_ names: Set<DatasetName>) async throws -> ([Disorder], Set<DatasetName>) {
        var found: [Disorder] = []
        var leftovers: Set<DatasetName> = []
        for (uuid, pool) in names.sorted().compactMap(ImageStore.partial) {
            switch try await beside(uuid, in: pool) {
            case .nothing: break
            case .somebodys: found.append(.inTheWay(uuid, pool))
            case .leftover:
                found.append(.leftover(uuid, pool))
                leftovers.insert(.partial(uuid, in: pool))
            }
        }
        return (found, leftovers)
    }

    /// The image and the pool of a dataset that is called as what a run may leave.
    private static func partial(_ name: DatasetName) -> (ImageUUID, PoolName)? {
        let last = name.lastComponent
        guard last.hasSuffix("-partial"), let uuid = ImageUUID(String(last.dropLast(8))),
            name == .partial(uuid, in: name.poolName)
        else { return nil }
        return (uuid, name.poolName)
    }

    /// What a run that is at work has the lock of is as it should be.
    private func isUnderWay(_ disorder: Disorder) async throws -> Bool {
        guard let uuid = disorder.image else { return false }
        if case .unreadableNote = disorder { return false }
        if let pool = disorder.pool, try await locks(of: pool).isHeld(uuid) { return true }
        do {
            try HostFile.checkTrusted(root.locks)
        } catch is UnsafeFolder {
            // Whose folder that is could keep from being told what he likes.
            return false
        }
        guard try HostFile.exists(root.locks.appending("img.\(uuid).import.lock")) else { return false }
        guard let lock = try tryLockFile(uuid) else { return true }
        lock.release()
        return false
    }

    private func disorders(
        ofRecord uuid: ImageUUID, _ name: String, _ datasets: Set<DatasetName>, _ leftovers: Set<DatasetName>,
        _ pools: Set<PoolName>, _ only: PoolName?
    ) async throws -> [Disorder] {
        let named = PoolName(name).flatMap { pools.contains($0) ? $0 : nil }
        // Whose record it is: the pool's that has its guid, else the one's of that name.
        let guid = records.read(uuid, name)?.poolGUID
        var owner = named
        if let guid {
            // Two pools may have one guid, as after zpool split: then it is that of its name.
            if let named, try await self.guid(of: named) != guid { owner = nil }
            for pool in pools.sorted() where owner == nil {
                if try await self.guid(of: pool) == guid { owner = pool }
            }
        } else if named == nil, only == nil {
            // It was written by an older version: if just one pool has the image, and no record of it, it is of that.
            let heirs = try pools.filter { try datasets.contains(.image(uuid, in: $0)) && !records.exists(uuid, $0) }
            if heirs.count == 1 { owner = heirs.first }
        }
        guard let owner else {
            if named != nil { return only == nil || only == named ? [.recordOfOtherPool(uuid, name)] : [] }
            return only == nil ? [.recordOfAbsentPool(uuid, name)] : []
        }
        let noted =
            if let guid = records.read(uuid, name)?.deleting?.guid {
                try await disorder(ofNote: guid, uuid, owner)
            } else { Disorder?.none }
        if noted == .halfDeleted(uuid, owner) { return [.halfDeleted(uuid, owner)] }
        guard datasets.contains(.image(uuid, in: owner)) else {
            return leftovers.contains(.partial(uuid, in: owner)) ? [] : [.recordWithoutDataset(uuid, owner)]
        }
        if owner.description != name { return [.recordOfOldName(uuid, owner, name)] }
        if let noted { return [noted] }
        return records.read(uuid, owner) == nil ? [.unreadableRecord(uuid, owner)] : []
    }

    private func imageDisorders(_ images: [InstalledImage]) async throws -> [Disorder] {
        var found: [Disorder] = []
        let names = images.map { DatasetName.image($0.uuid, in: $0.pool) }
        let look = try await zfs.lookUp(names, names.compactMap { $0.snapshot(finalSnapshot) })
        let hidden = Set(try await zfs.hidden(names.filter(look.mayBeHidden)))
        for (image, name) in zip(images, names) {
            let guid = try name.snapshot(finalSnapshot).flatMap { try look.guid(of: $0) }
            if let doubt = image.doubt {
                found.append(.doubtful(image.uuid, image.pool, doubt))
            } else if !image.isKnown,
                try await !records.has(image.uuid, image.pool, guid: self.guid(of: image.pool))
            {
                found.append(.imageWithoutRecord(image.uuid, image.pool))
            }
            // A dataset that only has a UUID's name may be anybody's; and what has gone since is none.
            guard image.isKnown, look.dataset(name) != nil else { continue }
            if let made = image.made, let guid, guid != made.snapshotGUID {
                found.append(.replaced(image.uuid, image.pool, guid: guid, recorded: made.snapshotGUID))
            } else if let stated = image.manifest.files.first?.datasetGUID, let guid, stated != "\(guid)" {
                found.append(.otherGUID(image.uuid, image.pool, guid: guid, stated: stated))
            }
            if hidden.contains(name) { found.append(.hidden(image.uuid, image.pool)) }
            guard guid == nil else { continue }
            do {
                let final = try await final(of: image, guid: image.finalGUID)
                let snapshot: SnapshotName? = if case .renaming(let snapshot) = final { snapshot } else { nil }
                found.append(.noFinal(image.uuid, image.pool, snapshot))
            } catch let error as ZFSError where error.kind == .noDataset {
                // It has gone since.
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
        guard let uuid = disorder.image, let pool = disorder.pool, let lock = try await tryLock(uuid, in: pool) else {
            return false
        }
        defer { lock.release() }
        switch disorder {
        case .recordWithoutDataset(let uuid, let pool), .leftover(let uuid, let pool), .halfDeleted(let uuid, let pool):
            try await clearLeftovers(of: uuid, in: pool) { _ in }
            return true
        case .deletionNoted(let uuid, let pool), .noteWithoutDataset(let uuid, let pool):
            guard try await look(for: [uuid], in: pool).halfDeleted(uuid) == nil else { return false }
            hostNotes.remove(uuid, pool: try await guid(of: pool))
            guard var record = records.read(uuid, pool), record.deleting != nil else { return true }
            record.deleting = nil
            try await write(record, uuid, pool)
            return true
        case .recordOfOldName(let uuid, let pool, let old):
            // The pool's own, if there is one by now, is newer.
            let own = records.read(uuid, pool).flatMap { $0.poolGUID == nil ? nil : $0 }
            guard let record = records.read(uuid, old) else { return false }
            try await write(own ?? record, uuid, pool)
            try records.remove(uuid, named: old)
            return true
        case .hidden(let uuid, let pool):
            try await unhide(.image(uuid, in: pool))
            return true
        case .noFinal(let uuid, let pool, let snapshot?):
            guard let image = try await image(uuid, in: pool),
                try await final(of: image, guid: image.finalGUID) == .renaming(snapshot)
            else { return false }
            try await makeFinal(snapshot)
            return true
        default: return false
        }
    }
}

extension InstalledImage {
    /// The guid of the snapshot that is its `@final`, whatever it is called: that which was installed, or, where that is not known, the
    /// one of its manifest.
    public var finalGUID: String? { made.map { "\($0.snapshotGUID)" } ?? manifest.files.first?.datasetGUID }
}

extension ImageStore.Disorder {
    /// The image that it is about.
    public var image: ImageUUID? {
        switch self {
        case .recordOfAbsentPool(let uuid, _), .recordOfOtherPool(let uuid, _), .unreadableNote(let uuid, _, _): uuid
        case .temporaryFile: nil
        default: place?.0
        }
    }

    /// The pool that it is about, if that is there.
    public var pool: PoolName? { place?.1 }

    private var place: (ImageUUID, PoolName)? {
        switch self {
        case .recordWithoutDataset(let uuid, let pool), .unreadableRecord(let uuid, let pool),
            .recordOfOldName(let uuid, let pool, _), .imageWithoutRecord(let uuid, let pool),
            .doubtful(let uuid, let pool, _), .hidden(let uuid, let pool), .noFinal(let uuid, let pool, _),
            .leftover(let uuid, let pool), .halfDeleted(let uuid, let pool), .inTheWay(let uuid, let pool),
            .deletionNoted(let uuid, let pool), .noteWithoutDataset(let uuid, let pool),
            .replaced(let uuid, let pool, _, _), .otherGUID(let uuid, let pool, _, _):
            (uuid, pool)
        case .recordOfAbsentPool, .recordOfOtherPool, .unreadableNote, .temporaryFile: nil
        }
    }
}
