import Failure
import Host
import Logging

/// Things looked up by name, of which some may not be there.
extension ZFS {
    /// What is there of some names.
    public struct Found: Sendable {
        private let properties: [String: [String: String]]

        fileprivate init(_ properties: [String: [String: String]]) { self.properties = properties }

        /// A dataset, if it is there.
        public func dataset(_ name: DatasetName) -> Dataset? {
            properties[name.description].flatMap { Dataset(name, $0) }
        }

        /// The guid of a snapshot; nil if that is not there.
        ///
        /// - Throws: `ZfsError` for one that cannot be read.
        public func guid(of snapshot: SnapshotName) throws -> UInt64? { try guid(of: snapshot.description) }

        /// The guid of a dataset; nil if that is not there.
        ///
        /// - Throws: as for a snapshot.
        public func guid(of dataset: DatasetName) throws -> UInt64? { try guid(of: dataset.description) }

        private func guid(of name: String) throws -> UInt64? {
            guard let text = properties[name]?["guid"] else { return nil }
            guard let guid = UInt64(text) else {
                throw Failure(.zfs, "the guid of \"\(name)\" cannot be read: zfs says \"\(text)\"")
            }
            return guid
        }

        /// Bytes that can still be written to a dataset, where ZFS told.
        public func available(in name: DatasetName) -> UInt64? {
            properties[name.description]?["available"].flatMap { UInt64($0) }
        }

        /// Bytes that a dataset takes, with its snapshots and all below it, where ZFS told.
        public func used(by name: DatasetName) -> UInt64? {
            properties[name.description]?["used"].flatMap { UInt64($0) }
        }

        /// Bytes of a volume; nil for what is none, and where ZFS did not tell.
        public func volumeSize(of name: DatasetName) -> UInt64? {
            properties[name.description]?["volsize"].flatMap { UInt64($0) }
        }

        /// A dataset is there, but not to be seen: it should be mounted by its properties, and is not, or is a volume whose
        /// device a deletion may have taken away.
        public func mayBeHidden(_ name: DatasetName) -> Bool {
            properties[name.description].map(ZFS.mayBeHidden) ?? false
        }

        /// A dataset has the mark of those that are imgadm's own.
        public func isOwn(_ name: DatasetName) -> Bool { properties[name.description]?[ZFS.ownMark] == "true" }

        fileprivate static let asked =
            ["origin", "guid", "available", "used", "volsize"] + ZFS.visibility + ["imgadm:ignore", ownMark]
    }

    /// Datasets and snapshots by their names, as far as they are there, in one call that looks at nothing else.
    public func lookUp(_ names: [DatasetName], _ snapshots: [SnapshotName] = []) async throws -> Found {
        let all = names.map(\.description) + snapshots.map(\.description)
        let told = try await told(Found.asked, of: all, doing: "look up \"\(all.first ?? "")\"")
        let found = told.mapValues { values in
            values.map { property, told in
                // The mark of a pool is none of all that is on it.
                (property, property == ZFS.ownMark && told.source != "local" ? "-" : told.value)
            }
        }.mapValues { Dictionary(uniqueKeysWithValues: $0) }
        return Found(found)
    }

    /// A dataset by its name; nil if there is none.
    public func dataset(_ name: DatasetName) async throws -> Dataset? { try await lookUp([name]).dataset(name) }

    /// The user property of datasets that imgadm has made, or was told to destroy.
    static let ownMark = "imgadm:own"

    /// Properties that tell whether a dataset can be seen on the host.
    static let visibility = ["type", "mounted", "canmount", "mountpoint", takenVolumeMode]

    /// By the values of those properties. That of a volume may be one of a dataset above it.
    static func mayBeHidden(_ values: [String: String]) -> Bool {
        if values["type"] == "volume" { return values[takenVolumeMode] != "-" }
        return values["mounted"] == "no" && values["canmount"] == "on" && values["mountpoint"]?.hasPrefix("/") == true
    }

    /// The datasets that are there and should be mounted by their properties, and are not; and the volumes whose devices were taken away by
    /// a deletion that did not come to its end.
    public func hidden(_ names: [DatasetName]) async throws -> [DatasetName] {
        let told = try await told(
            ZFS.visibility, of: names.map(\.description),
            doing: "read \"\(ZFS.visibility.joined(separator: ","))\" of datasets")
        var hidden: [DatasetName] = []
        for name in names {
            guard let state = told[name.description], ZFS.mayBeHidden(state.mapValues(\.value)) else { continue }
            if state["type"]?.value == "volume", state[ZFS.takenVolumeMode]?.source != "local" { continue }
            hidden.append(name)
        }
        return hidden
    }

    /// Which of these snapshots exist. They are looked up by name: the others of a dataset, however many, cost nothing.
    public func existing(_ snapshots: [SnapshotName]) async throws -> Set<SnapshotName> {
        var bundles = snapshots.map(\.description).bundledForCalls()
        if bundles.count == 1, snapshots.count >= ZFS.worthTwoCalls {
            let names = bundles[0]
            bundles = [Array(names[..<(names.count / 2)]), Array(names[(names.count / 2)...])]
        }
        return try await withThrowingTaskGroup(of: Set<SnapshotName>.self) { group in
            for names in bundles {
                group.addTask {
                    let lines = try await present(
                        ["list", "-H", "-t", "snapshot", "-o", "name"], named: names, doing: "look up snapshots")
                    return Set(lines.compactMap { SnapshotName(bytes: $0) })
                }
            }
            var found: Set<SnapshotName> = []
            for try await part in group { found.formUnion(part) }
            return found
        }
    }

    /// So many names are looked up in two calls side by side: of a host with thousands of VMs, that is what takes the time.
    private static let worthTwoCalls = 1000

    /// The lines for those of the named things that exist: `zfs` complains of the others and exits 1, which is no error
    /// as long as every name is either listed or said to be missing. What else is on standard error, and is about none of
    /// the names, was written by somebody else (the loader, a wrapper), and is logged.
    ///
    /// - Parameter isKeepingEmpty: lines in which nothing is, too.
    func present(
        _ arguments: [String], named names: [String], doing what: String, keepingEmpty isKeepingEmpty: Bool = false
    ) async throws -> [ArraySlice<UInt8>] {
        let command = command(arguments + names)
        let outcome = try await runner.run(command)
        let lines = outcome.output.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: !isKeepingEmpty)
        guard !outcome.succeeded else { return lines }
        var unexplained = Set(names)
        for line in lines {
            let name = line.prefix { $0 != UInt8(ascii: "\t") }
            unexplained.remove(String(decoding: name, as: UTF8.self))
            // With its snapshots, a dataset is told.
            unexplained.remove(String(decoding: name.prefix { $0 != UInt8(ascii: "@") }, as: UTF8.self))
        }
        var missing: Set<String> = []
        var others: [String] = []
        for line in Array(outcome.errorText.utf8).split(separator: UInt8(ascii: "\n")) {
            if let name = ZFS.missing(line) {
                missing.insert(name)
            } else {
                others.append(String(decoding: line, as: UTF8.self))
            }
        }
        let isMissing = { (name: String) in
            // With a dataset, its snapshots are missing; with a pool, all of it.
            missing.contains(name) || ZFS.namesAbove(name).contains(where: missing.contains)
        }
        let concerned = others.contains { line in
            ZFS.quoted(line.utf8).map { subject in
                names.contains { name in
                    subject == name || subject.hasPrefix("\(name)@") || ZFS.namesAbove(name).contains(subject)
                }
            } ?? false
        }
        guard outcome.ending == .exited(1), !missing.isEmpty, !concerned, unexplained.allSatisfy(isMissing) else {
            throw ZFSError(outcome, of: command, doing: what)
        }
        for line in others {
            log.warning("a line on standard error of zfs was passed over", metadata: ["line": "\(line.prefix(300))"])
        }
        return lines
    }

    /// The dataset that a name is of, and its pool.
    private static func namesAbove(_ name: String) -> [String] {
        let dataset = name.utf8.prefix { $0 != UInt8(ascii: "@") }
        return [String(Substring(dataset)), String(Substring(dataset.prefix { $0 != UInt8(ascii: "/") }))]
    }

    /// What a complaint says is not there. Of a long list, it may be nearly all.
    private static func missing(_ line: ArraySlice<UInt8>) -> String? {
        guard let name = quoted(line) else { return nil }
        let isMissing =
            line.suffix(14).elementsEqual("does not exist".utf8)
            || String(decoding: line, as: UTF8.self).contains("no such pool")
        return isMissing ? name : nil
    }

    /// The name that a complaint is about: `cannot open 'NAME': …`.
    private static func quoted<Bytes: Collection<UInt8>>(_ line: Bytes) -> String? {
        guard line.starts(with: "cannot ".utf8), let start = line.firstIndex(of: UInt8(ascii: "'")) else { return nil }
        return String(decoding: line[start...].dropFirst().prefix { $0 != UInt8(ascii: "'") }, as: UTF8.self)
    }
}

extension [String] {
    /// As many at a time as go into a vector of arguments, which has its limit: 1 MiB on the narrowest of systems.
    func bundledForCalls() -> [[String]] {
        var bundles: [[String]] = []
        var rest = self[...]
        while !rest.isEmpty {
            var bytes = 0
            let bundle = rest.prefix { name in
                bytes += name.utf8.count + 9
                return bytes < 768 << 10
            }
            bundles.append(Array(bundle))
            rest = rest.dropFirst(bundle.count)
        }
        return bundles
    }
}
