import Failure
import Host
public import ImageModel
import Logging
public import ZFS

extension ImageStore {
    /// Deletes an image: the dataset first, then the record (state.md, "Crash safety"). Its lock must be held.
    ///
    /// Nothing is destroyed until it is sure that all of it can go. Then the dataset is renamed out of its place before it is
    /// destroyed, so that the image is there as a whole or not at all whenever the process is killed. Nothing but the
    /// image's own dataset and snapshots is ever destroyed.
    /// - Parameter force: also what may be no image but somebody's data, and with snapshots that somebody has put to it.
    /// - Returns: false if the image is not installed and nothing was left of it.
    /// - Throws: `ImageHasDependentClones`, `ImageHasChildDatasets`, `ImageHasSnapshots`, `NotAnImage`, `DatasetBusy`, ZFS failures.
    public func delete(
        _ uuid: ImageUUID, in pool: PoolName, force: Bool, tell: (String) -> Void
    ) async throws -> Bool {
        let name = DatasetName.image(uuid, in: pool)
        let partial = DatasetName.partial(uuid, in: pool)
        let guid = try await guid(of: pool)
        guard try await image(uuid, in: pool) != nil, let found = try await zfs.dataset(name) else {
            // A run that was killed after the rename, or before it removed the record: this one finishes its work.
            guard try await zfs.dataset(name) == nil else { return false }
            var begun = try records.has(uuid, pool, guid: guid)
            if !begun { begun = try await zfs.dataset(partial) != nil }
            try await clearLeftovers(of: uuid, in: pool, tell: tell)
            return begun
        }
        let clones = try await clones(of: name, in: pool)
        guard clones.isEmpty else { throw ImageHasClones(uuid, clones) }
        let below = try await zfs.datasets(below: name).filter { $0.name != name }
        if let first = below.first {
            throw Failure(
                .imageHasChildDatasets, "image \(uuid) has datasets below it that are no part of it: \(first.name)",
                hint: "move or destroy them first")
        }
        if !force, try await record(uuid, pool) == nil, let doubt = try await doubt(of: name) {
            throw Failure(
                .notAnImage, "dataset \"\(name)\" may be somebody's data, and no image: \(doubt.rawValue)",
                hint: "imgadm update \(uuid) asks the sources what it is; delete -f destroys it all the same")
        }
        let snapshots = try await zfs.snapshots(of: [name])
        let kept = try await snapshotsToKeep(among: snapshots)[name, default: []].compactMap(\.foreignSnapshot)
        if !force, let first = kept.first {
            let more = kept.count == 1 ? "" : " and \(kept.count - 1) more"
            throw Failure(
                .imageHasSnapshots,
                "image \(uuid) has a snapshot that is no part of it and would go with it: \(first)\(more)",
                hint: "zfs destroy \(first) if nobody needs it; delete -f destroys it with the image")
        }
        if try await zfs.dataset(partial) != nil {
            try await zfs.destroy(partial)
            tell("Cleared leftover dataset \(partial)")
        }
        try await uncancelled {
            try await remove(found.dataset, snapshots[name, default: []].map(\.name), as: partial)
            try records.remove(uuid, pool, guid: guid)
        }
        for snapshot in kept { tell("Destroyed snapshot \(snapshot) with image \(uuid)") }
        return true
    }

    /// Renames an image's dataset out of its place and destroys it; if that cannot be done, it is as it was.
    private func remove(_ dataset: Dataset, _ snapshots: [SnapshotName], as partial: DatasetName) async throws {
        let detachment = try await zfs.detach(dataset)
        do {
            try await zfs.rename(dataset.name, to: partial)
        } catch {
            throw await Failure.undoing(error) { try await zfs.attach(dataset.name, detachment) }
        }
        do {
            try await zfs.destroy(partial)
        } catch let error as ZFSError where error.kind == .noDataset {
            // Somebody else has destroyed it.
        } catch {
            // Somebody cloned it meanwhile.
            throw await Failure.undoing(error) {
                guard try await zfs.snapshots(of: partial).map(\.name) == snapshots.map(\.name) else {
                    throw Failure(
                        .zfs, "a part of the image is destroyed already, so that it is not put back",
                        hint: "delete it again")
                }
                try await zfs.rename(partial, to: dataset.name)
                try await zfs.attach(dataset.name, detachment)
            }
        }
    }

    /// Everything that is a clone of an image.
    public func dependents(of uuid: ImageUUID, in pool: PoolName) async throws -> [DatasetName] {
        try await clones(of: .image(uuid, in: pool), in: pool)
    }
}
