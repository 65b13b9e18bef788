import Failure
import Host
import Logging

extension ZFS {
    /// All file systems and volumes of all pools, in one call that does not look at snapshots.
    public func datasets() async throws -> [Dataset] {
        datasets(
            try await zfs("list", "-H", "-t", "filesystem,volume", "-o", Dataset.columns, doing: "list datasets"))
    }

    /// All file systems and volumes of one pool.
    ///
    /// - Throws: `PoolNotFound`.
    public func datasets(in pool: PoolName) async throws -> [Dataset] {
        try await ofPool(pool) { try await datasets(below: pool.dataset) }
    }

    /// A dataset and those below it.
    ///
    /// - Throws: `DatasetNotFound`.
    public func datasets(below name: DatasetName) async throws -> [Dataset] {
        datasets(
            try await zfs(
                "list", "-H", "-r", "-t", "filesystem,volume", "-o", Dataset.columns, name.description,
                doing: "list datasets of \"\(name)\""))
    }

    /// The snapshots of one dataset, in the order of their making.
    public func snapshots(of name: DatasetName) async throws -> [SnapshotName] {
        try await zfs(
            "list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name", "-s", "creation", name.description,
            doing: "list snapshots of \"\(name)\""
        ).lines.compactMap { SnapshotName(String($0)) }
    }

    /// A snapshot, and whether somebody wants it kept (zfs-hold(8)).
    public typealias ListedSnapshot = (name: SnapshotName, isHeld: Bool)

    /// The snapshots of datasets, in the order of their making: one call.
    ///
    /// - Parameter names: datasets that have snapshots. One that is gone by now is left out.
    public func snapshots(of names: [DatasetName]) async throws -> [DatasetName: [ListedSnapshot]] {
        guard !names.isEmpty else { return [:] }
        let lines = try await present(
            ["list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name,userrefs", "-s", "creation"],
            named: names.map(\.description), doing: "list snapshots of images")
        var found: [DatasetName: [ListedSnapshot]] = [:]
        for line in lines {
            let cells = line.split(separator: UInt8(ascii: "\t"))
            guard cells.count == 2, let name = SnapshotName(bytes: cells[0]) else { continue }
            found[name.dataset, default: []].append(
                (name, ZFS.isHeld(references: String(decoding: cells[1], as: UTF8.self))))
        }
        return found
    }

    /// The snapshots of a dataset that somebody wants kept.
    public func heldSnapshots(of name: DatasetName) async throws -> [SnapshotName] {
        try await snapshots(of: [name])[name, default: []].filter(\.isHeld).map(\.name)
    }

    /// Datasets of lines. What is none is told: a property may hold line breaks.
    private func datasets(_ outcome: CommandOutcome) -> [Dataset] {
        outcome.output.split(separator: UInt8(ascii: "\n")).compactMap { line in
            if let dataset = Dataset(line: line) { return dataset }
            log.info(
                "zfs list printed a line that is no dataset",
                metadata: ["line": "\(String(decoding: line.prefix(300), as: UTF8.self))"])
            return nil
        }
    }
}
