import Failure
import ImageModel
import ZFS

/// What is beside an image's place, where one comes and goes (`POOL/UUID-partial`).
///
/// The name alone says nothing: anybody may have a dataset called so. Ours is what has our mark, or a snapshot that only an image
/// has that was received there. The mark comes with what is made without a snapshot, and on whatever is about to lose its last.
enum Beside: Sendable {
    case nothing
    /// A run has left it.
    case leftover
    /// Somebody has made it, or wants it kept (`imgadm:ignore`).
    case somebodys

    /// The snapshots of which it is known.
    static func snapshots(of uuid: ImageUUID, in pool: PoolName) -> [SnapshotName] {
        [finalSnapshot, arrivedSnapshot].compactMap { DatasetName.partial(uuid, in: pool).snapshot($0) }
    }

    /// - Parameter found: of the name and of those snapshots.
    init(of uuid: ImageUUID, in pool: PoolName, _ found: ZFS.Found) throws {
        let name = DatasetName.partial(uuid, in: pool)
        guard let dataset = found.dataset(name) else {
            self = .nothing
            return
        }
        let isOurs =
            try found.isOwn(name) || Self.snapshots(of: uuid, in: pool).contains { try found.guid(of: $0) != nil }
        self = isOurs && !dataset.isIgnored ? .leftover : .somebodys
    }

    /// Something that is not ours has the name that an image needs to come or go.
    static func inTheWay(of uuid: ImageUUID, in pool: PoolName) -> Failure {
        let name = DatasetName.partial(uuid, in: pool)
        return Failure(
            .datasetExists,
            "dataset \"\(name)\" is none that imgadm has left, and has the name under which image \(uuid) comes and goes",
            hint: "zfs rename it, or destroy it if nobody needs it")
    }
}
