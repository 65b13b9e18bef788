import Host
public import JSON
public import SystemPackage

/// A layer that a registry has.
public struct PushedLayer: Sendable {
    public let digest: String
    public let size: Int
    /// The digest of the archive itself.
    public var diffID: String
    public let mediaType: String
}

/// Pushing, by curl.
extension RegistryServer {
    public static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    public static let indexType = "application/vnd.oci.image.index.v1+json"
    public static let configType = "application/vnd.oci.image.config.v1+json"

    /// Makes and pushes a layer of what a script leaves in an empty folder.
    ///
    /// - Parameter compression: a program that compresses as a filter, `none`, or `empty` for a file without a byte.
    public func layer(
        _ repository: String, _ script: String, compression: String = "gzip", mediaType: String? = nil
    ) async throws -> PushedLayer {
        let work = TestFolder.make("layer")
        defer { TestFolder.remove(work) }
        let filter = ["none": "cat", "empty": "head -c 0"][compression] ?? compression
        try await Tool.shell(
            """
            mkdir '\(work)/tree' && cd '\(work)/tree' && { \(script)
            }
            cd .. && tar --sort=name --numeric-owner --format=gnu -C tree -cf archive .
            \(filter) < archive > blob
            \(compression == "empty" ? ": > archive" : ":")
            """)
        return try await push(
            work.appending("blob"), of: work.appending("archive"), to: repository,
            mediaType: mediaType ?? RegistryServer.mediaType(compression))
    }

    /// Pushes an archive as a layer that is not compressed.
    public func layer(_ repository: String, archive: [UInt8]) async throws -> PushedLayer {
        let work = TestFolder.make("layer")
        defer { TestFolder.remove(work) }
        try HostFile.write(archive, to: work.appending("blob"))
        return try await push(
            work.appending("blob"), of: work.appending("blob"), to: repository,
            mediaType: RegistryServer.mediaType("none"))
    }

    private func push(_ blob: FilePath, of archive: FilePath, to repository: String, mediaType: String) async throws
        -> PushedLayer
    {
        let digest = try await push(blob, to: repository)
        let diffID = "sha256:" + (try await Tool.run("sha256sum", archive.string)).prefix(64)
        return PushedLayer(
            digest: digest, size: Int(try HostFile.size(blob) ?? 0), diffID: diffID, mediaType: mediaType)
    }

    private static func mediaType(_ compression: String) -> String {
        let suffix = ["none": "", "zstd": "+zstd"][compression] ?? "+gzip"
        return "application/vnd.oci.image.layer.v1.tar\(suffix)"
    }

    /// Pushes a file.
    ///
    /// - Returns: its digest.
    public func push(_ file: FilePath, to repository: String) async throws -> String {
        let digest = "sha256:" + (try await Tool.run("sha256sum", file.string)).prefix(64)
        try await Tool.shell(
            """
            place=$(curl -sSf -X POST -D- -o /dev/null '\(url)/v2/\(repository)/blobs/uploads/' | tr -d '\\r' |
                sed -n 's/^[Ll]ocation: //p')
            curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary '@\(file)' \
                "$place&digest=\(digest)"
            """)
        return digest
    }

    public func push(_ json: JSONValue, to repository: String) async throws -> (digest: String, size: Int) {
        let file = TestFolder.make("blob").appending("json")
        defer { TestFolder.remove(file.removingLastComponent()) }
        let text = Array(json.text().utf8)
        try HostFile.write(text, to: file)
        return (try await push(file, to: repository), text.count)
    }

    /// Pushes a manifest as it stands.
    ///
    /// - Parameter target: its tag; nil for its digest alone.
    @discardableResult
    public func manifest(_ json: JSONValue, type: String, to repository: String, _ target: String?) async throws
        -> (digest: String, size: Int)
    {
        let file = TestFolder.make("manifest").appending("json")
        defer { TestFolder.remove(file.removingLastComponent()) }
        let text = Array(json.text().utf8)
        try HostFile.write(text, to: file)
        let digest = "sha256:" + (try await Tool.run("sha256sum", file.string)).prefix(64)
        try await Tool.run(
            "curl", "-sSf", "-o", "/dev/null", "-X", "PUT", "-H", "Content-Type: \(type)", "--data-binary", "@\(file)",
            "\(url)/v2/\(repository)/manifests/\(target ?? digest)")
        return (digest, text.count)
    }

    /// Pushes an image of layers.
    @discardableResult
    public func image(
        _ repository: String, _ tag: String?, _ layers: [PushedLayer], config changes: JSONObject = [:]
    ) async throws -> (digest: String, size: Int) {
        var config: JSONObject = [
            "architecture": .string(RegistryServer.architecture), "os": "linux",
            "created": "2026-01-02T03:04:05.678901Z",
            "rootfs": ["type": "layers", "diff_ids": .array(layers.map { .string($0.diffID) })],
        ]
        for (key, value) in changes { config[key] = value }
        let pushed = try await push(.object(config), to: repository)
        return try await manifest(
            [
                "schemaVersion": 2, "mediaType": .string(RegistryServer.manifestType),
                "config": RegistryServer.descriptor(RegistryServer.configType, pushed.digest, pushed.size),
                "layers": .array(layers.map { RegistryServer.descriptor($0.mediaType, $0.digest, $0.size) }),
            ], type: RegistryServer.manifestType, to: repository, tag)
    }

    public static func descriptor(_ type: String, _ digest: String, _ size: Int) -> JSONValue {
        ["mediaType": .string(type), "digest": .string(digest), "size": .number(JSONNumber(size))]
    }

    /// This machine's, as registries call it.
    public static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}
