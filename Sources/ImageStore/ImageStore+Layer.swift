import Failure
import Host
import ImageModel
import Layers
import Logging
import SystemPackage
import ZFS

extension ImageStore {
    /// Installs a layer of a docker image: its archive is unpacked into `root/` of a clone of the layer below (docker.md,
    /// "Extraction"; state.md, "Crash safety"). Its lock must be held, and the image not be there.
    ///
    /// - Parameters:
    ///   - open: opens the layer's file; for a layer above another, a second time if need be.
    ///   - tell: is told about leftovers of earlier runs that were cleared.
    /// - Throws: `DownloadError`, `InvalidLayer`, `NoSpace`, ZFS failures.
    public func install<Reader: ImageFileReader>(
        _ image: ImageToInstall, layer: LayerToUnpack, opening open: () async throws -> Reader,
        tell: (String) -> Void
    ) async throws {
        let uuid = image.manifest.uuid
        try await clearLeftovers(of: uuid, in: image.pool, tell: tell)
        let partial = DatasetName.partial(uuid, in: image.pool)
        do {
            do {
                try await unpack(image, layer, into: partial, whiteouts: nil, from: try await open())
            } catch is WhiteoutOrder {
                log.info("layer is unpacked anew, its whiteouts first", metadata: ["image": "\(uuid)"])
                try await zfs.destroy(partial)
                let whiteouts = try await LayerPass(image, layer).whiteouts(try await open())
                try await unpack(image, layer, into: partial, whiteouts: whiteouts, from: try await open())
            }
            try await zfs.unmountWhenFree(partial)
            if let final = partial.snapshot(finalSnapshot) { try await zfs.snapshot(final) }
            try await write(ImageRecord(manifest: image.manifest, source: image.source), uuid, image.pool)
            try await zfs.rename(partial, to: .image(uuid, in: image.pool))
        } catch {
            try await takeAway(uuid, in: image.pool, because: error)
            throw error
        }
        await show(.image(uuid, in: image.pool))
    }

    private func unpack(
        _ image: ImageToInstall, _ layer: LayerToUnpack, into partial: DatasetName, whiteouts: WhiteoutScan?,
        from reader: some ImageFileReader
    ) async throws {
        let origin = image.manifest.origin
        let below = origin.flatMap { DatasetName.image($0, in: image.pool).snapshot(finalSnapshot) }
        try await makeFileSystem(partial, cloneOf: below)
        let root = try await contentFolder(of: partial).appending("root")
        if origin == nil { try HostFile.makeFolder(root) }
        let extractor: LayerExtractor
        do {
            extractor = try LayerExtractor(root: root.string, hasLower: origin != nil, whiteouts: whiteouts)
        } catch {
            throw LayerPass.failure(error, image.manifest)
        }
        try await LayerPass(image, layer).unpack(reader, extractor)
        if extractor.lostAttributes > 0 {
            let properties = try await attributeProperties(of: partial)
            log.warning(
                "the file system does not keep some extended attributes, so that the image lacks them",
                metadata: [
                    "image": "\(image.manifest.uuid)", "attributes": "\(extractor.lostAttributes)",
                    "properties": "\(properties)",
                ])
        }
        if extractor.cutTimes > 0 {
            log.warning(
                "the file system does not have some times, so that the image has the nearest that it has",
                metadata: ["image": "\(image.manifest.uuid)", "entries": "\(extractor.cutTimes)"])
        }
    }
}
