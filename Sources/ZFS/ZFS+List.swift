import Failure
import Host
import Logging

extension ZFS {
    /// All file systems and volumes of all pools, in one call that does not look at snapshots.
    public func datasets() async throws -> [Dataset] {
        try await datasets(["-t", "filesystem,volume"], [], doing: "list datasets")
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
        try await datasets(
            ["-r", "-t", "filesystem,volume"], [name.description], doing: "list datasets of \"\(name)\"")
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

    /// Datasets of lines that begin and end with their names. Where one does not, or a name comes twice, some value holds line breaks or
    /// tabs (`ZFS+Told`): then it is listed once more without what somebody chooses, and that is asked of those which it may be about.
    private func datasets(_ which: [String], _ roots: [String], doing what: String) async throws -> [Dataset] {
        func lines(_ columns: String) async throws -> [ArraySlice<UInt8>] {
            try await zfs(["list", "-H"] + which + ["-o", columns] + roots, doing: what).output
                .split(separator: UInt8(ascii: "\n"))
        }
        var found: [Dataset] = []
        var names: Set<DatasetName> = []
        var doubted: Set<String> = []
        for line in try await lines(Dataset.columns) {
            if let dataset = Dataset(line: line), names.insert(dataset.name).inserted {
                found.append(dataset)
            } else {
                doubted.insert(String(decoding: line.prefix { $0 != UInt8(ascii: "\t") }, as: UTF8.self))
            }
        }
        guard !doubted.isEmpty else { return found }
        log.info(
            "zfs list printed lines that are no datasets: they are listed again",
            metadata: ["line": "\(doubted.first?.prefix(300) ?? "")"])
        let rows = try await lines(Dataset.fixedColumns).compactMap { line in
            let cells = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            return cells.count == 4 ? DatasetName(bytes: cells[0]).map { (name: $0, cells: cells) } : nil
        }
        // The line that zfs began with a name is there: if it is the only one, it is that.
        let sure = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0) })
            .filter { !doubted.contains($0.key.description) }
        let told = try await told(
            ["mountpoint", "imgadm:ignore"], of: rows.map(\.name).filter { sure[$0] == nil }.map(\.description),
            doing: what)
        return rows.compactMap { name, cells in
            if let known = sure[name] {
                return Dataset(
                    name, fixed: cells, mountpoint: known.mountpoint ?? "-", ignore: known.isIgnored ? "true" : "-")
            }
            // It is gone by now.
            guard let values = told[name.description] else { return nil }
            return Dataset(
                name, fixed: cells, mountpoint: values["mountpoint"]?.value ?? "-",
                ignore: values["imgadm:ignore"]?.value ?? "-")
        }
    }
}
