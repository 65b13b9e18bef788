import Failure
import Host
public import ImageModel
public import JSON
import Logging
import SwiftGlibc
import SystemPackage
import ZFS

/// What is written down of an installed image: `{manifest, zpool, source}` (state.md, "Files"), and for an image of a
/// registry `pulls`: the digest that each reference led to, so that the next import need not fetch a manifest.
public struct ImageRecord: Sendable {
    public let manifest: Manifest
    public let source: String?
    /// Digests by reference and platform.
    public let pulls: JSONObject

    public init(manifest: Manifest, source: String?, pulls: JSONObject = [:]) {
        self.manifest = manifest
        self.source = source
        self.pulls = pulls
    }
}

/// The records of a host, a file each.
struct ImageRecords: Sendable {
    let root: HostRoot
    let log: Logger

    func path(_ uuid: ImageUUID, _ pool: PoolName) -> FilePath {
        root.records.appending("\(pool)-\(uuid).json")
    }

    func exists(_ uuid: ImageUUID, _ pool: PoolName) throws -> Bool { try HostFile.exists(path(uuid, pool)) }

    /// The record of an image. One that is missing, corrupt or of something else counts for nothing; of the latter two the
    /// log has a warning.
    func read(_ uuid: ImageUUID, _ pool: PoolName) -> ImageRecord? {
        let path = path(uuid, pool)
        do {
            guard let bytes = try HostFile.read(path, limit: 16 << 20) else { return nil }
            let value = try JSONValue(parsing: bytes)
            guard let content = value["manifest"] else {
                throw Failure(.invalidManifest, "it has no manifest")
            }
            let manifest = try Manifest(content)
            guard manifest.uuid == uuid else {
                throw Failure(.invalidManifest, "it is about image \(manifest.uuid)")
            }
            return ImageRecord(
                manifest: manifest, source: value["source"]?.stringValue, pulls: value["pulls"]?.objectValue ?? [:])
        } catch {
            log.warning("image record cannot be used", metadata: ["file": "\(path)", "reason": "\(error)"])
            return nil
        }
    }

    func write(_ record: ImageRecord, _ uuid: ImageUUID, _ pool: PoolName) throws {
        var content: JSONObject = [
            "manifest": .object(record.manifest.json), "zpool": .string(pool.description),
            "source": record.source.map(JSONValue.string) ?? .null,
        ]
        if !record.pulls.isEmpty { content["pulls"] = .object(record.pulls) }
        try HostFile.write(Array((JSONValue.object(content).text(.indented(2)) + "\n").utf8), to: path(uuid, pool))
    }

    /// The images of a pool that have a record.
    func uuids(in pool: PoolName) throws -> [ImageUUID] {
        let start = "\(pool)-"
        return try HostFile.names(in: root.records).compactMap { name in
            guard name.hasPrefix(start), name.hasSuffix(".json") else { return nil }
            return ImageUUID(name.dropFirst(start.count).dropLast(5))
        }
    }

    /// All records, by the name of the pool and the image.
    func all() throws -> [(pool: String, uuid: ImageUUID)] {
        try HostFile.names(in: root.records).sorted().compactMap { name in
            guard name.hasSuffix(".json"), let uuid = ImageUUID(String(name.dropLast(5).suffix(36))),
                name.utf8.count > 42
            else { return nil }
            return (String(name.dropLast(42)), uuid)
        }
    }

    /// Files that were to become records, of writers that must be dead by now.
    func temporaryFiles() throws -> [String] {
        try HostFile.names(in: root.records).sorted().compactMap { name in
            let path = root.records.appending(name)
            guard name.hasSuffix(".json.tmp"), let changed = try? path.stat().st_mtim.tv_sec,
                Timestamp.now().milliseconds / 1000 - Int64(changed) > 60
            else { return nil }
            return path.string
        }
    }

    /// Removes a record; false if there was none.
    @discardableResult
    func remove(_ uuid: ImageUUID, _ pool: PoolName) throws -> Bool {
        try HostFile.remove(HostFile.temporary(path(uuid, pool)))
        return try HostFile.remove(path(uuid, pool))
    }
}
