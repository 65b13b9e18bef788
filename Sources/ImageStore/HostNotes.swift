import Failure
import Host
import ImageModel
import Logging
import SystemPackage
import ZFS

/// Notes of deletions that must destroy a dataset where it is, in the folder of this host where the locks are: for those who share a pool and
/// have no record of the image, and for whoever has his records on a pool that is full. The next start of the host takes them away;
/// what a record says stays (`ImageRecord.deleting`).
struct HostNotes: Sendable {
    let log: Logger

    /// What is being deleted.
    struct Note: Sendable, Hashable {
        /// Of the dataset.
        let guid: UInt64
        /// What it is a clone of.
        let origin: SnapshotName?
        /// Bytes that it referred to; nil where ZFS did not tell, and in notes of older versions.
        var referenced: UInt64?
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

    /// The note about an image. One that cannot be read counts for nothing, so that what it is about stays; the log has a warning.
    func read(_ uuid: ImageUUID, pool: UInt64) -> Note? {
        do {
            return try load(uuid, pool: pool)
        } catch {
            warn("a note of a deletion cannot be used", uuid, pool, error)
            return nil
        }
    }

    /// The same.
    ///
    /// - Throws: why what is in its place cannot be read, or is no note.
    func load(_ uuid: ImageUUID, pool: UInt64) throws -> Note? {
        guard let bytes = try folder()?.read(Self.name(uuid, pool), limit: 1024) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard (3...4).contains(lines.count), let guid = UInt64(lines[0]), lines.last == "" else { throw Self.noNote }
        var note = Note(guid: guid, origin: SnapshotName(String(lines[1])))
        guard note.origin != nil || lines[1] == "-" else { throw Self.noNote }
        if lines.count == 4 {
            note.referenced = UInt64(lines[2])
            guard note.referenced != nil else { throw Self.noNote }
        }
        return note
    }

    private static let noNote = Failure(.invalidFile, "what is in it is no note")

    func write(_ note: Note, _ uuid: ImageUUID, pool: UInt64) throws {
        let text =
            "\(note.guid)\n\(note.origin?.description ?? "-")\n" + (note.referenced.map { "\($0)\n" } ?? "")
        try PrivateFolder.making(HostRoot.sharedLocks).replace(Self.name(uuid, pool), with: Array(text.utf8))
    }

    /// Removes the note about an image, if there is one. One that stays is told, and does no harm: no other dataset has its guid.
    func remove(_ uuid: ImageUUID, pool: UInt64) {
        do {
            try folder()?.remove(Self.name(uuid, pool))
        } catch { warn("a note of a deletion cannot be removed", uuid, pool, error) }
    }

    func path(_ uuid: ImageUUID, pool: UInt64) -> String {
        HostRoot.sharedLocks.appending(Self.name(uuid, pool)).string
    }

    private func warn(_ what: String, _ uuid: ImageUUID, _ pool: UInt64, _ error: any Error) {
        log.warning("\(what)", metadata: ["file": "\(path(uuid, pool: pool))", "reason": "\(error)"])
    }

    /// In a folder of somebody else's there is no note of ours.
    private func folder() throws -> PrivateFolder? {
        do {
            return try PrivateFolder.existing(HostRoot.sharedLocks)
        } catch is UnsafeFolder { return nil }
    }
}
