import Host
import ImageModel
import ZFS

/// Notes of deletions that must destroy a dataset where it is, in the folder of this host where the locks are: for those who share a pool and
/// have no record of the image, and for whoever has his records on a pool that is full. The next start of the host takes them away;
/// what a record says stays (`ImageRecord.deleting`).
struct HostNotes: Sendable {
    /// What is being deleted.
    struct Note: Sendable, Hashable {
        /// Of the dataset.
        let guid: UInt64
        /// What it is a clone of.
        let origin: SnapshotName?
    }

    private static let prefix = "deleting-"

    private static func name(_ uuid: ImageUUID, _ pool: UInt64) -> String { "\(prefix)\(pool)-\(uuid)" }

    /// The images of which there are notes, and the guids of their pools.
    func all() throws -> [(uuid: ImageUUID, pool: UInt64)] {
        // Without a folder there is no note.
        try (folder()?.names() ?? []).sorted().compactMap { name in
            guard name.hasPrefix(Self.prefix), let uuid = ImageUUID(String(name.suffix(36))),
                let pool = UInt64(name.dropFirst(Self.prefix.count).dropLast(37)), name == Self.name(uuid, pool)
            else { return nil }
            return (uuid, pool)
        }
    }

    /// The note about an image; one that is not whole counts for nothing, so that what it is about stays.
    func read(_ uuid: ImageUUID, pool: UInt64) throws -> Note? {
        guard let bytes = try folder()?.read(Self.name(uuid, pool), limit: 1024) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, let guid = UInt64(lines[0]), lines[2].isEmpty else { return nil }
        if lines[1] == "-" { return Note(guid: guid, origin: nil) }
        return SnapshotName(String(lines[1])).map { Note(guid: guid, origin: $0) }
    }

    func write(_ note: Note, _ uuid: ImageUUID, pool: UInt64) throws {
        let text = "\(note.guid)\n\(note.origin?.description ?? "-")\n"
        try PrivateFolder.making(HostRoot.sharedLocks).replace(Self.name(uuid, pool), with: Array(text.utf8))
    }

    /// Removes the note about an image; one that is not there is fine.
    func remove(_ uuid: ImageUUID, pool: UInt64) throws {
        try folder()?.remove(Self.name(uuid, pool))
    }

    /// In a folder of somebody else's there is no note of ours.
    private func folder() throws -> PrivateFolder? {
        do {
            return try PrivateFolder.existing(HostRoot.sharedLocks)
        } catch is UnsafeFolder { return nil }
    }
}
