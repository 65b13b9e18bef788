extension ZFS {
    /// Renames a dataset.
    ///
    /// - Throws: `DatasetNotFound`, `DatasetExists`, `DatasetBusy`.
    public func rename(_ from: DatasetName, to: DatasetName) async throws {
        try await zfsWhenFree(
            ["rename", from.description, to.description], doing: "rename dataset \"\(from)\" to \"\(to)\"")
    }

    /// Renames a snapshot within its dataset.
    public func rename(_ from: SnapshotName, to: SnapshotName) async throws {
        try await zfsWhenFree(
            ["rename", from.description, to.description], doing: "rename snapshot \"\(from)\" to \"\(to)\"")
    }

    /// Destroys a dataset that has neither snapshots nor datasets below it: never what somebody has put to it meanwhile.
    ///
    /// - Throws: `DatasetNotFound`, `DatasetBusy`, `ImageHasChildDatasets` if it has any.
    public func destroy(_ name: DatasetName) async throws {
        try await zfsWhenFree(["destroy", name.description], doing: "destroy dataset \"\(name)\"")
    }

    /// Somebody wants a snapshot kept (zfs-hold(8)).
    public static func held(_ name: SnapshotName) -> ZFSError {
        ZFSError(
            .busy, "snapshot \"\(name)\" is held",
            hint: "zfs holds \(name) shows by whom, zfs release gives it free")
    }

    /// Unmounts a file system; one that is not mounted is fine.
    ///
    /// - Returns: false if it was not mounted.
    /// - Throws: `DatasetBusy` while somebody uses it.
    @discardableResult
    public func unmount(_ name: DatasetName) async throws -> Bool {
        do {
            try await zfs("unmount", name.description, doing: "unmount \"\(name)\"")
            return true
        } catch let error as ZFSError where error.kind == .notMounted { return false }
    }

    /// Mounts a file system where its properties say.
    public func mount(_ name: DatasetName) async throws {
        try await zfs("mount", name.description, doing: "mount \"\(name)\"")
    }

    /// Unmounts a file system in which work has just been done.
    public func unmountWhenFree(_ name: DatasetName) async throws {
        try await zfsWhenFree(["unmount", name.description], doing: "unmount \"\(name)\"")
    }

    /// Makes a file system, mounted where its properties say.
    ///
    /// - Parameter properties: those that it is not to have from the dataset above it; some can be chosen only now.
    /// - Throws: `DatasetExists`.
    public func create(_ name: DatasetName, _ properties: [(name: String, value: String)] = []) async throws {
        let chosen = properties.flatMap { ["-o", "\($0.name)=\($0.value)"] }
        try await zfs(["create"] + chosen + [name.description], doing: "create dataset \"\(name)\"")
    }

    /// Makes a file system out of a snapshot, mounted where its properties say.
    ///
    /// - Parameter properties: what it gets instead of what it would inherit.
    /// - Throws: `DatasetNotFound`, `DatasetExists`.
    public func clone(
        _ snapshot: SnapshotName, to name: DatasetName, _ properties: [(name: String, value: String)] = []
    ) async throws {
        let chosen = properties.flatMap { ["-o", "\($0.name)=\($0.value)"] }
        try await zfs(
            ["clone"] + chosen + [snapshot.description, name.description], doing: "clone \"\(snapshot)\" to \"\(name)\""
        )
    }

    /// Takes a snapshot.
    ///
    /// - Throws: `DatasetExists`.
    public func snapshot(_ name: SnapshotName) async throws {
        try await zfs("snapshot", name.description, doing: "take snapshot \"\(name)\"")
    }

    /// Destroys a snapshot; one that is not there is fine.
    ///
    /// - Throws: `ImageHasDependentClones` if something is a clone of it.
    public func destroy(_ name: SnapshotName) async throws {
        do {
            try await zfsWhenFree(["destroy", name.description], doing: "destroy snapshot \"\(name)\"") {
                try await heldSnapshots(of: name.dataset).contains(name) ? ZFS.held(name) : nil
            }
        } catch let error as ZFSError where error.kind == .noDataset {}
    }

    /// Makes a dataset what it was at a snapshot. Later snapshots of it are destroyed.
    public func rollback(to name: SnapshotName) async throws {
        try await zfsWhenFree(["rollback", "-r", name.description], doing: "roll back to \"\(name)\"") {
            try await heldSnapshots(of: name.dataset).last { $0 != name }.map(ZFS.held)
        }
    }

    /// Sets a property.
    public func set(_ property: String, to value: String, of name: DatasetName) async throws {
        try await zfs(
            "set", "\(property)=\(value)", name.description, doing: "set \"\(property)\" of \"\(name)\"")
    }

    /// The property, with its value, that marks a dataset as imgadm's own, for where it is made.
    public static let own = (name: ownMark, value: "true")

    /// Marks a dataset as imgadm's own: whatever becomes of the run, and of its snapshots, the next one may destroy it.
    public func markOwn(_ name: DatasetName) async throws { try await set(ZFS.ownMark, to: "true", of: name) }

    /// Where a file system is mounted now; nil if it is not.
    public func mountedPath(of name: DatasetName) async throws -> String? {
        ZFS.mountedPath(try await properties(ZFS.mounting, of: name))
    }

    /// The properties that tell where a file system is mounted now.
    public static let mounting = ["mounted", "mountpoint"]

    /// The same by the values of these properties.
    public static func mountedPath(_ found: [Property]) -> String? {
        guard found.first(where: { $0.name == "mounted" })?.value == "yes" else { return nil }
        return found.first { $0.name == "mountpoint" && $0.value.hasPrefix("/") }?.value
    }
}
