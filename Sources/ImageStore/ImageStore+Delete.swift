import Failure
import Host
public import ImageModel
public import ZFS

extension ImageStore {
    /// Deletes an image: the dataset first, then the record (state.md, "Crash safety"). Its lock must be held.
    ///
    /// The dataset is renamed out of its place before it is destroyed, so that the image is there as a whole or not at all
    /// whenever the process is killed. Nothing but the image's own dataset and snapshots is ever destroyed.
    /// - Returns: false if the image is not installed and nothing was left of it.
    /// - Throws: `ImageHasDependentClones`, `ImageHasChildDatasets`, ZFS failures.
    public func delete(_ uuid: ImageUUID, in pool: PoolName, tell: (String) -> Void) async throws -> Bool {
        let name = DatasetName.image(uuid, in: pool)
        let partial = DatasetName.partial(uuid, in: pool)
        guard try await image(uuid, in: pool) != nil else {
            // A run that was killed after the rename, or before it removed the record: this one finishes its work.
            guard try await zfs.dataset(name) == nil else { return false }
            let begun = try await zfs.dataset(partial) != nil || records.exists(uuid, pool)
            try await clearLeftovers(of: uuid, in: pool, tell: tell)
            return begun
        }
        let clones = try await clones(of: name, in: pool)
        guard clones.isEmpty else { throw dependents(uuid, clones) }
        let below = try await zfs.datasets(below: name).filter { $0.name != name }
        if let first = below.first {
            throw Failure(
                .imageHasChildDatasets, "image \(uuid) has datasets below it that are no part of it: \(first.name)",
                hint: "move or destroy them first")
        }
        if try await zfs.dataset(partial) != nil {
            try await zfs.destroy(partial)
            tell("Cleared leftover dataset \(partial)")
        }
        try await uncancelled { [zfs, records] in
            try await zfs.rename(name, to: partial)
            do {
                try await zfs.destroy(partial)
            } catch {
                // Somebody cloned it meanwhile: it is an image again, as it was.
                try await zfs.rename(partial, to: name)
                throw error
            }
            try records.remove(uuid, pool)
        }
        return true
    }

    private func dependents(_ uuid: ImageUUID, _ clones: [DatasetName]) -> Failure {
        let others = clones.count - 1
        let more = others == 0 ? "" : " and \(others) other\(others == 1 ? "" : "s")"
        return Failure(
            .imageHasDependentClones, "image \"\(uuid)\" has dependent clones: \(clones.first?.description ?? "")\(more)")
    }
}
