import Failure
public import ImageModel
import Logging
public import ZFS

/// What somebody has put to an image that is no part of it, and would go with it.
public enum ImageAddition: Sendable, Hashable, CustomStringConvertible {
    /// A snapshot beside `@final`.
    case snapshot(SnapshotName)
    /// Somebody wants `@final` kept (zfs-hold(8)).
    case held(SnapshotName)
    /// Data was written to its dataset since `@final`.
    case written(DatasetName)

    /// A snapshot beside `@final`.
    var foreignSnapshot: SnapshotName? {
        if case .snapshot(let name) = self { name } else { nil }
    }

    public var description: String {
        switch self {
        case .snapshot(let name): "it has a snapshot of its own, \(name)"
        case .held(let name): "its snapshot \(name) is held"
        case .written(let name): "data was written to \(name) since its snapshot @\(finalSnapshot)"
        }
    }
}

extension ImageStore {
    /// What was put to an image since it was installed; nil if nothing was. The image's lock must be held.
    ///
    /// - Throws: what ZFS says.
    public func addition(to uuid: ImageUUID, in pool: PoolName) async throws -> ImageAddition? {
        let name = DatasetName.image(uuid, in: pool)
        let snapshots = try await zfs.snapshots(of: [name])
        if let kept = try await snapshotsToKeep(among: snapshots)[name]?.first { return kept }
        guard let final = snapshots[name]?.first(where: { $0.name.name == finalSnapshot })?.name else {
            // Which of its snapshots is the image is not known then.
            return snapshots[name]?.first.map { .snapshot($0.name) }
        }
        try await zfs.flush(pool)
        if let written = try await zfs.written(since: finalSnapshot, to: [name]), written[name] == 0 { return nil }
        // The account also has what ZFS wrote for itself, as at a mount.
        return try await zfs.differs(from: final) ? .written(name) : nil
    }

    /// The snapshots of images that are somebody's: those that are held, and those beside `@final` that are not the same as it. What
    /// programs take of every dataset of a pool, hour by hour, holds nothing that the image has not, and keeps none. Nothing is
    /// changed for that. Of an image without `@final`, none is known to be somebody's.
    func snapshotsToKeep(
        among snapshots: [DatasetName: [ZFS.ListedSnapshot]]
    ) async throws -> [DatasetName: [ImageAddition]] {
        var found: [DatasetName: [ImageAddition]] = [:]
        for (dataset, all) in snapshots {
            guard let final = all.first(where: { $0.name.name == finalSnapshot }) else { continue }
            for other in all where other.name != final.name && other.name.name != ZFS.probe {
                let isKept = if other.isHeld { true } else { try await differ(other.name, final.name) }
                if isKept { found[dataset, default: []].append(.snapshot(other.name)) }
            }
            if final.isHeld { found[dataset, default: []].append(.held(final.name)) }
        }
        return found
    }

    /// Whether two snapshots of a dataset differ. If ZFS does not tell, they do, as long as the first is there.
    private func differ(_ one: SnapshotName, _ final: SnapshotName) async throws -> Bool {
        // It may have been taken before or after the image came out of its stream: a list does not tell within one second.
        for (later, earlier) in [(one, final), (final, one)] {
            do {
                return try await zfs.differs(later, from: earlier)
            } catch let error as ZFSError {
                log.info("two snapshots were not compared", metadata: ["error": "\(error.description.prefix(300))"])
            }
        }
        return try await !zfs.existing([one]).isEmpty
    }
}
