import Failure
import Host
public import ImageModel
public import JSON
import NIOCore
import NIOPosix
import Synchronization
import SystemPackage

/// Writing: every file comes by a rename, so that a crash leaves the old or the new one.
extension FolderRepository {
    public func change(
        _ uuid: ImageUUID, _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try writing.withLock { _ in try rewrite(uuid, change) }
        }
    }

    public func upload(_ part: ImagePart, of uuid: ImageUUID) async throws -> any FileUpload {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try HostFile.makeFolder(folder.images)
            return try FolderUpload(part, of: uuid, in: self)
        }
    }

    fileprivate func rewrite(_ uuid: ImageUUID, _ change: (JSONObject?) throws -> JSONObject?) throws {
        let path = folder.manifest(of: uuid)
        var stored: JSONObject?
        if let bytes = try HostFile.read(path, limit: 4 << 20) {
            guard let json = try? JSONValue(parsing: bytes).objectValue else {
                throw Failure(.invalidManifest, "\"\(path)\" is not a JSON object, and is left as it is")
            }
            stored = json
        }
        guard let new = try change(stored) else {
            guard stored != nil else { return }
            // The manifest first: a file without one is no image.
            try HostFile.remove(path)
            for part in ImagePart.allCases { try HostFile.remove(folder.path(of: part, uuid)) }
            return
        }
        guard new != stored else { return }
        try HostFile.write(Array((JSONValue.object(new).text(.indented(2)) + "\n").utf8), to: path)
        guard let stored else { return }
        let (before, after) = (StoredManifest(stored), StoredManifest(new))
        for part in ImagePart.allCases where before.has(part) && !after.has(part) {
            try HostFile.remove(folder.path(of: part, uuid))
        }
    }

    /// Removes what uploads that were broken off have left, but nothing of another process that is at work in the folder.
    func sweepUploads() throws {
        let now = Timestamp.now().milliseconds / 1000
        for name in try HostFile.names(in: folder.images) {
            let path = folder.images.appending(name)
            // A manifest is written in a moment.
            if name.hasSuffix(".json.tmp"), let mark = try? FileMark(path), now - Int64(mark.seconds) > 60 {
                _ = try? HostFile.remove(path)
            }
            guard name.hasPrefix(FolderUpload.prefix) else { continue }
            guard
                let file = try? SystemPackage.FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
            else { continue }
            if HostFile.claim(file) { _ = try? HostFile.remove(path) }
            try? file.close()
        }
    }
}

/// A file on its way into the folder, beside its place.
private final class FolderUpload: FileUpload {
    static let prefix = ".upload-"
    private let part: ImagePart
    private let uuid: ImageUUID
    private let repository: FolderRepository
    private let path: FilePath
    private let file: SystemPackage.FileDescriptor

    init(_ part: ImagePart, of uuid: ImageUUID, in repository: FolderRepository) throws {
        self.part = part
        self.uuid = uuid
        self.repository = repository
        path = repository.folder.images.appending("\(FolderUpload.prefix)\(uuid)-\(ImageUUID())")
        do {
            file = try SystemPackage.FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw HostFile.failure("cannot write", path, error)
        }
        // The sweep of another process may have come in between.
        guard HostFile.claim(file) else {
            try? file.close()
            throw HostFile.failure("cannot write", path, Errno.resourceBusy)
        }
    }

    deinit { try? file.close() }

    func append(_ bytes: ByteBuffer) async throws {
        try await NIOThreadPool.singleton.runIfActive { [file] in
            _ = try unsafe bytes.withUnsafeReadableBytes { try unsafe file.writeAll($0) }
        }
    }

    func commit(_ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?) async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try HostFile.sync(file)
            let (repository, part, uuid, path) = (repository, part, uuid, path)
            try repository.writing.withLock { _ in
                // What the change refuses must leave the old file where it is; and at no time may a manifest speak of
                // another file than is there.
                try repository.rewrite(uuid) { stored in
                    guard let new = try change(stored), let stored, StoredManifest(stored).has(part) else {
                        return stored
                    }
                    var without = StoredManifest(new)
                    without.remove(part)
                    return without.json
                }
                try HostFile.rename(path, to: repository.folder.path(of: part, uuid))
                try repository.rewrite(uuid, change)
            }
        }
    }

    func discard() async {
        _ = try? await NIOThreadPool.singleton.runIfActive { [path] in try HostFile.remove(path) }
    }
}
