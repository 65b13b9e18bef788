public import ImageModel
import JSON
public import ZFS

/// What an image's record knows of the registry it came from.
extension ImageStore {
    /// Adds a tag to an image of type docker, and notes which digest a reference led to. Its lock must be held.
    ///
    /// - Parameter key: the reference and the platform.
    public func note(
        tag: String?, of uuid: ImageUUID, in pool: PoolName, pulled key: String, digest: ContentDigest
    ) async throws {
        guard let record = records.read(uuid, pool), try await image(uuid, in: pool) != nil else { return }
        var manifest = record.manifest
        if let tag {
            var tags = manifest.tags
            tags["docker:tag:\(tag)"] = true
            manifest["tags"] = .object(tags)
        }
        var pulls = record.pulls
        pulls[key] = .string(digest.description)
        guard manifest != record.manifest || pulls != record.pulls else { return }
        try records.write(ImageRecord(manifest: manifest, source: record.source, pulls: pulls), uuid, pool)
    }

    /// The images that a reference has led to, and by which digests: a tag may have moved.
    public func pulled(_ key: String, in pool: PoolName) throws -> [(uuid: ImageUUID, digest: ContentDigest)] {
        try records.uuids(in: pool).compactMap { uuid in
            records.read(uuid, pool)?.pulls[key]?.stringValue.flatMap { ContentDigest($0) }.map { (uuid, $0) }
        }
    }
}
