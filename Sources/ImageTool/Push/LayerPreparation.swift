import Failure
import ImageModel
import ImageStore
import OCIRegistry
import SendStream
import ZFS

/// A layer of an image, as far as it can be made before any of it is sent.
struct PreparedLayer: Sendable {
    enum Content: Sendable {
        /// The registry has it.
        case present(PushedLayer)
        case archive(LayerArchive, remarks: [String])
    }

    let image: InstalledImage
    let snapshotGUID: UInt64
    let content: Content
}

/// Prepares the layers of an image, from the base up: while one is sent, which takes processors, the next one is read, which
/// takes ZFS.
actor LayerPreparation {
    private let images: [InstalledImage]
    private let repository: RemoteRepository
    private let mediaType: String
    private let store: ImageStore
    private let zfs: ZFS
    /// What was read so far; nil at the beginning, and after an error.
    private var chain: SnapshotChain?
    /// How many were prepared.
    private var count = 0

    /// - Parameter images: from the base up.
    init(
        _ images: [InstalledImage], as mediaType: String, for repository: RemoteRepository, _ store: ImageStore,
        _ zfs: ZFS
    ) {
        self.images = images
        self.mediaType = mediaType
        self.repository = repository
        self.store = store
        self.zfs = zfs
    }

    /// The next layer; nil after the last one. To be run on a thread of its own. After an error it may be tried again.
    ///
    /// - Throws: `UnsupportedImage`, `InvalidFile`; `ConnectionError`, `Unauthorized`; `FileSystemError`, `NoSpace`; what ZFS says.
    func next() async throws -> PreparedLayer? {
        guard count < images.count else { return nil }
        let image = images[count]
        let known = try await store.pushed(image.uuid, in: image.pool)
        let content: PreparedLayer.Content
        if let there = known.layers.first(where: { $0.mediaType == mediaType }), try await repository.takes(there) {
            content = .present(there)
        } else {
            content = try await archive(of: image)
        }
        count += 1
        return PreparedLayer(image: image, snapshotGUID: known.guid, content: content)
    }

    private func archive(of image: InstalledImage) async throws -> PreparedLayer.Content {
        // Taken out: what two have is copied when one of them changes it.
        var chain = try chain ?? SnapshotChain(images, zfs: zfs)
        self.chain = nil
        try await chain.read(upTo: count)
        guard let tree = chain.tree else { throw Failure(.internalError, "nothing was read of image \(image.uuid)") }
        let difference = try LayerDifference(tree, from: chain.below, touched: chain.touched)
        var remarks = StreamFiles.remarks(tree)
        if difference.leftOut > 0 {
            remarks.append(
                "left out: sockets and doors, which live only as long as their programs (\(difference.leftOut))")
        }
        var files: Set<UInt64> = []
        for case .entry(let index) in difference.items {
            if let (object, attributes) = tree.attributes(index), attributes.kind == .file { files.insert(object) }
        }
        let contents = try await chain.contents(of: files)
        self.chain = chain
        return .archive(LayerArchive(difference, of: tree, contents), remarks: remarks)
    }
}

extension RemoteRepository {
    /// Whether it has a layer; it may get it from another of the same registry.
    func takes(_ layer: PushedLayer) async throws -> Bool {
        if try await has(layer.blob) { return true }
        let parts = layer.repository.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, String(parts[0]) == endpoint.name, String(parts[1]) != name else { return false }
        return try await mount(layer.blob, from: String(parts[1]))
    }
}

extension PushedLayer {
    var blob: BlobDescriptor { BlobDescriptor(mediaType: mediaType, digest: digest, size: size) }
}
