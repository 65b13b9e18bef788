/// What a registry may send.
public struct RegistryLimits: Sendable, Hashable {
    /// Bytes of a manifest or index, and of a config. OCI distribution-spec, "Pushing manifests", has registries take
    /// 4 MiB at least.
    public var manifestBytes: Int
    /// Layers of an image.
    public var layers: Int
    /// Bytes of the file of a layer whose manifest is of a kind that states no sizes.
    public var layerBytes: Int64

    public init(manifestBytes: Int = 4 << 20, layers: Int = 512, layerBytes: Int64 = 64 << 30) {
        self.manifestBytes = manifestBytes
        self.layers = layers
        self.layerBytes = layerBytes
    }
}
