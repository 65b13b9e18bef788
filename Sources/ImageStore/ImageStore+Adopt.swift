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
        guard let before = try await found(image) else { return nil }
        let fileSHA256: String?
        do {
            fileSHA256 = try await compare(image, with: before, reading: try await open())
        } catch {
            throw StreamCheck.failure(error, image.manifest)
        }
        // That took its time, and who writes into the dataset, or puts another in its place, asks for no lock.
        guard let after = try await found(image) else { return nil }
        guard after == before else {
            throw Self.another(image, "it was replaced while the file was read")
        }
        let record = ImageRecord(
            manifest: image.manifest.stating(datasetGUID: "\(after.guid)"), source: image.source,
            made: MadeImage(snapshotGUID: after.guid, fileSHA256: fileSHA256))
        // It is whole: a deletion that noted that it began did not.
        hostNotes.remove(uuid, pool: try await self.guid(of: pool))
        try await write(record, uuid, pool)
        return try await self.image(uuid, in: pool)
    }

    /// What a dataset without a record is known by.
    private struct Found: Hashable {
        /// Of its `@final`.
        let guid: UInt64
        /// The snapshot that it is a clone of.
        let origin: SnapshotName?
    }

    /// - Returns: nil if the image has a record.
    /// - Throws: `DatasetNotFound`, `NotAnImage`.
    private func found(_ image: ImageToInstall) async throws -> Found? {
        let (uuid, pool) = (image.manifest.uuid, image.pool)
        guard let there = try await self.image(uuid, in: pool) else {
            throw Failure(.datasetNotFound, "image \(uuid) was deleted meanwhile", hint: "the same command installs it")
        }
        guard !there.isKnown else { return nil }
        let doubt = try await doubt(of: DatasetName.image(uuid, in: pool))
        guard doubt == nil, let guid = there.foundGUID else {
            throw Failure(
                .notAnImage,
                "dataset \"\(DatasetName.image(uuid, in: pool))\" may be no image, or another: \((doubt ?? .noFinal).rawValue)",
                hint: Self.wayOn(uuid, pool))
        }
        return Found(guid: guid, origin: there.origin)
    }

    /// Reads a file to its end, and receives nothing. All checksums of its stream must hold.
    ///
    /// - Parameter found: what its stream must make.
    /// - Returns: its SHA-256.
    private func compare(
        _ image: ImageToInstall, with found: Found, reading reader: some ImageFileReader
    ) async throws -> String? {
        let origin = image.manifest.origin.flatMap { DatasetName.image($0, in: image.pool).snapshot(finalSnapshot) }
        let originGUID: UInt64? = if let origin { try await zfs.guidNumber(of: origin) } else { nil }
        let check = StreamCheck(manifest: image.manifest, origin: origin, originGUID: originGUID)
        var reader = reader
        var pass = ImagePass(check: image.check, compression: image.compression)
        var stream = CheckedSnapshot()
        try await pass.begin(&reader, until: { stream.header != nil }) { bytes in try stream.feed(bytes) }
        guard let header = stream.header else {
            try stream.finish()
            throw Failure(.invalidStream, "the stream of image \(image.manifest.uuid) has no beginning")
        }
        try check.check(header)
        check.remark(on: header, to: log)
        let dataset = DatasetName.image(image.manifest.uuid, in: image.pool)
        check.remark(onDiskOf: try await zfs.lookUp([dataset]).volumeSize(of: dataset), to: log)
        do {
            guard header.guid == found.guid else {
                throw Self.another(
                    image,
                    "its snapshot @\(finalSnapshot) has the guid \(found.guid), and the one that the file makes has \(header.guid)"
                )
            }
            let origin = header.originGUID == nil ? nil : origin
            guard found.origin == origin else {
                func words(_ origin: SnapshotName?) -> String { origin.map { "a clone of \"\($0)\"" } ?? "no clone" }
                throw Self.another(image, "it is \(words(found.origin)), and the file makes \(words(origin))")
            }
            try await pass.run(&reader) { bytes in try stream.feed(bytes) }
            try stream.finish()
        } catch {
            // Where the file itself is damaged, or another, that is what is told.
            throw await pass.blame(error, reading: &reader)
        }
        return pass.fileSHA256
    }

    private static func another(_ image: ImageToInstall, _ difference: String) -> Failure {
        let name = DatasetName.image(image.manifest.uuid, in: image.pool)
        return Failure(
            .notAnImage,
            "dataset \"\(name)\" is there without a record, and is not the image of this file: \(difference)",
            hint: wayOn(image.manifest.uuid, image.pool))
    }

    private static func wayOn(_ uuid: ImageUUID, _ pool: PoolName) -> String {
        "imgadm update \(uuid) looks whether a source has it; zfs rename keeps the dataset under another name; if nobody needs it, imgadm delete -f -P \(pool) \(uuid). Then the same command installs the image"
    }
}

/// The one snapshot of a stream, of which nothing is kept: only whether it is whole, and its checksums hold.
private struct CheckedSnapshot {
    private var snapshot = SnapshotStream()
    private var records = StreamReader()
    private var visitor = Unread()

    var header: StreamHeader? { snapshot.header }

    mutating func feed(_ bytes: RawSpan) throws {
        try snapshot.feed(bytes) { bytes in try records.feed(bytes, to: &visitor) }
    }

    func finish() throws(StreamError) {
        try snapshot.finish()
        try records.finish()
    }

    private struct Unread: StreamVisitor {
        mutating func begin(_ header: StreamHeader, properties: NameValueList?) {}
        mutating func record(_ record: StreamRecord, payload: RawSpan) {}
        mutating func end() {}
    }
}
