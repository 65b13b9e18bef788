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
    /// - Throws: `DatasetExists`, `DownloadError`, ZFS failures; `InvalidStream`, `UnsupportedImage`, `UnexpectedNumberOfSnapshots`,
    ///   `UnexpectedOrigin` for a stream; `InvalidLayer`, `NoSpace` for a layer.
    @discardableResult
    public func install(
        _ image: ImageToInstall, opening open: () async throws -> some ImageFileReader, tell: (String) -> Void,
        settling settle: (MadeContent) async throws -> Manifest
    ) async throws -> MadeContent {
        var uuid = image.manifest.uuid
        if image.seen?.isClear != true { try await makeWay(for: uuid, in: image.pool, tell: tell) }
        let partial = DatasetName.partial(uuid, in: image.pool)
        let made: MadeContent
        var written: MadeImage?
        do {
            made = try await installer(of: image.content).make(partial, of: image, opening: open)
            let manifest = try await settle(made)
            if manifest.uuid != uuid { try await makeWay(for: manifest.uuid, in: image.pool, tell: tell) }
            uuid = manifest.uuid
            let stated = made.image.map { manifest.stating(datasetGUID: "\($0.snapshotGUID)") } ?? manifest
            let record = ImageRecord(
                manifest: stated, source: image.source, made: made.image, fetched: image.fetched.map { [$0] } ?? [],
                given: image.given)
            try await write(record, uuid, image.pool)
            written = made.image
            try await zfs.rename(partial, to: .image(uuid, in: image.pool))
        } catch {
            try await takeAway(image.manifest.uuid, in: image.pool, recorded: written, because: error)
            if uuid != image.manifest.uuid {
                try await takeAway(uuid, in: image.pool, recorded: written, because: error)
            }
            throw await withoutOrigin(image, error) ?? error
        }
        await show(.image(uuid, in: image.pool), madeAs: made.dataset)
        return made
    }

    /// What is told where the image is gone that another one builds on, as it can be though that is held: ZFS knows nothing of our locks.
    ///
    /// - Returns: nil if it is there, or nothing can be told.
    private func withoutOrigin(_ image: ImageToInstall, _ error: any Error) async -> Failure? {
        guard error is any CodedError, let origin = image.manifest.origin else { return nil }
        // Where that cannot be told, what went wrong is.
        guard let look = try? await look(for: [origin], in: image.pool), look.images[origin] == nil else { return nil }
        return Failure(
            .originNotInstalled,
            "the origin \(origin) of image \(image.manifest.uuid) was deleted from zpool \"\(image.pool)\" while the image was being installed",
            cause: error, hint: "imgadm import -P \(image.pool) \(origin) installs it")
    }
}
