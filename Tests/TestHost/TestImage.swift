import Glibc
import Host
public import JSON
public import SystemPackage

/// An image made for a test: a real dataset, sent by the real `zfs send`.
public struct TestImage: Sendable {
    public let uuid: String
    public let name: String
    public let manifest: JSONObject
    /// The image file, compressed.
    public let file: FilePath
    /// The dataset it was made of.
    public let dataset: String

    public var size: Int { manifest["files"]?[0]?["size"]?.intValue ?? 0 }
}

/// Makes images for tests, and the folder from which a server serves them.
public final class ImageWorkshop: Sendable {
    public let folder: FilePath
    public let pool: String

    public static func make() async throws -> ImageWorkshop {
        try ImageWorkshop(pool: await SandboxPool.workshop())
    }

    init(pool: String) throws {
        self.pool = pool
        folder = TestFolder.make("images")
        Leftovers.atExit { [folder] in TestFolder.remove(folder) }
        try HostFile.makeFolder(folder.appending("images"))
    }

    deinit { TestFolder.remove(folder) }

    /// Makes an image and puts it into the folder.
    ///
    /// - Parameters:
    ///   - origin: the image it is incremental to.
    ///   - bytes: how much random data it has, besides a file that names it.
    public func make(
        name: String = "test", compression: String = "gzip", origin: TestImage? = nil, bytes: Int = 300_000,
        manifest changes: JSONObject = [:]
    ) async throws -> TestImage {
        let uuid = TestUUID.make()
        let dataset = "\(pool)/make-\(uuid)"
        if let origin {
            try await Tool.run("zfs", "clone", "\(origin.dataset)@final", dataset)
        } else {
            try await Tool.run("zfs", "create", dataset)
        }
        let mountpoint = try await Tool.run("zfs", "get", "-H", "-o", "value", "mountpoint", dataset).dropLast()
        try await Tool.shell(
            "mkdir -p '\(mountpoint)/root/etc' && echo \(uuid) >> '\(mountpoint)/root/etc/image' && head -c \(bytes) /dev/urandom | base64 > '\(mountpoint)/root/data-\(uuid)'"
        )
        try await Tool.run("zfs", "snapshot", "\(dataset)@final")
        let file = folder.appending("images/\(uuid).file")
        let incremental = origin.map { "-i '\($0.dataset)@final' " } ?? ""
        try await Tool.shell(
            "zfs send \(incremental)'\(dataset)@final' | \(ImageWorkshop.compressor(compression)) > '\(file)'")
        let manifest = try await describe(
            uuid, name: name, compression: compression, origin: origin?.uuid, file: file, changes)
        return TestImage(uuid: uuid, name: name, manifest: manifest, file: file, dataset: dataset)
    }

    /// Writes the manifest of a file into the folder.
    public func describe(
        _ uuid: String, name: String, compression: String, origin: String?, file: FilePath, _ changes: JSONObject = [:]
    ) async throws -> JSONObject {
        let sha1 = try await Tool.run("sha1sum", file.string).prefix(40)
        var manifest: JSONObject = [
            "v": 2, "uuid": .string(uuid), "owner": "00000000-0000-0000-0000-000000000000", "name": .string(name),
            "version": "1.0.0", "state": "active", "disabled": false, "public": true,
            "published_at": "2026-01-02T03:04:05.678Z", "type": "zone-dataset", "os": "linux",
            "files": [
                [
                    "sha1": .string(String(sha1)), "size": .number(JSONNumber(Int(try HostFile.size(file) ?? 0))),
                    "compression": .string(compression),
                ]
            ],
        ]
        if let origin { manifest["origin"] = .string(origin) }
        for (key, value) in changes { manifest[key] = value == .null ? nil : value }
        try save(manifest, uuid)
        return manifest
    }

    /// Writes a manifest as it stands.
    public func save(_ manifest: JSONObject, _ uuid: String) throws {
        try HostFile.write(
            Array(JSONValue.object(manifest).text(.indented(2)).utf8), to: folder.appending("images/\(uuid).json"))
    }

    private static func compressor(_ compression: String) -> String {
        compression == "none" ? "cat" : compression == "gzip" ? "gzip -1" : "\(compression) -1"
    }
}

/// UUIDs for tests.
public enum TestUUID {
    public static func make() -> String {
        let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        let hex = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        var rest = hex[...]
        return [8, 4, 4, 4, 12].map { count in
            defer { rest = rest.dropFirst(count) }
            return String(rest.prefix(count))
        }.joined(separator: "-")
    }
}
