import Failure
public import ImageModel
public import JSON

/// What is written down of an installed image: `{manifest, zpool, source}` (state.md, "Files"), the pool's guid, and for an
/// image of a registry `pulls`: the digest that each reference led to, so that the next import need not fetch a manifest.
public struct ImageRecord: Sendable {
    public internal(set) var manifest: Manifest
    public internal(set) var source: String?
    /// Digests by reference and platform.
    public internal(set) var pulls: JSONObject
    /// What was installed, or was there when the record was made; nil in records of others, and of older versions.
    public internal(set) var made: MadeImage?
    /// Where its file was fetched, of an image that came without a manifest.
    public internal(set) var fetched: [FetchedURL]
    /// Fields of the manifest that the operator gave: no source's count more.
    public let given: JSONObject
    /// What it was sent to registries as.
    public internal(set) var pushed: [PushedLayer]
    /// The docker references that are being deleted, and this layer with them, if nothing else needs it.
    var leaving: [String] = []
    /// The dataset whose deletion has begun where it is, since there was no room to rename it.
    var deleting: Deletion?

    struct Deletion: Sendable, Hashable {
        /// Of the dataset.
        let guid: UInt64
        /// Bytes that it referred to, where ZFS told.
        let referenced: UInt64?
    }

    /// Of the pool that it was written for; nil in records of others, and of older versions.
    let poolGUID: UInt64?

    public init(
        manifest: Manifest, source: String?, pulls: JSONObject = [:], made: MadeImage? = nil,
        fetched: [FetchedURL] = [], given: JSONObject = [:], pushed: [PushedLayer] = []
    ) {
        self.manifest = manifest
        self.source = source
        self.pulls = pulls
        self.made = made
        self.fetched = fetched
        self.given = given
        self.pushed = pushed
        poolGUID = nil
    }

    /// - Throws: `InvalidManifest` for what is no record of that image.
    init(_ value: JSONValue, of uuid: ImageUUID) throws {
        guard let content = value["manifest"] else { throw Failure(.invalidManifest, "it has no manifest") }
        manifest = try Manifest(content)
        guard manifest.uuid == uuid else {
            throw Failure(.invalidManifest, "it is about image \(manifest.uuid)")
        }
        source = value["source"]?.stringValue
        pulls = value["pulls"]?.objectValue ?? [:]
        fetched = (value["fetched"]?.arrayValue ?? []).compactMap { FetchedURL($0) }
        given = value["given"]?.objectValue ?? [:]
        pushed = (value["pushed"]?.arrayValue ?? []).compactMap { PushedLayer($0) }
        leaving = (value["leaving"]?.arrayValue ?? []).compactMap(\.stringValue)
        deleting = value["deleting"]?.stringValue.flatMap { UInt64($0) }.map {
            Deletion(guid: $0, referenced: value["deleting_referenced"]?.stringValue.flatMap { UInt64($0) })
        }
        poolGUID = value["zpool_guid"]?.stringValue.flatMap { UInt64($0) }
        made = value["snapshot_guid"]?.stringValue.flatMap { UInt64($0) }.map {
            MadeImage(snapshotGUID: $0, fileSHA256: value["file_sha256"]?.stringValue)
        }
    }
}

/// By what an installed image is known again, and the file it was made from.
public struct MadeImage: Sendable, Hashable {
    /// Of `@final`.
    public let snapshotGUID: UInt64
    /// Of the file, as packed as it was: lower-case hex.
    public let fileSHA256: String?
}
