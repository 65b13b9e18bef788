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
        guard try await image(uuid, in: pool) != nil, let found = try await zfs.dataset(name) else {
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
        try await uncancelled { try await remove(found.dataset, as: partial) }
        try records.remove(uuid, pool)
        return true
    }

    /// Renames an image's dataset out of its place and destroys it; if that is not to be done, it is as it was.
    private func remove(_ dataset: Dataset, as partial: DatasetName) async throws {
        // zfs-fuse cannot rename what is mounted; for every ZFS this is where somebody's using it shows.
        if dataset.kind == .filesystem { try await zfs.unmount(dataset.name) }
        do {
            try await zfs.rename(dataset.name, to: partial)
            do {
                try await zfs.destroy(partial)
            } catch {
                // Somebody cloned it meanwhile.
                try await zfs.rename(partial, to: dataset.name)
                throw error
            }
        } catch {
            if dataset.kind == .filesystem { try? await zfs.mount(dataset.name) }
            throw error
        }
    }

    /// Everything that is a clone of an image.
    public func dependents(of uuid: ImageUUID, in pool: PoolName) async throws -> [DatasetName] {
        try await clones(of: .image(uuid, in: pool), in: pool)
    }

    private func dependents(_ uuid: ImageUUID, _ clones: [DatasetName]) -> Failure {
        let others = clones.count - 1
        let more = others == 0 ? "" : " and \(others) other\(others == 1 ? "" : "s")"
        return Failure(
            .imageHasDependentClones,
            "image \"\(uuid)\" has dependent clones: \(clones.first?.description ?? "")\(more)",
            hint: others == 0 ? nil : "imgadm delete -v names them all")
    }
}
