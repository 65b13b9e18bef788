public import ImageModel
import JSON
public import ZFS

/// What an image's record knows of the registry it came from.
extension ImageStore {
    /// Adds a tag to an image of type docker, and notes which digest a reference led to. Its lock must be held.
    ///
    /// - Parameters:
    ///   - name: belongs to the manifest only if that is of the same repository, or has no tag yet.
    ///   - key: the reference and the platform.
    public func note(
        _ name: DockerName?, of uuid: ImageUUID, in pool: PoolName, pulled key: String, digest: ContentDigest
    ) async throws {
        guard let record = try await record(uuid, pool), try await image(uuid, in: pool) != nil else { return }
        var manifest = record.manifest
        if let name, manifest.tags["docker:repo"]?.stringValue == name.repository || manifest.dockerTags.isEmpty {
            var tags = manifest.tags
            tags["docker:repo"] = .string(name.repository)
            tags["docker:tag:\(name.tag)"] = true
            manifest["tags"] = .object(tags)
        }
        var pulls = record.pulls
        pulls[key] = .string(digest.description)
        guard manifest != record.manifest || pulls != record.pulls else { return }
        try await write(ImageRecord(manifest: manifest, source: record.source, pulls: pulls), uuid, pool)
    }

    /// The images that a reference has led to, and by which digests: a tag may have moved.
    public func pulled(
        _ key: String, in pool: PoolName
    ) async throws -> [(uuid: ImageUUID, digest: ContentDigest)] {
        let guid = try await guid(of: pool)
        return try records.all().compactMap { name, uuid in
            guard let record = records.read(uuid, name),
                record.poolGUID.map({ $0 == guid }) ?? (name == pool.description),
                let digest = record.pulls[key]?.stringValue.flatMap({ ContentDigest($0) })
            else { return nil }
            return (uuid, digest)
        }
    }
}
