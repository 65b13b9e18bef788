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
    public func datasets(in pool: PoolName) async throws -> [Dataset] {
        try await datasets(below: pool.dataset)
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

    /// A dataset by its name, and which of its snapshots of the given names there are, in one call that looks at
    /// nothing else; nil if there is no such dataset.
    public func dataset(
        _ name: DatasetName, probing snapshots: [String] = []
    ) async throws -> (dataset: Dataset, snapshots: Set<String>)? {
        let wanted = snapshots.compactMap { name.snapshot($0) }
        let lines = try await present(
            ["list", "-H", "-t", "filesystem,volume,snapshot", "-o", Dataset.columns],
            named: [name.description] + wanted.map(\.description), doing: "look up \"\(name)\"")
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
                ["list", "-H", "-t", "snapshot", "-o", "name"], named: Array(names), doing: "look up snapshots")
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

    /// The snapshots of datasets, in the order of their making, and whether somebody wants them kept (zfs-hold(8)): one call.
    ///
    /// - Parameter names: datasets that have snapshots. One that is gone by now is left out.
    public func snapshots(
        of names: [DatasetName]
    ) async throws -> [DatasetName: [(name: SnapshotName, isHeld: Bool)]] {
        guard !names.isEmpty else { return [:] }
        let lines = try await present(
            ["list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name,userrefs", "-s", "creation"],
            named: names.map(\.description), doing: "list snapshots of images")
        var found: [DatasetName: [(name: SnapshotName, isHeld: Bool)]] = [:]
        for line in lines {
            let cells = line.split(separator: "\t")
            guard cells.count == 2, let name = SnapshotName(String(cells[0])) else { continue }
            // Pools of old versions know no holds, and have `-` there.
            found[name.dataset, default: []].append((name, UInt64(cells[1]) ?? 0 > 0))
        }
        return found
    }

    /// The snapshots of a dataset that somebody wants kept (zfs-hold(8)).
    public func heldSnapshots(of name: DatasetName) async throws -> [SnapshotName] {
        try await zfs(
            "list", "-H", "-r", "-d", "1", "-t", "snapshot", "-o", "name,userrefs", name.description,
            doing: "list snapshots of \"\(name)\""
        ).lines.compactMap { line in
            let cells = line.split(separator: "\t")
            // Pools of old versions know no holds, and have `-` there.
            guard cells.count == 2, let count = UInt64(cells[1]), count > 0 else { return nil }
            return SnapshotName(String(cells[0]))
        }
    }

    /// Datasets of lines. What is none is told: a property may hold line breaks.
    private func datasets(_ outcome: CommandOutcome) -> [Dataset] {
        outcome.lines.compactMap { line in
            if let dataset = Dataset(line: line) { return dataset }
            log.info("zfs list printed a line that is no dataset", metadata: ["line": "\(line.prefix(300))"])
            return nil
        }
    }

    /// The lines for those of the named things that exist: `zfs` complains of the others and exits 1, which is no error
    /// as long as every name is either listed or said to be missing. What else is on standard error, and is about none of
    /// the names, was written by somebody else (the loader, a wrapper), and is logged.
    private func present(_ arguments: [String], named names: [String], doing what: String) async throws -> [Substring] {
        let command = command(arguments + names)
        let outcome = try await runner.run(command)
        guard !outcome.succeeded else { return outcome.lines }
        var unexplained = Set(names)
        for line in outcome.lines {
            unexplained.remove(String(line.prefix { $0 != "\t" }))
            // With its snapshots, a dataset is told.
            unexplained.remove(String(line.prefix { $0 != "\t" && $0 != "@" }))
        }
        var missing: Set<Substring> = []
        var others: [Substring] = []
        for line in outcome.errorText.split(separator: "\n") {
            if let name = ZFS.quoted(line), line.hasSuffix("does not exist") || line.contains("no such pool") {
                missing.insert(name)
            } else {
                others.append(line)
            }
        }
        let isMissing = { (name: String) in
            // With a dataset, its snapshots are missing; with a pool, all of it.
            [name[...], name.prefix { $0 != "@" }, name.prefix { $0 != "/" && $0 != "@" }].contains(
                where: missing.contains)
        }
        let concerned = others.contains { line in
            ZFS.quoted(line).map { subject in
                names.contains { name in
                    subject == name || subject.hasPrefix("\(name)@") || subject == name.prefix { $0 != "@" }
                        || subject == name.prefix { $0 != "/" && $0 != "@" }
                }
            } ?? false
        }
        guard outcome.ending == .exited(1), !missing.isEmpty, !concerned, unexplained.allSatisfy(isMissing) else {
            throw ZFSError(outcome, of: command, doing: what)
        }
        for line in others {
            log.warning("a line on standard error of zfs was passed over", metadata: ["line": "\(line.prefix(300))"])
        }
        return outcome.lines
    }

    /// The name that a complaint is about: `cannot open 'NAME': …`.
    private static func quoted(_ line: Substring) -> Substring? {
        guard line.hasPrefix("cannot "), let start = line.firstIndex(of: "'") else { return nil }
        return line[line.index(after: start)...].prefix { $0 != "'" }
    }
}
