import Compression
import Failure
import Host
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import JSON
public import SystemPackage
import Time
public import ZFS

extension ImageTool {
    /// Installs an image from local files (cli.md §3, install). One that is there without a record gets one, if it is what the file makes.
    ///
    /// - Throws: `Usage` for a path that is not there; `InvalidManifest`, `ManifestValidation`, `OriginNotInstalled`,
    ///   `DownloadError`, `NotAnImage` and what ZFS says.
    public func install(manifest manifestPath: FilePath, file: FilePath, pool: PoolName, _ report: Report) async throws
    {
        guard try HostFile.exists(manifestPath) else {
            throw Failure(.usage, "manifest path does not exist: \"\(manifestPath)\"")
        }
        guard try HostFile.exists(file) else { throw Failure(.usage, "file path does not exist: \"\(file)\"") }
        let manifest = try await ImageTool.tellingSwapped(manifestPath, file, of: "install") {
            try await ImageTool.localManifest(manifestPath, of: file)
        }
        let uuid = manifest.uuid
        let image = AvailableImage(
            manifest, source: nil, at: .path(file), check: ImageFileCheck(of: manifest),
            content: ImageContent(of: manifest), compression: try CompressionFormat(of: manifest))
        let look = try await store.look(for: [uuid], in: pool)
        do {
            if let installed = look.images[uuid] {
                try await takeOn(installed, as: image, from: file, report)
                return
            }
            _ = try look.room()
            if !image.check.isStrong { report.warning(ImageTool.unchecked(uuid)) }
            let done = try await carryOut(in: pool, room: nil, report) {
                try await ImportPlanner(self, in: pool, report).plan(installing: image)
            }
            // Somebody else has installed it meanwhile, whose records may be others.
            if done?.wasThere == true, let installed = try await store.image(uuid, in: pool), !installed.isKnown {
                try await takeOn(installed, as: image, from: file, report)
            }
        } catch let error as any CodedError where image.content == .zfsStream {
            // What went wrong is told, whether or not it can be told what the file is; a pipe has been read.
            guard (try? file.stat().type) == .regular, let other = try? ImageTool.otherWay(of: file.string) else {
                throw error
            }
            throw Failure(
                error.code, error.message, cause: error.cause, hint: other, statusCode: error.statusCode)
        }
    }

    /// An image is there: where it has no record, and the file tells which snapshot it should have, it gets one.
    private func takeOn(
        _ installed: InstalledImage, as image: AvailableImage, from path: FilePath, _ report: Report
    ) async throws {
        guard !installed.isKnown, image.content == .zfsStream else {
            // What is not asked for is not read; but a file that cannot be the one is told.
            let found = try path.stat()
            if found.type == .regular, let size = image.check.size, size != Int64(found.size) {
                report.warning(
                    "file \"\(path)\" has \(found.size) bytes, and the manifest states \(size): it is not the file of image \(image.manifest.progressTitle)"
                )
            }
            if let remark = ImageTool.otherSnapshot(
                "the manifest states", image.manifest.progressTitle, image.manifest, installed.snapshotGUID)
            {
                report.warning(remark)
            }
            try await tidyInstalled(installed, report)
            report.did(ImageResult(.present(.asked), installed))
            return
        }
        let manifest = image.manifest
        let lock = try await store.recordLock(image.uuid, in: installed.pool) { report.waiting(for: image.uuid, $0) }
        defer { lock.release() }
        try await ImportPlanner(self, in: installed.pool, report).checkOrigin(of: manifest)
        if !image.check.isStrong { report.warning(ImageTool.unchecked(image.uuid)) }
        let file = ImageToInstall(
            manifest: manifest, source: nil, pool: installed.pool, check: image.check, content: image.content,
            compression: image.compression, limits: LayerLimits(try config.load().docker))
        let adopted: InstalledImage?
        do {
            adopted = try await store.adopt(file) { try LocalImageFile(path) }
        } catch let error as ImageFileError {
            throw ImageFileError("file \"\(path)\" is not what it should be", cause: error)
        }
        if let adopted {
            try await tidyInstalled(adopted, report)
            report.did(ImageResult(.adopted, adopted, title: manifest.progressTitle))
            return
        }
        // Somebody else has written its record meanwhile.
        let known = try await store.image(image.uuid, in: installed.pool) ?? installed
        try await tidyInstalled(known, report)
        report.did(ImageResult(.present(.meanwhile), known))
    }

    /// - Parameter destination: what stands behind the two.
    ///
    /// Reads a manifest; where that is none, but the file of the image looks like one, the error says so.
    static func tellingSwapped<Value>(
        _ manifest: FilePath, _ file: FilePath, of command: String, to destination: String? = nil,
        _ read: () async throws -> Value
    ) async throws -> Value {
        // What is no regular file may have been read by now; what is wrong is told in any case.
        func isObject(_ path: FilePath) -> Bool? {
            guard (try? path.stat().type) == .regular, let head = try? HostFile.readHead(path, count: 256) else {
                return nil
            }
            return head.first { $0 > 0x20 } == UInt8(ascii: "{")
        }
        do {
            return try await read()
        } catch let error as any CodedError where isObject(manifest) == false && isObject(file) == true {
            let words = [file, manifest].map { ShellWord.quoted($0.string) }
            throw Failure(
                error.code, error.message, cause: error.cause,
                hint:
                    "\"\(file)\" looks like the manifest: imgadm \(command) -m \(words[0]) -f \(words[1])\(destination.map { " \(ShellWord.quoted($0))" } ?? "")"
            )
        }
    }

    /// Which command takes a file, if that is not `install`.
    ///
    /// - Throws: `Usage` for a path that is not there; `FileSystemError`.
    public static func otherWay(of file: String) throws -> String? {
        let head = try FileHead(of: GivenFile(file), named: file)
        // What is neither a disk nor an archive may be an image's file: then a manifest is what is missing.
        guard let head, let kind = try? head.kind() else { return nil }
        return "\"\(file)\" is \(kind == .disk ? "a disk" : "a root file system"), which imgadm import takes"
    }

    /// What is said where a manifest states another snapshot of an image than the one that is here; nil where it does not.
    ///
    /// - Parameter maker: says whose it is, and what he does.
    static func otherSnapshot(_ maker: String, _ title: String, _ manifest: Manifest, _ found: UInt64?) -> String? {
        guard let stated = manifest.files.first?.datasetGUID, let found, stated != "\(found)" else { return nil }
        return
            "\(maker) image \(title) as another snapshot (guid \(stated)) than is installed here (guid \(found)): what builds on that one cannot be installed on this one"
    }

    /// What is said of a file that is taken as it comes (cli.md §3, import 7).
    static func unchecked(_ uuid: ImageUUID) -> String {
        "the file of image \(uuid) is not checked: its manifest has no checksum"
    }

    /// A manifest from a file: upgraded if it is of version 1, its `published_at` and the compression of its file filled
    /// in, and valid.
    private static func localManifest(_ path: FilePath, of file: FilePath) async throws -> Manifest {
        let value: JSONValue
        do {
            guard let bytes = try await HostFile.readHandedOver(path, limit: ImageLimits.manifest) else {
                throw Failure(.usage, "manifest path does not exist: \"\(path)\"")
            }
            value = try JSONValue(parsing: bytes)
        } catch let error as JSONError {
            throw Failure(.invalidManifest, "the manifest \"\(path)\" is not JSON", cause: error, hint: error.slip)
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
        let manifest = try Manifest(object)
        try ManifestValidation.checkDigest(manifest)
        return manifest
    }
}
