import Failure
import Host
import ImageModel
import Layers
import Logging
import SystemPackage
import ZFS

/// Unpacks the archive of a layer of a docker image into `root/` of a clone of the layer below (docker.md, "Extraction").
struct LayerInstaller: ImageInstaller {
    let store: ImageStore
    let diffID: ContentDigest?

    func checkHost() throws(Failure) { try checkUnpacking() }

    /// - Throws: `DownloadError`, `InvalidLayer`, `NoSpace`, `UnsuitablePool`, ZFS failures.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeContent {
        let sum: String?
        do {
            sum = try await unpack(image, into: partial, whiteouts: nil, from: try await open())
        } catch is WhiteoutOrder {
            store.log.info(
                "layer is unpacked anew, its whiteouts first", metadata: ["image": "\(image.manifest.uuid)"])
            try await store.zfs.destroy(partial)
            let whiteouts = try await LayerPass(image, diffID).whiteouts(try await open())
            sum = try await unpack(image, into: partial, whiteouts: whiteouts, from: try await open())
        }
        return try await store.freeze(partial, fileSHA256: sum)
    }

    private func unpack(
        _ image: ImageToInstall, into partial: DatasetName, whiteouts: WhiteoutScan?, from reader: some ImageFileReader
    ) async throws -> String? {
        let origin = image.manifest.origin
        let below = origin.flatMap { DatasetName.image($0, in: image.pool).snapshot(finalSnapshot) }
        try await store.makeFileSystem(partial, cloneOf: below)
        let root = try await store.contentFolder(of: partial).appending("root")
        if origin == nil { try HostFile.makeFolder(root) }
        let extractor: LayerExtractor
        do {
            extractor = try LayerExtractor(root: root.string, hasLower: origin != nil, whiteouts: whiteouts)
        } catch {
            throw LayerPass.failure(error, image)
        }
        let sum = try await LayerPass(image, diffID).unpack(reader, extractor)
        try await store.noteLosses(of: extractor, in: partial, image)
        return sum
    }
}

extension ImageStore {
    /// Notes in the log what a file system could not keep of the entries that were made in it.
    func noteLosses(of extractor: LayerExtractor, in partial: DatasetName, _ image: ImageToInstall) async throws {
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
