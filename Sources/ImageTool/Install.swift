import Compression
import Failure
import Host
import HostConfig
import ImageModel
import ImageStore
import JSON
public import SystemPackage
public import ZFS

extension ImageTool {
    /// Installs an image from local files (cli.md §3, install).
    ///
    /// - Throws: `Usage` for a path that is not there; `InvalidManifest`, `ManifestValidation`, `OriginNotInstalled`,
    ///   `DownloadError` and what ZFS says.
    public func install(manifest manifestPath: FilePath, file: FilePath, pool: PoolName, _ report: Report) async throws
    {
        guard try HostFile.exists(manifestPath) else {
            throw Failure(.usage, "manifest path does not exist: \"\(manifestPath)\"")
        }
        guard try HostFile.exists(file) else { throw Failure(.usage, "file path does not exist: \"\(file)\"") }
        let manifest = try ImageTool.localManifest(manifestPath, of: file)
        let uuid = manifest.uuid
        if let installed = try await store.image(uuid, in: pool) {
            try await sweep(uuid, in: pool)
            report.line("Image \(installed.title) is already installed, skipping")
            return
        }
        _ = try await store.available(in: pool)
        try await checkOrigin(of: manifest, in: pool)
        let check = ImageFileCheck(manifest.files.first)
        if !check.isStrong { report.warning(ImageTool.unchecked(uuid)) }
        let image = ImageToInstall(
            manifest: manifest, source: nil, pool: pool, check: check, compression: try CompressionFormat(of: manifest))
        let lock = try await store.lock(uuid, in: pool) { report.waiting(for: uuid, $0) }
        defer { lock.release() }
        if try await store.image(uuid, in: pool) != nil {
            report.line("Image \(manifest.progressTitle) was imported while waiting on lock")
            return
        }
        let hold = try await holdOrigin(of: manifest, in: pool, report)
        defer { hold?.release(manifest.origin ?? uuid) }
        report.line("Installing image \(manifest.progressTitle)")
        let layer = try layer(of: manifest)
        try await withTaskExecutorPreference(DedicatedThread("pipeline")) {
            if let layer {
                try await store.install(
                    image, layer: layer, opening: { try MeasuredFile(file, of: manifest, report) }, tell: report.line)
            } else {
                try await store.install(image, from: try MeasuredFile(file, of: manifest, report), tell: report.line)
            }
        }
        report.line("Installed image \(manifest.progressTitle)")
    }

    /// What is said of a file that is taken as it comes (cli.md §3, import 7).
    static func unchecked(_ uuid: ImageUUID) -> String {
        "the file of image \(uuid) is not checked: its manifest has no checksum"
    }

    /// - Throws: `OriginNotInstalled`.
    private func checkOrigin(of manifest: Manifest, in pool: PoolName) async throws {
        guard let origin = manifest.origin, try await store.image(origin, in: pool) == nil else { return }
        throw Failure(
            .originNotInstalled,
            "the origin \(origin) of image \(manifest.uuid) is not installed on zpool \"\(pool)\"",
            hint: "imgadm import \(origin) installs it")
    }

    /// Keeps the origin from being deleted while an image is built on it.
    private func holdOrigin(of manifest: Manifest, in pool: PoolName, _ report: Report) async throws -> PoolLocks? {
        guard let origin = manifest.origin else { return nil }
        let hold = try await store.hold(origin, in: pool) { report.waiting(for: origin, $0) }
        try await checkOrigin(of: manifest, in: pool)
        return hold
    }

    /// What there is to know of the file of a docker image, which is a layer's archive; nil for other images.
    private func layer(of manifest: Manifest) throws -> LayerToUnpack? {
        guard manifest.type == "docker" else { return nil }
        try ImageTool.checkUser()
        let diffID = manifest.files.first?.uncompressedDigest.flatMap { ContentDigest($0) }
        return LayerToUnpack(diffID: diffID, limits: LayerLimits(try config.load().docker))
    }

    /// A manifest from a file: upgraded if it is of version 1, its `published_at` and the compression of its file filled
    /// in, and valid.
    private static func localManifest(_ path: FilePath, of file: FilePath) throws -> Manifest {
        let value: JSONValue
        do {
            guard let bytes = try HostFile.read(path, limit: 4 << 20, from: .handedOver) else {
                throw Failure(.usage, "manifest path does not exist: \"\(path)\"")
            }
            value = try JSONValue(parsing: bytes)
        } catch let error as JSONError {
            throw Failure(.invalidManifest, "the manifest \"\(path)\" is not JSON", cause: error)
        }
        guard var object = value.objectValue else {
            throw Failure(.invalidManifest, "the manifest \"\(path)\" is not a JSON object")
        }
        if object["v"] == nil {
            object = try ManifestUpgrade.upgrade(object)
        }
        if object["published_at"] == nil { object["published_at"] = .string(Timestamp.now().description) }
        if var files = object["files"]?.arrayValue, var described = files.first?.objectValue,
            described["compression"] == nil
        {
            let head = try HostFile.readHead(file, count: CompressionFormat.sniffLength)
            described["compression"] = .string(CompressionFormat.sniff(head).rawValue)
            files[0] = .object(described)
            object["files"] = .array(files)
        }
        try ManifestValidation.check(object)
        return try Manifest(object)
    }
}

/// A local image file whose progress is told to the report.
private struct MeasuredFile: ImageFileReader {
    private let file: LocalImageFile
    private let transfer: Transfer
    private let report: Report
    private var position: Int64 = 0

    init(_ path: FilePath, of manifest: Manifest, _ report: Report) throws {
        file = try LocalImageFile(path)
        self.report = report
        transfer = report.transfers.begin(
            .install, of: manifest.uuid, title: manifest.title, total: try HostFile.size(path))
    }

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        do {
            var count = 0
            let more = try await file.next { bytes in
                count = bytes.byteCount
                try body(bytes)
            }
            position += Int64(count)
            transfer.advance(to: position)
            if !more { report.transfers.end(transfer) }
            return more
        } catch {
            report.transfers.end(transfer)
            throw error
        }
    }
}
