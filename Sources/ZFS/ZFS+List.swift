import Failure
import Host

extension ZFS {
    /// All file systems and volumes of all pools, in one call that does not look at snapshots.
    public func datasets() async throws -> [Dataset] {
        try await zfs(
            "list", "-H", "-t", "filesystem,volume", "-o", Dataset.columns, doing: "list datasets"
        ).lines.compactMap(Dataset.init(line:))
    }

    /// All file systems and volumes of one pool.
    public func datasets(in pool: PoolName) async throws -> [Dataset] {
        try await datasets(below: pool.dataset)
    }

    /// A dataset and those below it.
    ///
    /// - Throws: `DatasetNotFound`.
    public func datasets(below name: DatasetName) async throws -> [Dataset] {
        try await zfs(
            "list", "-H", "-r", "-t", "filesystem,volume", "-o", Dataset.columns, name.description,
            doing: "list datasets of \"\(name)\""
        ).lines.compactMap(Dataset.init(line:))
    }

    /// A dataset by its name, and which of its snapshots of the given names there are, in one call that looks at
    /// nothing else; nil if there is no such dataset.
    public func dataset(
        _ name: DatasetName, probing snapshots: [String] = []
    ) async throws -> (dataset: Dataset, snapshots: Set<String>)? {
        let wanted = snapshots.compactMap { name.snapshot($0) }
        let arguments = ["list", "-H", "-t", "filesystem,volume,snapshot", "-o", Dataset.columns, name.description]
        let lines = try await present(arguments + wanted.map(\.description), doing: "look up \"\(name)\"")
        guard let dataset = lines.lazy.compactMap(Dataset.init(line:)).first(where: { $0.name == name }) else {
            return nil
        }
        let found = lines.compactMap { SnapshotName(String($0.prefix { $0 != "\t" })) }.filter(wanted.contains)
        return (dataset, Set(found.map(\.name)))
    }

    /// Which of these snapshots exist. They are looked up by name: the others of a dataset, however many, cost nothing.
    public func existing(_ snapshots: [SnapshotName]) async throws -> Set<SnapshotName> {
        var found: Set<SnapshotName> = []
        var rest = snapshots.map(\.description)[...]
        while !rest.isEmpty {
            // A vector of arguments has its limit, 1 MiB on the narrowest of systems.
            var bytes = 0
            let names = rest.prefix { name in
                bytes += name.utf8.count + 9
                return bytes < 768 << 10
            }
            rest = rest.dropFirst(names.count)
            let lines = try await present(
                ["list", "-H", "-t", "snapshot", "-o", "name"] + names, doing: "look up snapshots")
            found.formUnion(lines.compactMap { SnapshotName(String($0)) })
        }
        return found
    }

    /// The snapshots of one dataset, in the order of their making.
    public func snapshots(of name: DatasetName) async throws -> [SnapshotName] {
        try await zfs(
            "list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name", "-s", "creation", name.description,
            doing: "list snapshots of \"\(name)\""
        ).lines.compactMap { SnapshotName(String($0)) }
    }

    /// The lines for those of the named things that exist: `zfs` complains of the others and exits 1, which is no error
    /// as long as it complains of nothing else.
    private func present(_ arguments: [String], doing what: String) async throws -> [Substring] {
        let command = Command("zfs", arguments)
        let outcome = try await runner.run(command)
        if !outcome.succeeded {
            let complaints = outcome.errorText.split(separator: "\n")
            guard outcome.ending == .exited(1), !complaints.isEmpty,
                complaints.allSatisfy({ $0.hasSuffix("dataset does not exist") || $0.hasSuffix("no such pool") })
            else { throw ZFSFailure.read(outcome, of: command, doing: what) }
        }
        return outcome.lines
    }
}
