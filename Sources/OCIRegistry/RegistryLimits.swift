public import ImageModel

/// What a registry may send.
public struct RegistryLimits: Sendable, Hashable {
    /// Bytes of a manifest or index, and of a config.
    public var manifestBytes: Int
    /// Bytes of a manifest, a config or another small blob of an artifact of ours.
    public var artifactBytes: Int = 8 << 20
    /// Bytes of all pages of a list of tags together: about a million UUIDs.
    public var tagListBytes: Int = 64 << 20
    /// Pages of a list of tags. A registry that leads on and on is left.
    public var tagPages: Int = 1000
    /// Bytes of an index of images, all its parts together: of about 80,000.
    public var indexBytes: Int = ImageLimits.list
    /// Images of a repository.
    public var images: Int = 250_000
    /// Layers of an image.
    public var layers: Int
    /// Bytes of the file of a layer whose manifest is of a kind that states no sizes.
    public var layerBytes: Int64

    public init(
        manifestBytes: Int = DockerLimits.manifestBytes, layers: Int = DockerLimits.layers,
        layerBytes: Int64 = Int64(DockerLimits.layerBytes)
    ) {
        self.manifestBytes = manifestBytes
        self.layers = layers
        self.layerBytes = layerBytes
    }
}
