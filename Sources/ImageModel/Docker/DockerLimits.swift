/// What images of registries may take, where the config says nothing else (docker.md, "Extraction").
public enum DockerLimits {
    /// Bytes of a manifest, an index or a config. OCI distribution-spec, "Pushing manifests", has registries take 4 MiB at least.
    public static let manifestBytes = 4 << 20
    /// Layers of an image.
    public static let layers = 512
    /// Entries of a layer.
    public static let layerEntries = 1_000_000
    /// Bytes of a layer's files together, holes included.
    public static let layerBytes = 64 << 30
    /// Bytes of a path.
    public static let nameLength = 4096
    /// Bytes of memory that a compressed layer may ask for, such as the window of zstd.
    public static let windowBytes = 128 << 20
}
