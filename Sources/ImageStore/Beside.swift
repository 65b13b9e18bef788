public import Failure
public import ImageModel
public import ZFS

/// What is beside an image's place, where one comes and goes (`POOL/UUID-partial`).
///
/// The name alone says nothing: anybody may have a dataset called so. Ours is what has our mark, or a snapshot that only an image
/// has that was received there. The mark comes with what is made without a snapshot, and on whatever is about to lose its last.
enum Beside: Sendable {
    case nothing
    /// A run has left it.
    case leftover(Leftover)
    /// Somebody has made it, or wants it kept (`imgadm:ignore`).
    case somebodys

    struct Leftover: Sendable {
        /// By which it is known until it is destroyed.
        let guid: UInt64
        /// It has the mark.
        let isOwn: Bool
    }

    var leftover: Leftover? {
        guard case .leftover(let leftover) = self else { return nil }
        return leftover
    }
}

extension ImageStore {
    /// Looks at what is beside an image's place, and at nothing else in the same call: a property that users set may hold line breaks,
    /// and what one dataset says must not count for another.
    func beside(_ uuid: ImageUUID, in pool: PoolName) async throws -> Beside {
        let name = DatasetName.partial(uuid, in: pool)
        let snapshots = [finalSnapshot, arrivedSnapshot].compactMap { name.snapshot($0) }
        let found = try await zfs.lookUp([name], snapshots)
        guard let dataset = found.dataset(name), let guid = try found.guid(of: name) else { return .nothing }
        let isOwn = found.isOwn(name)
        let isOurs = try isOwn || snapshots.contains { try found.guid(of: $0) != nil }
        return isOurs && !dataset.isIgnored ? .leftover(Beside.Leftover(guid: guid, isOwn: isOwn)) : .somebodys
    }

    /// Something that is not ours has the name that an image needs to come or go.
    public static func inTheWay(of uuid: ImageUUID, in pool: PoolName) -> Failure {
        let name = DatasetName.partial(uuid, in: pool)
        return Failure(
            .datasetExists,
            "dataset \"\(name)\" is none that imgadm has left, and has the name under which image \(uuid) comes and goes",
            hint: "zfs rename it, or destroy it if nobody needs it")
    }
}
