import Glibc
import Host
import ImageModel
import JSON
import SystemPackage
import TestHost

/// A folder of images, made for a test.
final class ImageRoot: Sendable {
    let path: FilePath

    init() throws {
        path = TestFolder.make("images")
        try HostFile.makeFolder(path.appending("images"))
    }

    deinit { TestFolder.remove(path) }

    /// Writes a manifest: a usual one, changed by `changes`, where null means away with it.
    @discardableResult
    func add(_ uuid: ImageUUID, _ changes: JSONObject = [:]) throws -> JSONObject {
        let manifest = Self.manifest(uuid, changes)
        try write(JSONValue.object(manifest).text(), to: "images/\(uuid).json")
        return manifest
    }

    private static func manifest(_ uuid: ImageUUID, _ changes: JSONObject) -> JSONObject {
        var manifest: JSONObject = [
            "v": 2, "uuid": .string("\(uuid)"), "owner": "00000000-0000-0000-0000-000000000000", "name": "test",
            "version": "1.0.0",
            "state": "active", "disabled": false, "public": true, "published_at": "2024-01-02T03:04:05.678Z",
            "type": "zone-dataset", "os": "smartos", "files": [],
        ]
        for (key, value) in changes { manifest[key] = value.isNull ? nil : value }
        return manifest
    }

    /// Writes an image with a file.
    func add(_ uuid: ImageUUID, bytes: [UInt8], sha1: String, _ changes: JSONObject = [:]) throws {
        try HostFile.write(bytes, to: path.appending("images/\(uuid).file"))
        var all = changes
        all["files"] = [
            ["sha1": .string(sha1), "size": .number(JSONNumber(bytes.count)), "compression": "none", "stor": "local"]
        ]
        try add(uuid, all)
    }

    /// Makes an image with a file of zeros that takes no space.
    func add(_ uuid: ImageUUID, zeros size: Int) throws {
        try add(uuid, ["files": [["sha1": "aa", "size": .number(JSONNumber(size)), "compression": "none"]]])
        let file = try FileDescriptor.open(
            path.appending("images/\(uuid).file"), .writeOnly, options: [.create], permissions: [.ownerReadWrite])
        try file.closeAfter { try file.resize(to: Int64(size)) }
    }

    func write(_ text: String, to name: String) throws {
        try HostFile.write(Array(text.utf8), to: path.appending(name))
    }

    /// A file that only its owner reads, as one of tokens must be.
    func writeSecret(_ text: String, to name: String) throws {
        try HostFile.write(Array(text.utf8), to: path.appending(name), mode: .ownerReadWrite)
    }

    /// Writes many manifests, without waiting for the disk each time.
    func addMany(_ count: Int, _ changes: (Int) -> JSONObject) throws {
        for number in 0..<count {
            let uuid = ImageUUID()
            let text = JSONValue.object(Self.manifest(uuid, changes(number))).text()
            let file = try FileDescriptor.open(
                path.appending("images/\(uuid).json"), .writeOnly, options: [.create], permissions: [.ownerReadWrite])
            try file.closeAfter { _ = try file.writeAll(text.utf8) }
        }
    }

    func remove(_ name: String) throws { try HostFile.remove(path.appending(name)) }
}
