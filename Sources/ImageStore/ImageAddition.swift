public import ImageModel
public import ZFS

/// What somebody has put to an image that is no part of it, and would go with it.
public enum ImageAddition: Sendable, Hashable, CustomStringConvertible {
    /// A snapshot beside `@final`.
    case snapshot(SnapshotName)
    /// Somebody wants `@final` kept (zfs-hold(8)).
    case held(SnapshotName)
    /// Data was written to its dataset since `@final`.
    case written(DatasetName)

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
        let snapshots = try await zfs.snapshots(of: name)
        if let own = snapshots.first(where: { $0.name != finalSnapshot && $0.name != ZFS.probe }) {
            return .snapshot(own)
        }
        guard let final = snapshots.first(where: { $0.name == finalSnapshot }) else { return nil }
        if try await zfs.heldSnapshots(of: name).contains(final) { return .held(final) }
        try await zfs.flush(pool)
        if let written = try await zfs.written(since: finalSnapshot, to: [name]), written[name] == 0 { return nil }
        // The account also has what ZFS wrote for itself, as at a mount.
        return try await zfs.differs(from: final) ? .written(name) : nil
    }
}
