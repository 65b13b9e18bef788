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
        let datasets = try await zfs.datasets(in: pool)
        guard let dataset = datasets.first(where: { $0.name == name }) else {
            // A run that was killed after the rename, or before it removed the record: this one finishes its work.
            var begun = try records.has(uuid, pool, guid: guid)
            if !begun { begun = datasets.contains { $0.name == partial } }
            try await clearLeftovers(of: uuid, in: pool, tell: tell)
            return begun
        }
        var snapshots = try await zfs.snapshots(of: [name])[name, default: []]
        let hasFinal = snapshots.contains { $0.name.name == finalSnapshot }
        guard try await isImage(dataset, hasFinal: hasFinal) else { return false }
        let clones = datasets.filter { $0.origin?.dataset == name }.map(\.name)
        guard clones.isEmpty else { throw ImageHasClones(uuid, clones) }
        if let below = datasets.first(where: { $0.name.isBelow(name) }) {
            throw Failure(
                .imageHasChildDatasets, "image \(uuid) has datasets below it that are no part of it: \(below.name)",
                hint: "move or destroy them first")
        }
        let isRecorded = try await record(uuid, pool) != nil
        if !force, !isRecorded, let doubt = try await doubt(of: name) {
            throw Failure(
                .notAnImage, "dataset \"\(name)\" may be somebody's data, and no image: \(doubt.rawValue)",
                hint: "imgadm update \(uuid) asks the sources what it is; delete -f destroys it all the same")
        }
        let kept = try await snapshotsToKeep(among: [name: snapshots])[name, default: []].compactMap(\.foreignSnapshot)
        if !force, let first = kept.first {
            let more = kept.count == 1 ? "" : " and \(kept.count - 1) more"
            throw Failure(
                .imageHasSnapshots,
                "image \(uuid) has a snapshot that is no part of it and would go with it: \(first)\(more)",
                hint: "zfs destroy \(first) if nobody needs it; delete -f destroys it with the image")
        }
        // To compare takes its time.
        if !isRecorded || snapshots.count > 1 { snapshots = try await zfs.snapshots(of: [name])[name, default: []] }
        if datasets.contains(where: { $0.name == partial }) {
            try await zfs.destroy(partial)
            tell("Cleared leftover dataset \(partial)")
        }
        try await uncancelled { [snapshots] in
            try await remove(dataset, snapshots, as: partial)
            try records.remove(uuid, pool, guid: guid)
        }
        for snapshot in kept { tell("Destroyed snapshot \(snapshot) with image \(uuid)") }
        return true
    }

    /// Renames an image's dataset out of its place and destroys it; if that cannot be done, it is as it was.
    ///
    /// - Parameter snapshots: those of the dataset, as they are now.
    private func remove(_ dataset: Dataset, _ snapshots: [ZFS.ListedSnapshot], as partial: DatasetName) async throws {
        let detachment = try await zfs.detach(dataset, snapshots: snapshots)
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
                guard try await zfs.snapshots(of: partial).map(\.name) == snapshots.map(\.name.name) else {
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
