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
        let look = try await look(for: [uuid], in: pool)
        guard look.halfDeleted(uuid) == nil else {
            try await clearLeftovers(of: uuid, in: pool, force: force, tell: tell)
            return true
        }
        let guid = try await guid(of: pool)
        let datasets = try await zfs.datasets(in: pool)
        guard let dataset = datasets.first(where: { $0.name == name }) else {
            // A run that was killed after the rename, or before it removed the record: this one finishes its work.
            let begun = try look.beside(uuid).leftover != nil || records.has(uuid, pool, guid: guid)
            if begun { try await clearLeftovers(of: uuid, in: pool, tell: tell) }
            return begun
        }
        guard look.images[uuid] != nil else { return false }
        let snapshots = try await zfs.snapshots(of: [name])[name, default: []]
        let clones = datasets.filter { $0.origin?.dataset == name }.map(\.name)
        guard clones.isEmpty else { throw ImageHasClones(uuid, clones) }
        if let below = datasets.first(where: { $0.name.isBelow(name) }) {
            throw Failure(
                .imageHasChildDatasets, "image \(uuid) has datasets below it that are no part of it: \(below.name)",
                hint: "move or destroy them first")
        }
        if !force { try await checkIsThatImage(uuid, name, guid: look.finalGUID(of: uuid)) }
        let kept = try await snapshotsToKeep(among: [name: snapshots])[name, default: []].compactMap(\.foreignSnapshot)
        if !force, let first = kept.first {
            let more = kept.count == 1 ? "" : " and \(kept.count - 1) more"
            throw Failure(
                .imageHasSnapshots,
                "image \(uuid) has a snapshot that is no part of it and would go with it: \(first)\(more)",
                hint: "zfs destroy \(first) if nobody needs it; delete -f destroys it with the image")
        }
        switch look.beside(uuid) {
        case .nothing: break
        case .somebodys: throw Self.inTheWay(of: uuid, in: pool)
        case .leftover(let leftover):
            // Beside an image, what was left is no half of it.
            try await destroy(leftover, of: uuid, in: pool, deletionBegan: false)
            tell("Cleared leftover dataset \(DatasetName.partial(uuid, in: pool))")
        }
        try await uncancelled {
            try await remove(uuid, look, dataset, snapshots)
            do {
                try records.remove(uuid, pool, guid: guid)
            } catch {
                // Without its dataset it is no image; `check` tells of it.
                log.warning(
                    "the record of a deleted image cannot be removed",
                    metadata: ["image": "\(uuid)", "reason": "\(error)"])
            }
            hostNotes.remove(uuid, pool: guid)
        }
        for snapshot in kept { tell("Destroyed snapshot \(snapshot) with image \(uuid)") }
        return true
    }

    /// Looks whether the dataset at an image's place may be something else: somebody's data.
    ///
    /// - Parameter guid: of its `@final`.
    /// - Throws: `NotAnImage`.
    private func checkIsThatImage(_ uuid: ImageUUID, _ name: DatasetName, guid: UInt64?) async throws {
        guard let record = try await record(uuid, name.poolName) else {
            guard let doubt = try await doubt(of: name) else { return }
            throw Failure(
                .notAnImage, "dataset \"\(name)\" may be somebody's data, and no image: \(doubt.rawValue)",
                hint: doubt == .noFinal
                    ? "imgadm update \(uuid) asks the sources what it is; delete -f destroys it all the same"
                    : "what was written there would be lost: save it first; delete -f destroys it all the same")
        }
        // Without it, none of its snapshots is known to be the image's, whoever has written the record.
        guard let guid else {
            throw Failure(
                .notAnImage,
                "dataset \"\(name)\" is not what was installed: its snapshot @\(finalSnapshot) is not there",
                hint:
                    "a deletion that was killed has destroyed that, or somebody has, who may need the dataset; delete -f destroys it all the same"
            )
        }
        guard let reason = Self.replacement(of: record.made, by: guid) else { return }
        throw Failure(
            .notAnImage, "dataset \"\(name)\" is not what was installed: \(reason)",
            hint: "somebody has replaced it; delete -f destroys it all the same")
    }

    /// What tells that a dataset was replaced under its name; nil if nothing does.
    ///
    /// - Parameters:
    ///   - made: what was installed, if that is known.
    ///   - guid: of its `@final`.
    static func replacement(of made: MadeImage?, by guid: UInt64) -> String? {
        guard let made, made.snapshotGUID != guid else { return nil }
        return "its snapshot @\(finalSnapshot) has the guid \(guid), and that of the image has \(made.snapshotGUID)"
    }

    /// Renames an image's dataset out of its place and destroys it; if that cannot be done, it is as it was.
    ///
    /// - Parameter snapshots: those of the dataset that may go. What has come to it since stays, and the image with it.
    private func remove(
        _ uuid: ImageUUID, _ look: Look, _ dataset: Dataset, _ snapshots: [ZFS.ListedSnapshot]
    ) async throws {
        var partial = DatasetName.partial(uuid, in: look.pool)
        var note: DeletionNote?
        let detachment = try await zfs.detach(dataset, snapshots: snapshots)
        do {
            // By nothing else it would be known for what it is then.
            if try look.finalGUID(of: uuid) == nil { try await zfs.markOwn(dataset.name) }
            try await zfs.rename(dataset.name, to: partial)
        } catch let error as ZFSError where error.kind == .noSpace {
            // A full pool has no room for that, and gets some by nothing else: it goes where it is.
            partial = dataset.name
        } catch {
            throw await Failure.undoing(error) { try await zfs.attach(dataset.name, detachment) }
        }
        do {
            let contents = try await zfs.contents(of: partial)
            try refuseAnother(contents, look, uuid)
            try refuseAdditions(contents, to: dataset.name, beside: snapshots)
            if partial == dataset.name {
                let referenced = try await zfs.numbers("referenced", of: [partial])[partial]
                note = try await noteDeletion(
                    of: uuid, in: look.pool,
                    HostNotes.Note(guid: contents.guid, origin: dataset.origin, referenced: referenced))
            } else if !look.found.isOwn(dataset.name) {
                try await markDoomed(partial)
            }
            try await destroy(partial, contents.snapshots)
        } catch let error as ZFSError where error.kind == .noDataset {
            // Somebody else has destroyed it.
        } catch let another as AnotherDataset {
            throw await Failure.undoing(another.failure) {
                try await moveBack(partial, to: dataset.name)
                if another.hasOnlyAnotherFinal { try await zfs.attach(dataset.name, detachment) }
            }
        } catch {
            // Something has come to it meanwhile: a clone, a hold, a snapshot.
            throw await Failure.undoing(error) {
                guard try await isWhole(partial, snapshots, finalGUID: look.finalGUID(of: uuid)) else {
                    throw Failure(
                        .zfs, "a part of the image is destroyed already, so that it is not put back",
                        hint: "delete it again")
                }
                try await moveBack(partial, to: dataset.name)
                try await zfs.attach(dataset.name, detachment)
                if let note { try await takeBack(note, of: uuid, in: look.pool) }
            }
        }
    }

    /// Nothing of an image is destroyed yet that it cannot do without. Somebody may have taken a snapshot called `@final` by now.
    private func isWhole(
        _ partial: DatasetName, _ snapshots: [ZFS.ListedSnapshot], finalGUID: UInt64?
    ) async throws -> Bool {
        guard let finalGUID, let final = partial.snapshot(finalSnapshot) else {
            return Set(try await zfs.snapshots(of: partial)).isSuperset(
                of: snapshots.compactMap { partial.snapshot($0.name.name) })
        }
        return try await zfs.lookUp([], [final]).guid(of: final) == finalGUID
    }

    /// What was renamed is not what was looked at.
    private struct AnotherDataset: Error {
        let failure: Failure
        /// It is the dataset that was detached.
        let hasOnlyAnotherFinal: Bool
    }

    /// Unmounted before, it is not found busy by the rename that unmounts it (zfs-fuse).
    private func moveBack(_ partial: DatasetName, to name: DatasetName) async throws {
        guard partial != name else { return }
        let isMounted = try await zfs.mountedPath(of: partial) != nil
        if isMounted { try await zfs.unmountWhenFree(partial) }
        try await zfs.rename(partial, to: name)
        if isMounted { try await zfs.mount(name) }
    }

    private func refuseAnother(_ contents: ZFS.Contents, _ look: Look, _ uuid: ImageUUID) throws {
        let name = DatasetName.image(uuid, in: look.pool)
        let finalGUID = try look.finalGUID(of: uuid)
        let final = contents.snapshots.first { $0.name.name == finalSnapshot }
        // One that somebody has destroyed is no other.
        let hasSameFinal = final == nil || finalGUID == nil || final?.guid == finalGUID
        let isSame = try look.found.guid(of: name) == contents.guid
        guard isSame, hasSameFinal else {
            throw AnotherDataset(
                failure: Failure(
                    .notAnImage,
                    "\(isSame ? "@\(finalSnapshot) of dataset" : "dataset") \"\(name)\" was replaced by another while it was being deleted",
                    hint: "find out by whom; delete it again if it is to go"),
                hasOnlyAnotherFinal: isSame)
        }
    }

    /// What came to an image after it was looked at.
    private func refuseAdditions(
        _ contents: ZFS.Contents, to name: DatasetName, beside snapshots: [ZFS.ListedSnapshot]
    ) throws {
        if let below = contents.below.first {
            throw Failure(
                .imageHasChildDatasets,
                "a dataset has come below image \(name) while it was being deleted: \(below.lastComponent)",
                hint: "move or destroy it first")
        }
        let known = Set(snapshots.map(\.name.name))
        if let other = contents.snapshots.first(where: { !known.contains($0.name.name) && $0.name.name != ZFS.probe }) {
            throw Failure(
                .imageHasSnapshots,
                "a snapshot has come to image \(name) while it was being deleted: @\(other.name.name)",
                hint: "delete it again")
        }
        if let held = contents.snapshots.first(where: \.isHeld) {
            throw ZFS.held(name.snapshot(held.name.name) ?? held.name)
        }
    }

    /// Everything that is a clone of an image.
    public func dependents(of uuid: ImageUUID, in pool: PoolName) async throws -> [DatasetName] {
        try await clones(of: .image(uuid, in: pool), in: pool)
    }
}
