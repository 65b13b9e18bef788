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

    /// Takes a name away from all images of a pool but one: a tag that has moved is that of the image it was last pulled for. The
    /// others go on being named by the digests that it led to, unless they are layers of that image.
    ///
    /// - Parameter waiting: as for the lock of each image that loses the name.
    public func withdraw(
        _ name: DockerName, in pool: PoolName, except uuid: ImageUUID, waiting: (ImageUUID, [LockHolder]) -> Void
    ) async throws {
        let guid = try await guid(of: pool)
        let layers = try await layers(below: uuid, in: pool)
        for (recordName, other) in try records.all() where other != uuid {
            guard let seen = records.read(other, recordName), seen.belongs(to: guid, recordName, pool),
                seen.without(name) != nil
            else { continue }
            let lock = try await recordLock(other, in: pool) { waiting(other, $0) }
            defer { lock.release() }
            guard let old = try await record(other, pool), let changed = old.without(name) else { continue }
            try await write(layers.contains(other) ? changed : old.moved(name) ?? changed, other, pool)
        }
    }

    /// The images that one builds on, as far as their records say.
    private func layers(below uuid: ImageUUID, in pool: PoolName) async throws -> Set<ImageUUID> {
        var layers: Set<ImageUUID> = []
        var next = try await record(uuid, pool)?.manifest.origin
        while let layer = next, layers.insert(layer).inserted { next = try await record(layer, pool)?.manifest.origin }
        return layers
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

    /// The record without a name, but with the digests that it led to; nil if it does not have it.
    func moved(_ name: DockerName) -> ImageRecord? {
        guard var new = without(name) else { return nil }
        for (key, digest) in pulls where DockerName(pulled: key) == name {
            guard let there = DockerDigest(pulled: key, digest) else { continue }
            // Behind the reference stands the platform.
            let rest = key.drop { $0 != " " }
            new.pulls["\(there)\(rest)"] = digest
        }
        return new
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
