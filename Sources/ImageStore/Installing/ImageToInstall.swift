public import Compression
public import ImageModel
public import JSON
public import ZFS

/// What is to be installed, and from where it came.
public struct ImageToInstall: Sendable {
    public let manifest: Manifest
    /// The URL for the record.
    public let source: String?
    public let pool: PoolName
    /// What the file must turn out to be.
    public let check: ImageFileCheck
    /// What the file holds.
    public let content: ImageContent
    /// How the file is compressed; nil to find out from its first bytes.
    public let compression: CompressionFormat?
    /// What it may take of this host if it is a layer.
    public let limits: LayerLimits
    /// How messages call the file of an image that came without a manifest.
    public let fileName: String?
    /// The URL of such a file, and what tells whether it is still the same there.
    public let fetched: FetchedURL?
    /// Fields of the manifest that came with the command, for the record.
    public let given: JSONObject
    /// What was seen of it once its lock, and that of its origin, was taken; nil if it is to be looked at anew.
    public let seen: Seen?

    /// What nobody changes who heeds the locks.
    public struct Seen: Sendable {
        /// Nothing of the image was there, nor anything left of a run that was killed.
        public var isClear = false
        /// The guid of its origin's `@final`; nil where that was not looked at.
        public var originGUID: UInt64?

        public init() {}
    }

    public init(
        manifest: Manifest, source: String?, pool: PoolName, check: ImageFileCheck, content: ImageContent,
        compression: CompressionFormat?, limits: LayerLimits, fileName: String? = nil, fetched: FetchedURL? = nil,
        given: JSONObject = [:], seen: Seen? = nil
    ) {
        self.manifest = manifest
        self.source = source
        self.pool = pool
        self.check = check
        self.content = content
        self.compression = compression
        self.limits = limits
        self.fileName = fileName
        self.fetched = fetched
        self.given = given
        self.seen = seen
    }

    /// The same image, made of what its file was turned into: that is what it is.
    func made(of content: ImageContent) -> ImageToInstall {
        ImageToInstall(
            manifest: manifest, source: source, pool: pool, check: .none, content: content, compression: nil,
            limits: limits, fileName: fileName, fetched: fetched, given: given)
    }
}
