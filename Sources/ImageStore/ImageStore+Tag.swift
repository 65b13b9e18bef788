public import Host
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
        var new = record
        new.manifest = manifest
        new.pulls = pulls
        new.leaving = []
        try await write(new, uuid, pool)
    }

    /// Takes a name away from all images of a pool but one: a tag that has moved is that of the image it was last pulled for.
    ///
    /// - Parameter waiting: as for the lock of each image that loses the name.
    public func withdraw(
        _ name: DockerName, in pool: PoolName, except uuid: ImageUUID, waiting: (ImageUUID, [LockHolder]) -> Void
    ) async throws {
        let guid = try await guid(of: pool)
        for (recordName, other) in try records.all() where other != uuid {
            guard let seen = records.read(other, recordName), seen.belongs(to: guid, recordName, pool),
                seen.without(name) != nil
            else { continue }
            let lock = try await recordLock(other, in: pool) { waiting(other, $0) }
            defer { lock.release() }
            guard let changed = try await record(other, pool)?.without(name) else { continue }
            try await write(changed, other, pool)
        }
    }

    /// The images that a reference has led to, and by which digests: a tag may have moved.
    public func pulled(
        _ key: String, in pool: PoolName
    ) async throws -> [(uuid: ImageUUID, digest: ContentDigest)] {
        let guid = try await guid(of: pool)
        return try records.all().compactMap { name, uuid in
            guard let record = records.read(uuid, name),
                record.belongs(to: guid, name, pool),
                let digest = record.pulls[key]?.stringValue.flatMap({ ContentDigest($0) })
            else { return nil }
            return (uuid, digest)
        }
    }
}

extension ImageRecord {
    /// It was written for this pool: under its guid or, before guids were written down, under its name.
    func belongs(to guid: UInt64, _ name: String, _ pool: PoolName) -> Bool {
        poolGUID.map { $0 == guid } ?? (name == pool.description)
    }

    /// The record without a name; nil if it does not have it.
    func without(_ name: DockerName) -> ImageRecord? {
        var new = self
        if manifest.tags["docker:repo"]?.stringValue == name.repository, manifest.dockerTags.contains(name.tag) {
            var tags = manifest.tags
            tags["docker:tag:\(name.tag)"] = nil
            new.manifest["tags"] = .object(tags)
        }
        var kept: JSONObject = [:]
        for (key, digest) in pulls where DockerName(pulled: key) != name { kept[key] = digest }
        new.pulls = kept
        return new.manifest == manifest && kept == pulls ? nil : new
    }
}
