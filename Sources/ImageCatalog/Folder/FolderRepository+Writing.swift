import Failure
import Glibc
import Host
public import ImageModel
public import JSON
import Logging
import NIOCore
import NIOPosix
import SystemPackage

/// Writing: every file comes by a rename, so that a crash leaves the old or the new one.
extension FolderRepository {
    public func change(
        _ uuid: ImageUUID, _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws {
        try await inTurn(uuid) { [self] in try rewrite(uuid, change) }
    }

    public func upload(_ part: ImagePart, of uuid: ImageUUID) async throws -> any FileUpload {
        try await BlockingIO.writing.runIfActive { [self] in
            try HostFile.makeFolder(folder.images)
            return try FolderUpload(part, of: uuid, in: self)
        }
    }

    fileprivate func rewrite(_ uuid: ImageUUID, _ change: (JSONObject?) throws -> JSONObject?) throws {
        let path = folder.manifest(of: uuid)
        var stored: JSONObject?
        if let bytes = try HostFile.read(path, limit: ImageLimits.manifest) {
            do {
                stored = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64)).objectValue
            } catch {
                throw Failure(.invalidManifest, "\"\(path)\" is not JSON, and is left as it is", cause: error)
            }
            guard stored != nil else {
                throw Failure(.invalidManifest, "\"\(path)\" is not a JSON object, and is left as it is")
            }
        }
        guard let new = try change(stored) else {
            guard stored != nil else { return }
            // The manifest first: a file without one is no image.
            try HostFile.remove(path)
            for part in ImagePart.allCases { try HostFile.remove(folder.path(of: part, uuid)) }
            return
        }
        guard new != stored else { return }
        // Where there can be no locks, another process may be writing, too: a server, a mirror.
        try HostFile.write(
            Array((JSONValue.object(new).text(.indented(2)) + "\n").utf8), to: path,
            by: folder.images.appending("\(uuid).json-\(ImageUUID()).tmp"))
        guard let stored else { return }
        let (before, after) = (StoredManifest(stored), StoredManifest(new))
        for part in ImagePart.allCases where before.has(part) && !after.has(part) {
            try HostFile.remove(folder.path(of: part, uuid))
        }
    }

    /// Removes what uploads that were broken off have left, but nothing of another process that is at work in the folder.
    func sweepUploads() throws {
        for name in try HostFile.names(in: folder.images) {
            do {
                try sweep(name)
            } catch {
                // It is no image, and hinders nobody.
                logger.warning(
                    "cannot clear away what an upload left", metadata: ["file": "\(name)", "error": "\(error)"])
            }
        }
    }

    /// A manifest on its way into the folder: `UUID.json-UUID.tmp`, or `UUID.json.tmp` of older versions. What else there is in the folder
    /// is somebody's.
    private static func isOfManifest(_ name: String) -> Bool {
        guard name.hasSuffix(".tmp"), let end = name.firstRange(of: ".json") else { return false }
        let rest = name[end.upperBound...].dropLast(4)
        return ImageUUID(String(name[..<end.lowerBound])) != nil
            && (rest.isEmpty || rest.hasPrefix("-") && ImageUUID(String(rest.dropFirst())) != nil)
    }

    private func sweep(_ name: String) throws {
        let path = folder.images.appending(name)
        if Self.isOfManifest(name) {
            // A manifest is written in a moment. An age that cannot be told is a great one.
            guard let mark = try FileMark(path, followingLinks: false), mark.modified.age ?? .max > 60_000 else {
                return
            }
            try HostFile.remove(path)
        } else if name.hasPrefix(FolderUpload.prefix), let file = try HostFile.open(path) {
            // Nothing was written, so that closing loses nothing.
            defer { try? file.close() }
            if HostFile.claim(file) { try HostFile.remove(path) }
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
        do {
            // The sweep of another process may have come in between.
            guard HostFile.claim(file) else { throw Errno.resourceBusy }
            // Whatever the umask is: a server of another user may have to read it.
            guard fchmod(file.rawValue, 0o644) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            try? file.close()  // what went wrong is told already
            throw HostFile.failure("cannot write", path, error)
        }
    }

    /// What was to count was flushed before.
    deinit { try? file.close() }

    func append(_ bytes: ByteBuffer) async throws {
        try await BlockingIO.writing.runIfActive { [file, path] in
            do {
                _ = try unsafe bytes.withUnsafeReadableBytes { try unsafe file.writeAll($0) }
            } catch {
                throw HostFile.failure("cannot write", path, error)
            }
        }
    }

    func commit(_ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?) async throws {
        // Nobody waits while a large file is flushed.
        try await BlockingIO.writing.runIfActive { [file, path] in
            do {
                try HostFile.sync(file)
            } catch {
                throw HostFile.failure("cannot write", path, error)
            }
        }
        try await repository.inTurn(uuid) { [repository, part, uuid, path] in
            // What the change refuses must leave the old file where it is; and at no time may a manifest speak of
            // another file than is there. The same once more takes the place of itself.
            try repository.rewrite(uuid) { stored in
                guard let new = try change(stored), let stored, StoredManifest(stored).has(part) else { return stored }
                if let sha1 = part.sha1(in: new), sha1 == part.sha1(in: stored) { return stored }
                // What is new counts once its part is there.
                var without = StoredManifest(stored)
                without.remove(part)
                return without.json
            }
            try HostFile.rename(path, to: repository.folder.path(of: part, uuid))
            try repository.rewrite(uuid, change)
        }
    }

    func discard() async {
        do {
            // Also when the request was cancelled.
            try await Task { [path] in
                try await BlockingIO.writing.runIfActive { _ = try HostFile.remove(path) }
            }.value
        } catch {
            // What is left is cleared when a server starts.
            repository.logger.warning("cannot clear away an upload", metadata: ["error": "\(error)"])
        }
    }
}
