import Failure
import Host
import ImageModel
import SendStream
import ZFS

/// Images that are there without a record (cli.md §3, install).
extension ImageStore {
    /// Writes the record of an image that is there without one, where the stream in its file makes the very snapshot that it has. Nothing
    /// else is changed. Its lock must be held.
    ///
    /// - Parameter open: opens the file, which is a stream of `zfs send`.
    /// - Returns: nil if it has a record by now.
    /// - Throws: `NotAnImage` for a dataset that is another, or may be; `DatasetNotFound` for one that has gone; `DownloadError` and
    ///   others for a file that is not what it should be, as ``install(_:opening:tell:settling:)``.
    public func adopt(
        _ image: ImageToInstall, opening open: () async throws -> some ImageFileReader
    ) async throws -> InstalledImage? {
        let (uuid, pool) = (image.manifest.uuid, image.pool)
        let name = DatasetName.image(uuid, in: pool)
        guard let there = try await self.image(uuid, in: pool) else {
            throw Failure(.datasetNotFound, "image \(uuid) was deleted meanwhile", hint: "the same command installs it")
        }
        guard !there.isKnown else { return nil }
        let doubt = try await doubt(of: name)
        guard doubt == nil, let guid = there.foundGUID else {
            throw Failure(
                .notAnImage, "dataset \"\(name)\" may be no image, or another: \((doubt ?? .noFinal).rawValue)",
                hint: Self.wayOn(uuid, pool))
        }
        let fileSHA256: String?
        do {
            fileSHA256 = try await compare(image, with: guid, reading: try await open())
        } catch {
            throw StreamCheck.failure(error, image.manifest)
        }
        let record = ImageRecord(
            manifest: image.manifest.stating(datasetGUID: "\(guid)"), source: image.source,
            made: MadeImage(snapshotGUID: guid, fileSHA256: fileSHA256))
        // It is whole: a deletion that noted that it began did not.
        hostNotes.remove(uuid, pool: try await self.guid(of: pool))
        try await write(record, uuid, pool)
        return try await self.image(uuid, in: pool)
    }

    /// Reads a file to its end, and receives nothing.
    ///
    /// - Parameter guid: of the snapshot that its stream must make.
    /// - Returns: its SHA-256.
    private func compare(
        _ image: ImageToInstall, with guid: UInt64, reading reader: some ImageFileReader
    ) async throws -> String? {
        let origin = image.manifest.origin.flatMap { DatasetName.image($0, in: image.pool).snapshot(finalSnapshot) }
        let originGUID: UInt64? = if let origin { try await zfs.guidNumber(of: origin) } else { nil }
        let check = StreamCheck(manifest: image.manifest, origin: origin, originGUID: originGUID)
        var reader = reader
        var pass = ImagePass(check: image.check, compression: image.compression)
        var stream = SnapshotStream()
        try await pass.begin(&reader, until: { stream.header != nil }) { bytes in try stream.feed(bytes) { _ in } }
        guard let header = stream.header else {
            try stream.finish()
            throw Failure(.invalidStream, "the stream of image \(image.manifest.uuid) has no beginning")
        }
        try check.check(header)
        do {
            guard header.guid == guid else {
                let name = DatasetName.image(image.manifest.uuid, in: image.pool)
                throw Failure(
                    .notAnImage,
                    "dataset \"\(name)\" is there without a record, and is not the image of this file: its snapshot @\(finalSnapshot) has the guid \(guid), and the one that the file makes has \(header.guid)",
                    hint: Self.wayOn(image.manifest.uuid, image.pool))
            }
            try await pass.run(&reader) { bytes in try stream.feed(bytes) { _ in } }
            try stream.finish()
        } catch {
            // Where the file itself is damaged, or another, that is what is told.
            throw await pass.blame(error, reading: &reader)
        }
        return pass.fileSHA256
    }

    private static func wayOn(_ uuid: ImageUUID, _ pool: PoolName) -> String {
        "imgadm update \(uuid) looks whether a source has it; zfs rename keeps the dataset under another name; if nobody needs it, imgadm delete -f -P \(pool) \(uuid). Then the same command installs the image"
    }
}
