import Failure
import Host
import ImageModel
import JSON
import Logging
import SwiftGlibc
import Synchronization
import SystemPackage
import Time
import ZFS

/// The records of a host, a file each (state.md, "Files"), named by the pool's name when it was written. Beside what state.md
/// says, a record has the pool's guid as `zpool_guid`, by which it is found when the pool has been given another name, and
/// `snapshot_guid` and `file_sha256`: what the image's `@final` and the file that it was made from are known by. Of an image that
/// came as a file without a manifest, `fetched` has the URLs that led to it, and `given` the fields that the operator gave it; of one that was sent to a registry, `pushed` what it is there. `leaving` names the
/// docker references whose deletion takes this layer along, while that is under way; `deleting` is the guid of the dataset, while that is
/// being deleted where it is, and `deleting_referenced` the bytes that it referred to.
struct ImageRecords: Sendable {
    let root: HostRoot
    let log: Logger
    /// The files of which the log has a warning: each has one, however often it is read.
    private let told = ToldFiles()

    init(root: HostRoot, log: Logger) {
        self.root = root
        self.log = log
    }

    func path(_ uuid: ImageUUID, _ pool: PoolName) -> FilePath { path(uuid, pool.description) }
    func path(_ uuid: ImageUUID, _ pool: String) -> FilePath { root.records.appending("\(pool)-\(uuid).json") }

    func exists(_ uuid: ImageUUID, _ pool: PoolName) throws -> Bool { try HostFile.exists(path(uuid, pool)) }

    /// The record under a pool's name. One that is missing, corrupt or of something else counts for nothing; of the latter
    /// two the log has a warning.
    func read(_ uuid: ImageUUID, _ pool: PoolName) -> ImageRecord? { read(uuid, pool.description) }

    func read(_ uuid: ImageUUID, _ pool: String) -> ImageRecord? {
        let path = path(uuid, pool)
        do {
            guard let bytes = try HostFile.read(path, limit: 16 << 20) else { return nil }
            return try ImageRecord(JSONValue(parsing: bytes), of: uuid)
        } catch {
            // The image is then known by its UUID alone (state.md, "Files").
            if told.isNew(path) {
                log.warning("image record cannot be used", metadata: ["file": "\(path)", "reason": "\(error)"])
            }
            return nil
        }
    }

    /// Writes a record. What is there under its name, but is of a pool that had this name before, is kept under that pool's
    /// guid, which can be no pool's name.
    func write(_ record: ImageRecord, _ uuid: ImageUUID, _ pool: PoolName, guid: UInt64) throws {
        let path = path(uuid, pool)
        if let old = read(uuid, pool)?.poolGUID, old != guid {
            try HostFile.rename(path, to: self.path(uuid, "\(old)"))
        }
        var content: JSONObject = [
            "manifest": .object(record.manifest.json), "zpool": .string(pool.description),
            "zpool_guid": .string("\(guid)"),
        ]
        if let made = record.made {
            // As text: more digits than many readers of JSON keep.
            content["snapshot_guid"] = .string("\(made.snapshotGUID)")
            if let sum = made.fileSHA256 { content["file_sha256"] = .string(sum) }
        }
        if !record.fetched.isEmpty { content["fetched"] = .array(record.fetched.map(\.json)) }
        if !record.given.isEmpty { content["given"] = .object(record.given) }
        if !record.pushed.isEmpty { content["pushed"] = .array(record.pushed.map(\.json)) }
        if !record.leaving.isEmpty { content["leaving"] = .array(record.leaving.map { .string($0) }) }
        if let deletion = record.deleting {
            content["deleting"] = .string("\(deletion.guid)")
            if let bytes = deletion.referenced { content["deleting_referenced"] = .string("\(bytes)") }
        }
        if let source = record.source { content["source"] = .string(source) }
        if !record.pulls.isEmpty { content["pulls"] = .object(record.pulls) }
        try HostFile.write(Array((JSONValue.object(content).text(.indented(2)) + "\n").utf8), to: path)
    }

    /// All records, by the name of the pool that they were written for.
    func all() throws -> [(pool: String, uuid: ImageUUID)] {
        try HostFile.names(in: root.records).sorted().compactMap { name in
            guard name.hasSuffix(".json"), let uuid = ImageUUID(String(name.dropLast(5).suffix(36))),
                name.utf8.count > 42
            else { return nil }
            return (String(name.dropLast(42)), uuid)
        }
    }

    /// The names of pools for which records of an image were written, without that of one pool.
    func names(of uuid: ImageUUID, beside pool: PoolName) throws -> [String] {
        try all().filter { $0.uuid == uuid && $0.pool != pool.description }.map(\.pool)
    }

    /// There is a record of an image on a pool, be it one that cannot be read.
    func has(_ uuid: ImageUUID, _ pool: PoolName, guid: UInt64) throws -> Bool {
        if try exists(uuid, pool), (read(uuid, pool)?.poolGUID ?? guid) == guid { return true }
        return try names(of: uuid, beside: pool).contains { read(uuid, $0)?.poolGUID == guid }
    }

    /// Files that were to become records, of writers that must be dead by now.
    func temporaryFiles() throws -> [String] {
        try HostFile.names(in: root.records).sorted().compactMap { name in
            let path = root.records.appending(name)
            // One that is gone meanwhile is nobody's.
            guard name.hasSuffix(".json.tmp"), let changed = try? path.stat().st_mtim.tv_sec,
                Timestamp.now().milliseconds / 1000 - Int64(changed) > 60
            else { return nil }
            return path.string
        }
    }

    /// Removes the records of an image on a pool, whatever the pool was called when they were written, and what a writer of
    /// one may have left; they stay removed if the power fails. A record of another pool that had this name stays.
    ///
    /// - Returns: false if there was none.
    @discardableResult
    func remove(_ uuid: ImageUUID, _ pool: PoolName, guid: UInt64) throws -> Bool {
        var removed = try HostFile.remove(HostFile.temporary(path(uuid, pool)))
        if try exists(uuid, pool), (read(uuid, pool)?.poolGUID ?? guid) == guid {
            removed = try HostFile.remove(path(uuid, pool)) || removed
        }
        for name in try names(of: uuid, beside: pool) where read(uuid, name)?.poolGUID == guid {
            removed = try HostFile.remove(path(uuid, name)) || removed
        }
        guard removed else { return false }
        try sync()
        return true
    }

    /// Removes the one record under that name.
    func remove(_ uuid: ImageUUID, named pool: String) throws {
        if try HostFile.remove(path(uuid, pool)) { try sync() }
    }

    private func sync() throws {
        do {
            try HostFile.syncFolder(root.records)
        } catch {
            throw HostFile.failure("cannot flush", root.records, error)
        }
    }
}

/// Files of which something was told.
private final class ToldFiles: Sendable {
    private let paths = Mutex<Set<FilePath>>([])

    func isNew(_ path: FilePath) -> Bool { paths.withLock { $0.insert(path).inserted } }
}

extension ImageStore {
    /// The record of an image on a pool, under whatever name it was written: one under the pool's name; one with the pool's
    /// guid; one without a guid, of a pool that is not there. Each is about the same image.
    func record(_ uuid: ImageUUID, _ pool: PoolName) async throws -> ImageRecord? {
        try await record(uuid, pool, guid: nil, pools: nil) { try records.names(of: uuid, beside: pool) }
    }

    /// The same, where some of what has to be known is.
    ///
    /// - Parameters:
    ///   - guid: the pool's.
    ///   - pools: those that are there.
    ///   - others: the other names under which there are records of the image.
    func record(
        _ uuid: ImageUUID, _ pool: PoolName, guid: UInt64?, pools: Set<PoolName>?, others: () throws -> [String]
    ) async throws -> ImageRecord? {
        func own() async throws -> UInt64 { if let guid { guid } else { try await self.guid(of: pool) } }
        if let record = records.read(uuid, pool) {
            guard let written = record.poolGUID else { return record }
            // Another pool had this name when it was written.
            if try await written == own() { return record }
        }
        return try await record(uuid, pool, own, among: others(), pools: pools)
    }

    private func record(
        _ uuid: ImageUUID, _ pool: PoolName, _ own: () async throws -> UInt64, among names: [String],
        pools: Set<PoolName>?
    ) async throws -> ImageRecord? {
        guard !names.isEmpty else { return nil }
        let found = names.compactMap { name in records.read(uuid, name).map { (name, $0) } }
        guard !found.isEmpty else { return nil }
        let guid = try await own()
        if let match = found.first(where: { $0.1.poolGUID == guid }) { return match.1 }
        let old = found.filter { $0.1.poolGUID == nil }
        guard !old.isEmpty else { return nil }
        let present = if let pools { pools } else { Set(try await self.pools()) }
        return old.first { name, _ in PoolName(name).map { !present.contains($0) } ?? true }?.1
    }
}
