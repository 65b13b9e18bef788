public import Host
public import ImageModel
import JSON
public import ZFS

/// What an image was sent to a registry as, so that it is known beforehand whether that is there, and need not be made again.
public struct PushedLayer: Sendable, Hashable {
    /// Of `@final`, of which it was made.
    public let snapshotGUID: UInt64
    public let mediaType: String
    public let digest: ContentDigest
    /// In bytes.
    public let size: Int64
    /// Of what it unpacks to.
    public let diffID: ContentDigest
    /// Where it was sent last: `HOST/REPO`.
    public let repository: String

    public init(
        snapshotGUID: UInt64, mediaType: String, digest: ContentDigest, size: Int64, diffID: ContentDigest,
        repository: String
    ) {
        self.snapshotGUID = snapshotGUID
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.diffID = diffID
        self.repository = repository
    }

    /// As records have it; nil for what is none: it is made again then.
    init?(_ value: JSONValue) {
        guard let guid = value["snapshot_guid"]?.stringValue.flatMap({ UInt64($0) }),
            let type = value["mediaType"]?.stringValue, let size = value["size"]?.intValue, size >= 0,
            let digest = value["digest"]?.stringValue.flatMap({ ContentDigest($0) }),
            let diffID = value["diff_id"]?.stringValue.flatMap({ ContentDigest($0) }),
            let repository = value["repository"]?.stringValue
        else { return nil }
        self.init(
            snapshotGUID: guid, mediaType: type, digest: digest, size: Int64(size), diffID: diffID,
            repository: repository)
    }

    var json: JSONValue {
        [
            "snapshot_guid": .string("\(snapshotGUID)"), "mediaType": .string(mediaType),
            "digest": .string("\(digest)"), "size": .number(JSONNumber(Int(size))), "diff_id": .string("\(diffID)"),
            "repository": .string(repository),
        ]
    }
}

extension ImageStore {
    /// What an image was sent to registries as, if it still is what it was then.
    ///
    /// - Throws: `ImageMissingOriginalSnapshot` if it has no `@final`; what ZFS says.
    public func pushed(_ uuid: ImageUUID, in pool: PoolName) async throws -> (guid: UInt64, layers: [PushedLayer]) {
        let guid = try await finalGUID(of: uuid, in: pool)
        return (guid, try await record(uuid, pool)?.pushed.filter { $0.snapshotGUID == guid } ?? [])
    }

    /// Notes what an image was sent to a registry as. The lock of its record is taken for the while.
    ///
    /// - Parameter waiting: is told who is waited for.
    public func note(
        _ layer: PushedLayer, of uuid: ImageUUID, in pool: PoolName, waiting: ([LockHolder]) -> Void
    ) async throws {
        let lock = try await recordLock(uuid, in: pool, waiting: waiting)
        defer { lock.release() }
        // What was deleted meanwhile has no record.
        guard var record = try await record(uuid, pool), try await image(uuid, in: pool) != nil else { return }
        let others = record.pushed.filter {
            $0.snapshotGUID == layer.snapshotGUID && $0.mediaType != layer.mediaType
        }
        guard record.pushed != others + [layer] else { return }
        record.pushed = others + [layer]
        try await write(record, uuid, pool)
    }
}
