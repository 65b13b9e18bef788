import Host

/// The snapshots `@final` of machines: `create` takes one to send it, and destroys it again. As long as it is there, the machine looks
/// like an image, to whatever root and however the run has ended; so such a snapshot has a mark from the moment it is there.
extension ZFS {
    static let machineMark = "imgadm:machine"
    /// What a snapshot says that has the mark itself.
    private static let marked = Told(value: "true", source: "local")

    /// Takes a snapshot with that mark.
    ///
    /// - Throws: `DatasetExists`.
    public func snapshotMachine(_ name: SnapshotName) async throws {
        try await zfs(
            "snapshot", "-o", "\(ZFS.machineMark)=true", name.description, doing: "take snapshot \"\(name)\"")
    }

    /// Which of the snapshots of that name are there and have no mark, and which of these datasets are there at all. The snapshots are
    /// looked up first: a dataset that loses its place meanwhile is not there, and none without a snapshot.
    public func ofNoMachines(
        _ snapshot: String, of names: [DatasetName]
    ) async throws -> (snapshots: Set<SnapshotName>, datasets: Set<DatasetName>) {
        let snapshots = names.compactMap { $0.snapshot(snapshot) }
        let told = try await told(
            [ZFS.machineMark], of: snapshots.map(\.description) + names.map(\.description), doing: "look up snapshots")
        let found = snapshots.filter { snapshot in
            told[snapshot.description].map { $0[ZFS.machineMark] != ZFS.marked } ?? false
        }
        return (Set(found), Set(names.filter { told[$0.description] != nil }))
    }

    /// Which of these snapshots have the mark themselves.
    public func ofMachines(_ snapshots: [SnapshotName]) async throws -> Set<SnapshotName> {
        let told = try await told(
            [ZFS.machineMark], of: snapshots.map(\.description), doing: "look up snapshots")
        return Set(snapshots.filter { told[$0.description]?[ZFS.machineMark] == ZFS.marked })
    }
}
