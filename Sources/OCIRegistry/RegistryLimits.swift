/// What a registry may send.
public struct RegistryLimits: Sendable, Hashable {
    /// Bytes of a manifest or index, and of a config. OCI distribution-spec, "Pushing manifests", has registries take
    /// 4 MiB at least.
    public var manifestBytes: Int
    /// Layers of an image.
    public var layers: Int

    public init(manifestBytes: Int = 4 << 20, layers: Int = 512) {
        self.manifestBytes = manifestBytes
        self.layers = layers
    }
}
