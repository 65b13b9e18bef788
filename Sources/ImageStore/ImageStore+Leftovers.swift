import Failure
import Host
import ImageModel
import Logging
import ZFS

/// What is beside an image's place when a run has failed or died: `POOL/UUID-partial`, and the record (state.md, "Crash safety").
extension ImageStore {
    /// Takes away what a failed or stopped run made.
    ///
    /// - Parameter recorded: what the run wrote a record of, if it came to that.
    func takeAway(
        _ uuid: ImageUUID, in pool: PoolName, recorded: MadeImage?, because error: any Error
    ) async throws {
        do {
            try await uncancelled {
                let look = try await look(for: [uuid], in: pool)
                if let leftover = look.beside(uuid).leftover {
                    try await destroy(leftover, of: uuid, in: pool, deletionBegan: false)
                }
                // Somebody else's dataset, which has taken the place, is not what the record tells of.
                let isOther = try recorded.map { try look.finalGUID(of: uuid) != $0.snapshotGUID } ?? false
                if isOther || !look.isTaken(uuid) { try records.remove(uuid, pool, guid: try await guid(of: pool)) }
            }
        } catch let second {
            throw Failure(
                (error as? any CodedError)?.code ?? .internalError, String(describing: error),
                cause: second, hint: "the next import of this image clears what is left")
        }
    }

    /// Clears what a run that was killed left of an image, so that the name is free under which it comes: its lock must be held.
    ///
    /// - Throws: `DatasetExists` if something that is no image has its name, or something that is not ours that name; `UnsuitablePool` where
    ///   no image would be seen; as ``clearLeftovers(of:in:tell:)``.
    func makeWay(for uuid: ImageUUID, in pool: PoolName, tell: (String) -> Void) async throws {
        let look = try await clearLeftovers(of: uuid, in: pool, tell: tell)
        if look.hidesImages {
            throw Failure(
                .unsuitablePool, "zpool \"\(pool)\" has imgadm:ignore=true, and no image that came to it would be seen",
                hint: "zfs inherit imgadm:ignore \(pool), or another zpool with -P")
        }
        if look.isTaken(uuid), look.images[uuid] == nil, look.halfDeleted(uuid) == nil {
            throw Failure(
                .datasetExists,
                "dataset \"\(DatasetName.image(uuid, in: pool))\" is no image, and has the name that this one needs",
                hint:
                    "a VM's, one with imgadm:ignore, or a clone without @final is none: zfs rename it, or destroy it if nobody needs it"
            )
        }
        if case .somebodys = look.beside(uuid) { throw Self.inTheWay(of: uuid, in: pool) }
    }

    /// Clears what a run that was killed left of an image: its lock must be held.
    ///
    /// - Parameters:
    ///   - dryRun: it is only judged what may go, and told; nothing is changed.
    ///   - force: also what was written to since its deletion began.
    /// - Returns: what there was.
    /// - Throws: `ImageHasChildDatasets`, `ImageHasSnapshots` for what is somebody's.
    @discardableResult
    func clearLeftovers(
        of uuid: ImageUUID, in pool: PoolName, dryRun: Bool = false, force: Bool = false, tell: (String) -> Void
    ) async throws -> Look {
        let look = try await look(for: [uuid], in: pool)
        let guid = try await guid(of: pool)
        let halfDeleted = look.halfDeleted(uuid)
        let isRecorded = try !look.isTaken(uuid) && records.has(uuid, pool, guid: guid)
        if let leftover = look.beside(uuid).leftover {
            do {
                try await destroy(leftover, of: uuid, in: pool, deletionBegan: isRecorded, dryRun: dryRun)
            } catch let error as ZFSError where error.kind == .noDataset {
                // A command of the dead process was still at work, and has come to its end.
            } catch {
                guard isRecorded, !dryRun else { throw error }
                throw await Failure.undoing(error) { try await putBack(uuid, in: pool) }
            }
            tell("Cleared leftover dataset \(DatasetName.partial(uuid, in: pool))")
        }
        if let halfDeleted {
            try await destroy(halfDeleted, of: uuid, in: pool, dryRun: dryRun, force: force)
            tell("Cleared leftover dataset \(DatasetName.image(uuid, in: pool))")
        }
        if isRecorded || halfDeleted != nil {
            let hadRecord =
                try dryRun
                ? records.has(uuid, pool, guid: guid) : records.remove(uuid, pool, guid: guid)
            if !dryRun { hostNotes.remove(uuid, pool: guid) }
            // Of an image of another state root, it is there.
            if hadRecord { tell("Cleared leftover record of image \(uuid)") }
        }
        return look
    }

    /// An image that a run which died wanted to delete, and that something keeps now, as a clone that has come since, is an image again
    /// if it is whole.
    private func putBack(_ uuid: ImageUUID, in pool: PoolName) async throws {
        let partial = DatasetName.partial(uuid, in: pool)
        guard try await hasFinal(of: uuid, partial) else { return }
        try await zfs.rename(partial, to: .image(uuid, in: pool))
        for name in try await zfs.hidden([.image(uuid, in: pool)]) { try await unhide(name) }
    }

    /// What was left of an image has its `@final`: the one that the record tells of, where it does.
    private func hasFinal(of uuid: ImageUUID, _ partial: DatasetName) async throws -> Bool {
        guard let final = partial.snapshot(finalSnapshot), let guid = try await zfs.lookUp([], [final]).guid(of: final)
        else { return false }
        return try await record(uuid, partial.poolName)?.made.map { $0.snapshotGUID == guid } ?? true
    }

    /// Destroys what was left beside an image's place, with its snapshots: those of a stream may have any name. Nothing below it is
    /// ours.
    ///
    /// - Parameters:
    ///   - deletionBegan: there is a record, and no image: the dataset was whole. Then `@final` goes last of its snapshots,
    ///     and one that is there without it, be it of that name, came after that.
    ///   - dryRun: nothing is changed.
    func destroy(
        _ leftover: Beside.Leftover, of uuid: ImageUUID, in pool: PoolName, deletionBegan: Bool, dryRun: Bool = false
    ) async throws {
        let partial = DatasetName.partial(uuid, in: pool)
        let contents = try await zfs.contents(of: partial)
        guard leftover.guid == contents.guid else { throw Self.inTheWay(of: uuid, in: pool) }
        if let below = contents.below.first {
            throw Failure(
                .imageHasChildDatasets,
                "what a run has left of image \(uuid) has datasets below it that are no part of it: \(below)",
                hint: "move or destroy them first")
        }
        if deletionBegan, let other = contents.snapshots.first?.name, try await !hasFinal(of: uuid, partial) {
            throw Failure(
                .imageHasSnapshots, "a snapshot has come to image \(uuid) while it was being deleted: \(other)",
                hint: "zfs destroy \(other) if nobody needs it, and delete the image again")
        }
        if let held = contents.snapshots.first(where: \.isHeld) { throw ZFS.held(held.name) }
        guard !dryRun else { return }
        if !leftover.isOwn { try await markDoomed(partial) }
        try await destroy(partial, contents.snapshots)
    }

    /// Marks what is about to lose its last snapshot: by nothing else it would be known for a leftover then. A full pool may have no room for
    /// that, and gets some by nothing but the deletion; what a kill would leave in it, the next run names as being in the way.
    func markDoomed(_ name: DatasetName) async throws {
        do {
            try await zfs.markOwn(name)
        } catch let error as ZFSError where error.kind == .noSpace {
            log.warning("no room to mark a dataset", metadata: ["dataset": "\(name)", "reason": "\(error)"])
        }
    }

    /// Destroys a dataset that has our mark with these of its snapshots, `@final` last: as long as that is there, the image is.
    func destroy(_ name: DatasetName, _ snapshots: [ZFS.Contents.Snapshot]) async throws {
        for snapshot in snapshots where snapshot.name.name != finalSnapshot { try await zfs.destroy(snapshot.name) }
        for snapshot in snapshots where snapshot.name.name == finalSnapshot { try await zfs.destroy(snapshot.name) }
        try await zfs.destroy(name)
    }
}
