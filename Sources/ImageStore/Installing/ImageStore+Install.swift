import Failure
import Host
public import ImageModel
import Logging
import ZFS

extension ImageStore {
    /// Installs an image from its file (state.md, "Crash safety"). Its lock must be held, and the image not be there.
    ///
    /// It is made beside its place; only when it has turned out right, and the record is written, does a rename make it an
    /// image. On an error nothing of it stays.
    /// - Parameters:
    ///   - open: opens the image's file; a second time if need be, where ``ImageContent/mayBeReadAgain`` says so.
    ///   - tell: is told about leftovers of earlier runs that were cleared.
    ///   - settle: gives the manifest that the image has now that its content is known. It may be under another UUID, whose lock
    ///     must be held then.
    /// - Returns: what was made.
    /// - Throws: `DownloadError`, ZFS failures; `InvalidStream`, `UnsupportedImage`, `UnexpectedNumberOfSnapshots`,
    ///   `UnexpectedOrigin` for a stream; `InvalidLayer`, `NoSpace` for a layer.
    @discardableResult
    public func install(
        _ image: ImageToInstall, opening open: () async throws -> some ImageFileReader, tell: (String) -> Void,
        settling settle: (MadeContent) async throws -> Manifest
    ) async throws -> MadeContent {
        var uuid = image.manifest.uuid
        if image.seen?.isClear != true { try await clearLeftovers(of: uuid, in: image.pool, tell: tell) }
        let partial = DatasetName.partial(uuid, in: image.pool)
        let made: MadeContent
        do {
            made = try await installer(of: image.content).make(partial, of: image, opening: open)
            let manifest = try await settle(made)
            if manifest.uuid != uuid { try await clearLeftovers(of: manifest.uuid, in: image.pool, tell: tell) }
            uuid = manifest.uuid
            let record = ImageRecord(
                manifest: manifest, source: image.source, made: made.image, fetched: image.fetched.map { [$0] } ?? [])
            try await write(record, uuid, image.pool)
            try await zfs.rename(partial, to: .image(uuid, in: image.pool))
        } catch {
            try await takeAway(image.manifest.uuid, in: image.pool, because: error)
            if uuid != image.manifest.uuid { try await takeAway(uuid, in: image.pool, because: error) }
            throw error
        }
        await show(.image(uuid, in: image.pool), madeAs: made.dataset)
        return made
    }

    /// Takes away what a failed or stopped run made.
    func takeAway(_ uuid: ImageUUID, in pool: PoolName, because error: any Error) async throws {
        do {
            try await uncancelled {
                let look = try await look(for: [uuid], in: pool)
                if look.hasPartial(uuid) { try await zfs.destroy(.partial(uuid, in: pool)) }
                if !look.isTaken(uuid) {
                    try records.remove(uuid, pool, guid: try await guid(of: pool))
                }
            }
        } catch let second {
            throw Failure(
                (error as? any CodedError)?.code ?? .internalError, String(describing: error),
                cause: second, hint: "the next import of this image clears what is left")
        }
    }

    /// Clears what a run that was killed left of an image: its lock must be held.
    func clearLeftovers(of uuid: ImageUUID, in pool: PoolName, tell: (String) -> Void) async throws {
        let look = try await look(for: [uuid], in: pool)
        let partial = DatasetName.partial(uuid, in: pool)
        if look.hasPartial(uuid) {
            do {
                try await zfs.destroy(partial)
            } catch let error as ZFSError where error.kind == .noDataset {
                // A command of the dead process was still at work, and has come to its end.
            }
            tell("Cleared leftover dataset \(partial)")
        }
        let guid = try await guid(of: pool)
        if !look.isTaken(uuid), try records.has(uuid, pool, guid: guid) {
            try records.remove(uuid, pool, guid: guid)
            tell("Cleared leftover record of image \(uuid)")
        }
    }
}
