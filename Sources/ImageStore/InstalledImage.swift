public import ImageModel
public import JSON
public import Time
public import ZFS

/// An image that is installed on this host (state.md, "Datasets").
public struct InstalledImage: Sendable {
    public let uuid: ImageUUID
    public let pool: PoolName
    /// The manifest of its record; where there is none that can be read, its UUID alone.
    public let manifest: Manifest
    /// The URL it came from.
    public let source: String?
    /// The snapshot its dataset is a clone of.
    public let origin: SnapshotName?
    /// Names of the datasets that are clones of it, where they were asked for.
    public let cloneNames: [DatasetName]
    /// Why it may be no image at all; nil where it is known to be one, or that was not looked into.
    public internal(set) var doubt: ImageDoubt?
    /// The references that led to it, by digests (`ImageRecord.pulls`).
    public let pulls: JSONObject
    /// Fields of its manifest that the operator gave.
    public let given: JSONObject
    /// By what its snapshot and its file are known.
    public let made: MadeImage?
    /// It is not where operators look for it, or may not be; false where that was not looked at.
    public internal(set) var mayBeHidden = false
    /// The guid of its `@final` as it was found; nil where that was not looked at.
    public internal(set) var foundGUID: UInt64?
    /// What it takes of the disk, where that was asked for.
    public var space: ImageSpace?
    /// When it came here, where that was asked for.
    public internal(set) var arrival: Timestamp?

    init(
        uuid: ImageUUID, pool: PoolName, record: ImageRecord?, origin: SnapshotName?, cloneNames: [DatasetName] = []
    ) {
        self.uuid = uuid
        self.pool = pool
        manifest = record?.manifest ?? Manifest(uuid: uuid)
        source = record?.source
        pulls = record?.pulls ?? [:]
        given = record?.given ?? [:]
        made = record?.made
        self.origin = origin
        self.cloneNames = cloneNames
    }

    /// Its record has a manifest.
    public var isKnown: Bool { manifest.json.count > 1 }

    /// A source's manifest with what the operator gave, which counts more than what any source says.
    public func keepingGiven(_ stated: Manifest) -> Manifest {
        var manifest = stated
        let merged = ManifestFields.merge(given, into: stated.json)
        for (field, _) in given { manifest[field] = merged[field] }
        return manifest
    }

    /// The guid of its snapshot: as it was when that was made, or as it was found.
    public var snapshotGUID: UInt64? { made?.snapshotGUID ?? foundGUID }

    /// A manifest with the guid that the image is known by on this host, where it states one: the file that a source speaks of may make
    /// another snapshot.
    public func keepingGUID(_ stated: Manifest) -> Manifest {
        guard let guid = snapshotGUID else { return stated }
        return stated.stating(datasetGUID: "\(guid)")
    }

    /// The image that it builds on: its dataset knows that even where its record is lost.
    public var below: ImageUUID? {
        manifest.origin ?? origin.flatMap { ImageUUID(String($0.dataset.lastComponent)) }
    }

    /// `UUID (NAME VERSION)`, or the UUID alone.
    public var title: String {
        guard let name = manifest.name, let version = manifest.version else { return uuid.description }
        return "\(uuid) (\(name) \(version))"
    }

    /// What listings and filters know of it beside its manifest.
    public var extras: ImageExtras {
        var extras = ImageExtras(source: source, zpool: pool.description, clones: cloneNames.count)
        extras.space = space
        extras.installed = arrival.map { PublishedDate.second(of: $0.description) }
        extras.references = references
        extras.digests = dockerDigests.map(\.description)
        return extras
    }

    /// `{manifest, zpool, source}` (cli.md §3, get); without `source` where that is not known, with `references` where docker has
    /// names for it, and with `doubt` where there is one.
    public var json: JSONObject {
        var object: JSONObject = ["manifest": .object(manifest.json), "zpool": .string(pool.description)]
        if let source { object["source"] = .string(source) }
        if !references.isEmpty { object["references"] = .array(references.map { .string($0) }) }
        if let doubt { object["doubt"] = .string(doubt.rawValue) }
        return object
    }
}

extension DatasetName {
    /// The dataset of an image in a pool.
    static func image(_ uuid: ImageUUID, in pool: PoolName) -> DatasetName {
        pool.dataset.child(uuid.description)
    }

    /// Where an image is received, and where one goes that is being deleted: never an image itself.
    static func partial(_ uuid: ImageUUID, in pool: PoolName) -> DatasetName {
        pool.dataset.child("\(uuid)-partial")
    }
}

/// The name of the one snapshot of an image.
let finalSnapshot = "final"

/// The name of the snapshot of a disk that is on its way: then comes `@final`.
let arrivedSnapshot = "arrived"
