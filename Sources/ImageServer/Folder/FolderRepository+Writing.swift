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

    public func upload(_ uuid: ImageUUID) async throws -> any FileUpload {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try HostFile.makeFolder(folder.images)
            return try FolderUpload(uuid, in: self)
        }
    }

    fileprivate func rewrite(_ uuid: ImageUUID, _ change: (JSONObject?) throws -> JSONObject?) throws {
        let path = folder.manifest(of: uuid)
        let stored = try HostFile.read(path, limit: 4 << 20).flatMap { try? JSONValue(parsing: $0).objectValue }
        guard let new = try change(stored) else {
            // The manifest first: a file without one is no image.
            try HostFile.remove(path)
            try HostFile.remove(folder.file(of: uuid))
            return
        }
        try HostFile.write(Array((JSONValue.object(new).text(.indented(2)) + "\n").utf8), to: path)
    }

    /// Removes what uploads that were broken off have left.
    func sweepUploads() {
        for name in HostFile.names(in: folder.images) where name.hasPrefix(FolderUpload.prefix) {
            _ = try? HostFile.remove(folder.images.appending(name))
        }
    }
}

/// A file on its way into the folder, beside its place.
private final class FolderUpload: FileUpload {
    static let prefix = ".upload-"
    private let uuid: ImageUUID
    private let repository: FolderRepository
    private let path: FilePath
    private let file: SystemPackage.FileDescriptor

    init(_ uuid: ImageUUID, in repository: FolderRepository) throws {
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
            let (repository, uuid, path) = (repository, uuid, path)
            try repository.writing.withLock { _ in
                // What the change refuses must leave the old file where it is; and at no time may a manifest speak of
                // another file than is there.
                try repository.rewrite(uuid) { stored in
                    guard let new = try change(stored) else { return stored }
                    var without = StoredManifest(new)
                    without.removeFile()
                    return without.json
                }
                try HostFile.rename(path, to: repository.folder.file(of: uuid))
                try HostFile.syncFolder(repository.folder.images)
                try repository.rewrite(uuid, change)
            }
        }
    }

    func discard() async {
        _ = try? await NIOThreadPool.singleton.runIfActive { [path] in try HostFile.remove(path) }
    }
}
