public import Failure
import Host

extension ZFS {
    /// A property of a dataset and where its value comes from.
    public struct Property: Sendable, Hashable {
        public let name: String
        public let value: String
        /// `default`, `local`, `received`, `inherited from …`, or `-`.
        public let source: String
    }

    /// Properties of a dataset, numbers in plain digits.
    ///
    /// - Parameters:
    ///   - names: `["all"]` for all of them.
    ///   - dataset: whose they are.
    /// - Throws: `DatasetNotFound`.
    public func properties(_ names: [String], of dataset: DatasetName) async throws -> [Property] {
        let outcome = try await zfs(
            "get", "-Hp", "-o", "property,source,value", names.joined(separator: ","), dataset.description,
            doing: "read properties of \"\(dataset)\"")
        return outcome.lines.compactMap { line in
            let cells = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard cells.count == 3 else { return nil }
            return Property(name: String(cells[0]), value: String(cells[2]), source: String(cells[1]))
        }
    }

    /// Bytes of a volume.
    ///
    /// - Throws: `DatasetNotFound`; `ZfsError` for a size that cannot be read.
    public func volumeSize(of name: DatasetName) async throws -> UInt64 {
        let text = try await properties(["volsize"], of: name).first?.value ?? ""
        guard let size = UInt64(text) else {
            throw Failure(.zfs, "the size of volume \"\(name)\" cannot be read: zfs says \"\(text)\"")
        }
        return size
    }

    /// What tells a snapshot from every other, also where it was sent to; nil if there is no such snapshot any more.
    public func guid(of snapshot: SnapshotName) async throws -> String? {
        do {
            let outcome = try await zfs(
                "get", "-Hp", "-o", "value", "guid", snapshot.description, doing: "read the guid of \"\(snapshot)\"")
            return outcome.lines.first.map(String.init)
        } catch let error as ZFSError where error.kind == .noDataset {
            return nil
        }
    }

    /// The same as a number.
    ///
    /// - Throws: `ZfsError` for one that cannot be read.
    public func guidNumber(of snapshot: SnapshotName) async throws -> UInt64? {
        guard let text = try await guid(of: snapshot) else { return nil }
        guard let guid = UInt64(text) else {
            throw Failure(.zfs, "the guid of \"\(snapshot)\" cannot be read: zfs says \"\(text)\"")
        }
        return guid
    }

    /// The guid of a pool's own dataset: the pool's, whatever it is called now.
    ///
    /// - Throws: `PoolNotFound`.
    public func guid(of pool: PoolName) async throws -> UInt64 {
        let text = try await ofPool(pool) { try await properties(["guid"], of: pool.dataset).first?.value }
        guard let guid = text.flatMap(UInt64.init) else {
            throw Failure(.zfs, "zpool \"\(pool)\" has no guid that can be read: \"\(text ?? "")\"")
        }
        return guid
    }

    /// A property that is a number, of several datasets; none that somebody may set to a text.
    public func numbers(_ property: String, of names: [DatasetName]) async throws -> [DatasetName: UInt64] {
        try await numbers([property], of: names).compactMapValues { $0[property] }
    }

    /// Properties that are numbers, of several datasets; none that somebody may set to a text.
    public func numbers(
        _ properties: [String], of names: [DatasetName]
    ) async throws -> [DatasetName: [String: UInt64]] {
        var numbers: [DatasetName: [String: UInt64]] = [:]
        // A vector of arguments has its limit.
        for start in stride(from: 0, to: names.count, by: 1000) {
            let outcome = try await zfs(
                ["get", "-Hp", "-o", "name,property,value", properties.joined(separator: ",")]
                    + names[start..<min(start + 1000, names.count)].map(\.description),
                doing: "read \"\(properties.joined(separator: ","))\" of datasets")
            for line in outcome.lines {
                let cells = line.split(separator: "\t")
                guard cells.count == 3, let name = DatasetName(String(cells[0])) else { continue }
                numbers[name, default: [:]][String(cells[1])] = UInt64(cells[2])
            }
        }
        return numbers
    }

    func ofPool<Value>(_ pool: PoolName, _ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as ZFSError where [.noDataset, .noPool].contains(error.kind) {
            throw ZFS.noPool(pool)
        }
    }

    /// There is no pool of that name.
    public static func noPool(_ pool: PoolName) -> Failure {
        Failure(.poolNotFound, "there is no zpool \"\(pool)\"", hint: "zpool list shows the pools; -P chooses one")
    }

    /// Takes a property's own value away, so that it has the inherited one.
    public func inherit(_ property: String, of dataset: DatasetName) async throws {
        try await zfs(
            "inherit", property, dataset.description, doing: "reset property \"\(property)\" of \"\(dataset)\"")
    }
}
