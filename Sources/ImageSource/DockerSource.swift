import Failure
public import IMGAPI
public import ImageModel
public import OCIRegistry
public import Transport

/// A Docker registry. It has no list, and no image by UUID: its images are found by their references.
public struct DockerSource: ImageSource {
    public let descriptor: SourceDescriptor
    private let client: RegistryClient

    public init(descriptor: SourceDescriptor, client: RegistryClient) {
        self.descriptor = descriptor
        self.client = client
    }

    public func ping() async throws { try await client.ping() }
    public func list(named name: String?) async throws -> [ListedImage]? { nil }
    public func manifest(of uuid: ImageUUID) async throws -> Manifest? { nil }

    public func fileRequest(of manifest: Manifest) throws -> HTTPRequest {
        throw Failure(.internalError, "the file of image \(manifest.uuid) is asked for by its digest alone")
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

    /// The manifests of an image's layers, from the base up; for this its config is fetched.
    public func layers(of image: DockerImage) async throws -> [DockerLayer] {
        let config = try await client.config(of: image.found, image.reference, for: image.platform)
        return try image.layers(config, client)
    }
}
