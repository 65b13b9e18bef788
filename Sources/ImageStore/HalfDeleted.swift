import Failure
import Host
import ImageModel
import Logging
import ZFS

/// What a deletion has left at an image's own place that had no room to move it aside, and died (`ImageRecord.deleting`).
///
/// It is no image any more: its `@final` is gone. As long as that is there, nothing is lost, and it is one.
struct HalfDeleted: Sendable {
    /// By which the dataset is known until it is destroyed.
    let guid: UInt64
    /// Bytes that it referred to when its deletion began, if that was noted.
    private(set) var referenced: UInt64?

    /// Nil for what is none. What builds on something else than the image did is none, either: a clone of it was promoted since the note was
    /// written, and what is at the image's place is somebody's.
    ///
    /// - Parameters:
    ///   - note: this host's about the image.
    ///   - record: the image's, as it is on that pool.
    init?(
        _ dataset: Dataset, _ found: ZFS.Found, note: () async throws -> HostNotes.Note?,
        record: () async throws -> ImageRecord?
    ) async throws {
        guard !dataset.isIgnored, let final = dataset.name.snapshot(finalSnapshot), try found.guid(of: final) == nil,
            let guid = try found.guid(of: dataset.name)
        else { return nil }
        self.guid = guid
        if let note = try await note(), note.guid == guid, note.origin == dataset.origin {
            referenced = note.referenced
            return
        }
        guard let record = try await record(), record.deleting?.guid == guid,
            dataset.origin?.dataset == record.manifest.origin.map({ .image($0, in: dataset.name.poolName) })
        else { return nil }
        referenced = record.deleting?.referenced
    }
}

/// What is written down before a dataset is destroyed where it is, to be undone if it stays.
struct DeletionNote: Sendable {
    /// The record as it was; nil if there was none.
    fileprivate let before: ImageRecord?
    /// There was room for a record.
    fileprivate let isRecorded: Bool
}

extension ImageStore {
    /// Notes that a dataset is about to be destroyed where it is, for whoever finds what is left of it: in its record, which stays, and for those
    /// who have none on this host. Its lock must be held.
    ///
    /// Where one of them cannot be written, the other must do; where both have no room, what a kill would leave is taken for what may be
    /// somebody's data, as it is by those who have no record when the host has started again.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` where none can be written, and not for want of room.
    func noteDeletion(of uuid: ImageUUID, in pool: PoolName, _ dataset: HostNotes.Note) async throws -> DeletionNote {
        let before = try await record(uuid, pool)
        var record = before ?? ImageRecord(manifest: Manifest(uuid: uuid), source: nil)
        record.deleting = ImageRecord.Deletion(guid: dataset.guid, referenced: dataset.referenced)
        let unnoted = try await noting(uuid) { try hostNotes.write(dataset, uuid, pool: try await guid(of: pool)) }
        let unrecorded = try await noting(uuid) { try await write(record, uuid, pool) }
        if let unnoted, let unrecorded, let error = [unrecorded, unnoted].first(where: { $0.kind != .noSpace }) {
            throw error
        }
        return DeletionNote(before: before, isRecorded: unrecorded == nil)
    }

    /// - Returns: why it could not be written.
    private func noting(_ uuid: ImageUUID, _ write: () async throws -> Void) async throws -> FileError? {
        do {
            try await write()
            return nil
        } catch let error as FileError {
            log.warning("a deletion cannot be noted", metadata: ["image": "\(uuid)", "reason": "\(error)"])
            return error
        }
    }

    /// Takes that back: the image is whole, and stays.
    func takeBack(_ note: DeletionNote, of uuid: ImageUUID, in pool: PoolName) async throws {
        hostNotes.remove(uuid, pool: try await guid(of: pool))
        guard note.isRecorded else { return }
        if let record = note.before {
            try await write(record, uuid, pool)
        } else {
            try records.remove(uuid, pool, guid: try await guid(of: pool))
        }
    }

    /// Destroys what a deletion has left at an image's own place: it has lost its snapshots, and one that it has came after that.
    ///
    /// - Parameters:
    ///   - dryRun: nothing is changed.
    ///   - force: also what was written to since.
    /// - Throws: `ImageHasChildDatasets`, `ImageHasSnapshots` for what is somebody's; `NotAnImage`.
    func destroy(
        _ left: HalfDeleted, of uuid: ImageUUID, in pool: PoolName, dryRun: Bool, force: Bool
    ) async throws {
        let name = DatasetName.image(uuid, in: pool)
        do {
            let contents = try await zfs.contents(of: name)
            guard contents.guid == left.guid else {
                throw Failure(
                    .notAnImage, "dataset \"\(name)\" was replaced by another while it was being deleted",
                    hint: "find out by whom; delete it again if it is to go")
            }
            try await refuseAdditions(contents, toRestOf: uuid, name)
            if !force { try await refuseData(in: left, of: uuid, name) }
            if !dryRun { try await destroy(name, contents.snapshots) }
        } catch let error as ZFSError where error.kind == .noDataset {
            // Somebody else has destroyed it.
        }
    }

    /// What was written to a dataset that was left without its `@final`, as far as the dataset has become larger by that.
    private func refuseData(in left: HalfDeleted, of uuid: ImageUUID, _ name: DatasetName) async throws {
        guard let then = left.referenced else { return }
        if try await !zfs.flush(name.poolName), try await zfs.mountedPath(of: name) != nil {
            throw Failure(
                .notAnImage,
                "what a deletion has left of image \(uuid), dataset \"\(name)\", is mounted, and this ZFS does not tell at once whether somebody has written to it",
                hint:
                    "zfs unmount \(name), and delete the image again; imgadm delete -f \(uuid) destroys it all the same"
            )
        }
        guard let now = try await zfs.numbers("referenced", of: [name])[name], now > then else { return }
        throw Failure(
            .notAnImage,
            "what a deletion has left of image \(uuid), dataset \"\(name)\", refers to \(now) bytes, and did to \(then) when that began: somebody may have written to it",
            hint: "look what is in it (zfs mount \(name)); imgadm delete -f \(uuid) destroys it all the same")
    }

    /// What has come to a dataset that was left without its `@final` is somebody's, and is named with what takes it away.
    private func refuseAdditions(_ contents: ZFS.Contents, toRestOf uuid: ImageUUID, _ name: DatasetName) async throws {
        let rest = "what a deletion has left of image \(uuid)"
        if let below = contents.below.first {
            throw Failure(
                .imageHasChildDatasets, "\(rest) has datasets below it that are no part of it: \(below)",
                hint: "zfs rename it, or destroy it if nobody needs it, and delete the image again")
        }
        if let held = contents.snapshots.first(where: \.isHeld) { throw ZFS.held(held.name) }
        let others = contents.snapshots.map(\.name).filter { $0.name != ZFS.probe }
        guard let first = others.first else { return }
        let clones = try await zfs.datasets(in: name.poolName).filter { $0.origin?.dataset == name }
        if let clone = clones.first, let origin = clone.origin {
            throw Failure(
                .imageHasDependentClones, "\(rest), dataset \"\(name)\", has dependent clones: \(clone.name)",
                hint:
                    "if nobody needs it: zfs destroy \(clone.name) and then zfs destroy \(origin), and delete the image again"
            )
        }
        let more = others.count == 1 ? "" : " and \(others.count - 1) more"
        throw Failure(
            .imageHasSnapshots, "\(rest), dataset \"\(name)\", has a snapshot that came after that: \(first)\(more)",
            hint: "zfs destroy \(first) if nobody needs it, and delete the image again")
    }
}
