public import Host
public import ImageModel
import JSON
public import ZFS

/// Docker references that are taken away from images, or go with them.
extension ImageStore {
    /// What docker calls an image still, once a reference is taken away from it.
    public func references(
        of image: InstalledImage, without reference: DockerReference
    ) async throws -> [String] {
        let record = try await record(image.uuid, image.pool)?.without(reference)
        return InstalledImage(uuid: image.uuid, pool: image.pool, record: record, origin: image.origin).references
    }

    /// Takes a reference away from an image, which stays. The lock of the names must be held.
    ///
    /// - Parameter waiting: as for the lock of the image's record.
    public func untag(
        _ reference: DockerReference, of uuid: ImageUUID, in pool: PoolName, waiting: ([LockHolder]) -> Void
    ) async throws {
        try await change(uuid, in: pool, waiting: waiting) { $0 = $0.without(reference) }
    }

    /// Notes that a layer goes with a reference which is being deleted, before what is on top of it is gone: the same command finds
    /// it by that if this one is killed.
    ///
    /// - Parameter reference: nil if the layer stays after all.
    public func setLeaving(
        _ reference: DockerReference?, of uuid: ImageUUID, in pool: PoolName, waiting: ([LockHolder]) -> Void
    ) async throws {
        try await change(uuid, in: pool, waiting: waiting) { record in
            record.leaving = reference.map { [$0.localDescription] } ?? []
        }
    }

    /// The images that a deletion by this reference, which did not come to its end, has left: those whose datasets are gone, and the
    /// layers that were to go next.
    public func leaving(_ reference: DockerReference, in pool: PoolName) async throws -> [ImageUUID] {
        var gone: [ImageUUID] = []
        var layers: [ImageUUID] = []
        for (uuid, record, isGone) in try await recorded(in: pool) {
            let isLeaving = record.leaving.contains(reference.localDescription)
            let image = InstalledImage(uuid: uuid, pool: pool, record: record, origin: nil)
            guard isLeaving || image.isCalled(reference) else { continue }
            if isGone { gone.append(uuid) } else if isLeaving { layers.append(uuid) }
        }
        return gone + layers
    }

    /// The images of which deletions that did not come to their ends have left a record, but no image.
    public func halfGone(in pool: PoolName) async throws -> [InstalledImage] {
        try await recorded(in: pool).filter(\.isGone).map {
            InstalledImage(uuid: $0.uuid, pool: pool, record: $0.record, origin: nil)
        }
    }

    /// The records of a pool, and whether the dataset of each has gone, or has been half deleted.
    private func recorded(
        in pool: PoolName
    ) async throws -> [(uuid: ImageUUID, record: ImageRecord, isGone: Bool)] {
        let guid = try await guid(of: pool)
        let records = try records.all().compactMap { name, uuid in
            self.records.read(uuid, name).flatMap { $0.belongs(to: guid, name, pool) ? (uuid, $0) : nil }
        }
        let look = try await look(for: records.map(\.0), in: pool)
        return records.map { uuid, record in
            (uuid, record, !look.isTaken(uuid) || look.halfDeleted(uuid) != nil)
        }
    }

    private func change(
        _ uuid: ImageUUID, in pool: PoolName, waiting: ([LockHolder]) -> Void, _ change: (inout ImageRecord) -> Void
    ) async throws {
        let lock = try await recordLock(uuid, in: pool, waiting: waiting)
        defer { lock.release() }
        guard let old = try await record(uuid, pool) else { return }
        var new = old
        change(&new)
        guard new.manifest != old.manifest || new.pulls != old.pulls || new.leaving != old.leaving else { return }
        try await write(new, uuid, pool)
    }
}

extension ImageRecord {
    /// The record without a reference: without its tag, or without all that led to its digest.
    func without(_ reference: DockerReference) -> ImageRecord {
        guard let digest = reference.digest else {
            let name = DockerName(repository: reference.localName, tag: reference.tag ?? "latest")
            let new = without(name) ?? self
            let isTagged = new.manifest.dockerNames(new.pulls).contains {
                $0.repository == name.repository
            }
            // As docker has it: digests of a repository go with its last tag.
            return isTagged ? new : new.keeping { DockerDigest(pulled: $0, $1)?.repository != name.repository }
        }
        func leads(_ key: String, _ value: JSONValue) -> Bool {
            guard let pulled = DockerDigest(pulled: key, value) else { return false }
            return pulled.repository == reference.localName && pulled.digest == digest
        }
        var new = self
        for (key, value) in pulls where leads(key, value) {
            if let name = DockerName(pulled: key) { new = new.without(name) ?? new }
        }
        return new.keeping { !leads($0, $1) }
    }

    private func keeping(_ isKept: (String, JSONValue) -> Bool) -> ImageRecord {
        var new = self
        new.pulls = [:]
        for (key, value) in pulls where isKept(key, value) { new.pulls[key] = value }
        return new
    }
}
