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

    /// About how many bytes a dataset has to read or send, unpacked.
    ///
    /// - Returns: nil where ZFS does not say it of this dataset.
    public func contentSize(of name: DatasetName) async throws -> Int64? {
        let size: UInt64?
        do {
            size = try await numbers("logicalreferenced", of: [name])[name]
        } catch let error as ZFSError where error.kind == .noProperty {
            // zfs-fuse has only what it takes of the pool, packed.
            size = try await numbers("referenced", of: [name])[name]
        }
        return size.map { Int64(clamping: $0) }
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

    /// A property that is a number, of those of several datasets that are there; none that somebody may set to a text.
    public func numbers(_ property: String, of names: [DatasetName]) async throws -> [DatasetName: UInt64] {
        try await numbers([property], of: names).compactMapValues { $0[property] }
    }

    /// Properties that are numbers, of those of several datasets that are there; none that somebody may set to a text.
    ///
    /// - Returns: nothing of a dataset that is gone; of one that is there, the numbers that can be read.
    public func numbers(
        _ properties: [String], of names: [DatasetName]
    ) async throws -> [DatasetName: [String: UInt64]] {
        var numbers: [DatasetName: [String: UInt64]] = [:]
        let list = properties.joined(separator: ",")
        for names in names.map(\.description).bundledForCalls() {
            let lines = try await present(
                ["get", "-Hp", "-o", "name,property,value", list], named: names, doing: "read \"\(list)\" of datasets")
            for line in lines {
                let cells = line.split(separator: UInt8(ascii: "\t"))
                guard cells.count == 3, let name = DatasetName(bytes: cells[0]) else { continue }
                numbers[name, default: [:]][String(decoding: cells[1], as: UTF8.self)] = UInt64(
                    String(decoding: cells[2], as: UTF8.self))
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
        Failure(
            .poolNotFound, "there is no zpool \"\(pool)\"",
            hint: "zpool list shows the pools; -P chooses one, IMGADM_POOL for all commands")
    }

    /// Takes a property's own value away, so that it has the inherited one.
    public func inherit(_ property: String, of dataset: DatasetName) async throws {
        try await zfs(
            "inherit", property, dataset.description, doing: "reset property \"\(property)\" of \"\(dataset)\"")
    }
}
