import Failure
import Host
public import ImageModel
import JSON
public import ZFS

/// Changes to images that are installed (cli.md §3, update).
extension ImageStore {
    /// What to do about an image's `@final`.
    public enum FinalSnapshot: Sendable, Hashable {
        case present
        /// This snapshot is the one the image came with.
        case renaming(SnapshotName)
        /// There is none with the guid that was asked for.
        case missing
        /// No guid is known to tell it by.
        case unknown
    }

    /// Replaces the manifest of an image's record. Its lock must be held.
    public func replaceManifest(of image: InstalledImage, with manifest: Manifest, source: String) async throws {
        let old = try await record(image.uuid, image.pool)
        var new = old ?? ImageRecord(manifest: manifest, source: source)
        new.manifest = manifest
        new.source = source
        // Where nobody knows what was installed, it is what is there.
        new.made = new.made ?? image.foundGUID.map { MadeImage(snapshotGUID: $0, fileSHA256: nil) }
        // It is whole: a deletion that noted that it began did not.
        new.deleting = nil
        hostNotes.remove(image.uuid, pool: try await guid(of: image.pool))
        try await write(new, image.uuid, image.pool)
    }

    /// Writes the record of an image, under the name that its pool has now. Its lock must be held.
    func write(_ record: ImageRecord, _ uuid: ImageUUID, _ pool: PoolName) async throws {
        let guid = try await guid(of: pool)
        try records.write(record, uuid, pool, guid: guid)
        // What was written when the pool had another name is this.
        for name in try records.names(of: uuid, beside: pool) where records.read(uuid, name)?.poolGUID == guid {
            try records.remove(uuid, named: name)
        }
    }

    /// Looks whether an image has its `@final`, or which snapshot should be it.
    ///
    /// - Parameter guid: of the snapshot that was installed (``InstalledImage/finalGUID``).
    public func final(of image: InstalledImage, guid: String?) async throws -> FinalSnapshot {
        let name = DatasetName.image(image.uuid, in: image.pool)
        let snapshots = try await zfs.snapshots(of: name)
        guard !snapshots.contains(where: { $0.name == finalSnapshot }) else { return .present }
        guard let guid else { return .unknown }
        for snapshot in snapshots where try await zfs.guid(of: snapshot) == guid { return .renaming(snapshot) }
        return .missing
    }

    /// Renames a snapshot of an image to `@final`. Its lock must be held.
    public func makeFinal(_ snapshot: SnapshotName) async throws {
        guard let final = snapshot.dataset.snapshot(finalSnapshot) else { return }
        try await zfs.rename(snapshot, to: final)
    }
}
