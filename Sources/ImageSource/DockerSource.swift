import Failure
public import ImageModel
public import OCIRegistry
import Transport

/// A Docker registry. It has no list, and no image by UUID: its images are found by their references.
public struct DockerSource: ImageSource {
    public let descriptor: SourceDescriptor
    let client: RegistryClient

    public init(descriptor: SourceDescriptor, client: RegistryClient) {
        self.descriptor = descriptor
        self.client = client
    }

    public func ping() async throws { try await client.ping() }
    public func list(_ wanted: WantedImages) async throws -> [ListedImage]? { nil }
    public func manifest(of uuid: ImageUUID) async throws -> Manifest? { nil }

    public func image(of manifest: Manifest) throws -> AvailableImage {
        throw Failure(.internalError, "image \(manifest.uuid) of a registry is asked for without its reference")
    }

    /// The digest that a reference leads to now, without counting as a pull; nil if the registry does not say.
    public func digest(of reference: DockerReference) async throws -> ContentDigest? {
        try await client.digest(of: reference)
    }

    /// Finds an image for a platform: one request for its manifest, two if there is an index before it.
    ///
    /// - Throws: `ImageNotFound`, `Unauthorized`, `PlatformNotFound`, `UnsupportedImage`, `SourceError`, `DownloadError`.
    public func image(_ reference: DockerReference, for platform: OCIPlatform) async throws -> DockerImage {
        DockerImage(reference, platform, try await client.image(reference, for: platform))
    }

    /// The images that an image's layers are here, for which its config is fetched.
    public func chain(of image: DockerImage) async throws -> DockerChain {
        let config = try await client.config(of: image.found, image.reference, for: image.platform)
        let images = try image.layers(config, client, of: descriptor)
        guard let top = images.last?.manifest else {
            throw Failure(.unsupportedImage, "image \(image.reference) has no layers")
        }
        return DockerChain(descriptor: descriptor, top: top, images: images)
    }
}

/// The images that the layers of a registry's image are here.
public struct DockerChain: ImageSupply {
    public let descriptor: SourceDescriptor
    /// The image itself: its topmost layer.
    public let top: Manifest
    private let images: [ImageUUID: AvailableImage]

    init(descriptor: SourceDescriptor, top: Manifest, images: [AvailableImage]) {
        self.descriptor = descriptor
        self.top = top
        // A UUID stands for all layers up to its own, so that none comes twice.
        self.images = Dictionary(images.map { ($0.uuid, $0) }) { _, upper in upper }
    }

    public var longestChain: Int { images.count }

    public func manifest(of uuid: ImageUUID) async throws -> Manifest? { images[uuid]?.manifest }
    public func layer(_ uuid: ImageUUID) -> LayerPlace? { images[uuid]?.layer }

    public func image(of manifest: Manifest) throws -> AvailableImage {
        guard let image = images[manifest.uuid] else {
            throw Failure(.internalError, "image \(manifest.uuid) is none of the layers of this image")
        }
        return image
    }
}
