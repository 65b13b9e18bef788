import Failure
import Host
import ImageModel
import Logging
import SendStream
import ZFS

/// Receives a stream of `zfs send` as `@final` of a new dataset, which is a clone of the image's origin and of nothing else.
struct StreamInstaller: ImageInstaller {
    let zfs: ZFS
    let log: Logger

    /// Nothing is received before the stream has said what it is.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeContent {
        do {
            return try await receive(image, into: partial, from: try await open())
        } catch {
            throw StreamCheck.failure(error, image.manifest)
        }
    }

    private func receive(
        _ image: ImageToInstall, into partial: DatasetName, from reader: some ImageFileReader
    ) async throws -> MadeContent {
        guard let final = partial.snapshot(finalSnapshot) else {
            throw Failure(.internalError, "\"\(partial)\" has no room for the name of a snapshot")
        }
        let origin = image.manifest.origin.flatMap { DatasetName.image($0, in: image.pool).snapshot(finalSnapshot) }
        var originGUID = image.seen?.originGUID
        if originGUID == nil, let origin { originGUID = try await zfs.guidNumber(of: origin) }
        let check = StreamCheck(manifest: image.manifest, origin: origin, originGUID: originGUID)
        var reader = reader
        var pass = ImagePass(check: image.check, compression: image.compression)
        var stream = SnapshotStream()
        var head: [UInt8] = []
        try await pass.begin(&reader, until: { stream.header != nil }) { bytes in
            try stream.feed(bytes) { part in unsafe part.withUnsafeBytes { unsafe head.append(contentsOf: $0) } }
        }
        guard let header = stream.header else {
            try stream.finish()
            throw Failure(.invalidStream, "the stream of image \(image.manifest.uuid) has no beginning")
        }
        try check.check(header)
        check.remark(on: header, to: log)
        let isClone = header.originGUID != nil
        let chosen = if isClone, try await zfs.receivesWithOrigin() { origin } else { SnapshotName?.none }
        do {
            // A volume has no such properties, and zfs receive refuses them for one.
            let properties = header.kind == .fileSystem && zfs.receivesWithProperties ? ImageStore.harmless : []
            try await zfs.receive(final, cloneOf: chosen, properties) { input in
                try unsafe input.write(head.span.bytes)
                try await pass.run(&reader) { bytes in try stream.feed(bytes, emit: input.write) }
                try stream.finish()
            }
        } catch {
            throw StreamCheck.isAboutContent(error) ? await pass.blame(error, reading: &reader) : error
        }
        let dataset = try await verify(final, header, check, origin: isClone ? origin : nil)
        return MadeContent(
            image: MadeImage(snapshotGUID: header.guid, fileSHA256: pass.fileSHA256), dataset: dataset)
    }

    /// - Returns: what was made.
    /// - Throws: `UnexpectedOrigin`; `ZfsError` if something else was made than the stream said.
    private func verify(
        _ final: SnapshotName, _ header: StreamHeader, _ check: StreamCheck, origin: SnapshotName?
    ) async throws -> Dataset {
        // Snapshots that somebody else has taken since are not the stream's fault, and stay.
        let made = try await zfs.lookUp([final.dataset], [final])
        guard let dataset = made.dataset(final.dataset), try made.guid(of: final) == header.guid else {
            throw Failure(.zfs, "what zfs receive made is not the snapshot of the stream, whose guid is \(header.guid)")
        }
        check.remark(onDiskOf: made.volumeSize(of: final.dataset), to: log)
        guard dataset.origin != origin else { return dataset }
        guard let found = dataset.origin, let origin, try await zfs.guidNumber(of: found) == header.originGUID else {
            throw Failure(
                .unexpectedOrigin,
                "what was received is a clone of \(dataset.origin?.description ?? "nothing"), not of \(origin?.description ?? "nothing")"
            )
        }
        throw Failure(
            .unexpectedOrigin,
            "what was received is a clone of \"\(found)\", not of \"\(origin)\": they are the same snapshot, and this ZFS, which has no zfs receive -o origin, chose the other",
            hint: "delete image \(found.dataset.lastComponent) before this import, or import images of that one")
    }
}
