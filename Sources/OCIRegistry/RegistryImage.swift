public import ImageModel

/// An image as a registry describes it: what there is to fetch.
public struct RegistryImage: Sendable {
    /// What the reference leads to: an index, or the manifest itself.
    public let digest: ContentDigest
    public let manifestDigest: ContentDigest
    /// From the base up.
    public let layers: [RegistryLayer]
    let config: ConfigPlace

    enum ConfigPlace: Sendable {
        case blob(ContentDigest, size: Int64)
        /// Schema 1 has it in the manifest.
        case inline(ImageConfig)
    }
}

/// A layer in a registry.
public struct RegistryLayer: Sendable, Hashable {
    public let digest: ContentDigest
    /// Compressed bytes; schema 1 does not tell.
    public let size: Int64?
}

/// What the config of an image says, as far as it matters here (OCI image-spec, config.md).
public struct ImageConfig: Sendable {
    public var created: String?
    public var architecture: String?
    public var os: String?
    public var variant: String?
    public var comment: String?
    /// `container_config.Cmd`: what made the image.
    public var buildCommand: [String]
    public var command: [String]?
    public var entrypoint: [String]?
    public var environment: [String]?
    public var workingFolder: String?
    /// Digests of the layers as they are unpacked, from the base up; empty where there are none.
    public var diffIDs: [ContentDigest]

    /// What it runs on, as far as it says.
    public var platform: OCIPlatform? {
        guard let os, let architecture, !os.isEmpty, !architecture.isEmpty else { return nil }
        return OCIPlatform(os: os, architecture: architecture, variant: variant)
    }
}
