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
            found[name.dataset, default: []].append(ZFS.listed(name, references: cells[1]))
        }
        return found
    }

    /// What a dataset has: its snapshots, in the order of their making, and the datasets below it.
    public typealias Contents = (snapshots: [ListedSnapshot], below: [DatasetName])

    /// All that a dataset has, as it is at one moment.
    ///
    /// - Throws: `DatasetNotFound`.
    public func contents(of name: DatasetName) async throws -> Contents {
        let outcome = try await zfs(
            "list", "-H", "-r", "-t", "filesystem,volume,snapshot", "-o", "name,userrefs", "-s", "creation",
            name.description, doing: "list what \"\(name)\" has")
        var contents: Contents = ([], [])
        for line in outcome.output.split(separator: UInt8(ascii: "\n")) {
            let cells = line.split(separator: UInt8(ascii: "\t"))
            if cells.count == 2, let snapshot = SnapshotName(bytes: cells[0]) {
                if snapshot.dataset == name { contents.snapshots.append(ZFS.listed(snapshot, references: cells[1])) }
            } else if cells.count == 2, let other = DatasetName(bytes: cells[0]) {
                if other != name { contents.below.append(other) }
            } else {
                // What cannot be named must not be taken for nothing.
                throw Failure(
                    .zfs,
                    "zfs list has something of \"\(name)\" that cannot be read: \(String(decoding: line.prefix(300), as: UTF8.self))"
                )
            }
        }
        return contents
    }

    /// - Parameter references: how many want it kept. Pools of old versions know no holds, and have `-` there.
    private static func listed(_ name: SnapshotName, references: ArraySlice<UInt8>) -> ListedSnapshot {
        (name, UInt64(String(decoding: references, as: UTF8.self)) ?? 0 > 0)
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
