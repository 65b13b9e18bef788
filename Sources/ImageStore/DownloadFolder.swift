import Failure
public import Host
public import ImageModel
public import SystemPackage
import Time

/// Downloaded image files that wait for their origin: `UUID.file` complete, `UUID.file.partial` under way (state.md,
/// "Files"). Files of an image are touched only under its lock. The folder is below one that everybody may write to, so each
/// time it is opened as one of ours, and its files by its handle.
///
/// What throws throws `UnsafeFolder` for a folder of somebody else, `FileSystemError`, `PermissionDenied`.
public struct DownloadFolder: Sendable {
    public let path: FilePath

    public init(root: HostRoot) { path = root.downloads }

    /// Bytes that there is room for; nil if that cannot be told.
    public var freeSpace: UInt64? {
        var folder = path
        // What cannot be looked at is asked about by the folder above it.
        while (try? HostFile.exists(folder)) != true, folder.removeLastComponent() {}
        return HostFile.freeSpace(at: folder.isEmpty ? "." : folder)
    }

    /// Where the complete file of an image is, for messages.
    public func complete(_ uuid: ImageUUID) -> FilePath { path.appending(DownloadFolder.complete(uuid)) }
    /// Where the file under way is, for messages.
    public func partial(_ uuid: ImageUUID) -> FilePath { path.appending(DownloadFolder.partial(uuid)) }

    private static func complete(_ uuid: ImageUUID) -> String { "\(uuid).file" }
    private static func partial(_ uuid: ImageUUID) -> String { "\(uuid).file.partial" }

    /// There is a complete file of an earlier run, and it has the size it should have. Its checksum is found out as it is read.
    public func isUsable(_ uuid: ImageUUID, size: Int64?) throws -> Bool {
        guard let status = try PrivateFolder.existing(path)?.status(DownloadFolder.complete(uuid)) else { return false }
        return size.map { $0 == status.size } ?? true
    }

    /// Opens the complete file.
    public func openComplete(_ uuid: ImageUUID) throws -> LocalImageFile {
        try open(DownloadFolder.complete(uuid), complete(uuid))
    }

    /// Opens the file under way to be read.
    public func readPartial(_ uuid: ImageUUID) throws -> LocalImageFile {
        try open(DownloadFolder.partial(uuid), partial(uuid))
    }

    private func open(_ name: String, _ path: FilePath) throws -> LocalImageFile {
        guard let file = try PrivateFolder.existing(self.path)?.open(name) else {
            throw HostFile.failure("cannot open", path, Errno.noSuchFileOrDirectory)
        }
        return try LocalImageFile(file, path: path)
    }

    /// Opens the file under way for more, made if need be.
    ///
    /// - Returns: the file, and how many bytes it has.
    public func openPartial(_ uuid: ImageUUID) throws -> (file: FileDescriptor, size: Int64) {
        guard let file = try PrivateFolder.making(path).open(DownloadFolder.partial(uuid), create: true) else {
            throw HostFile.failure("cannot open", partial(uuid), Errno.noSuchFileOrDirectory)
        }
        do {
            return (file, try file.seek(offset: 0, from: .end))
        } catch {
            try? file.close()
            throw HostFile.failure("cannot open", partial(uuid), error)
        }
    }

    /// The file under way is complete.
    public func finish(_ uuid: ImageUUID) throws {
        try PrivateFolder.making(path).rename(DownloadFolder.partial(uuid), to: DownloadFolder.complete(uuid))
    }

    /// Removes what there is of an image. What stays is used again or found by `check`.
    public func remove(_ uuid: ImageUUID) {
        guard let folder = try? PrivateFolder.existing(path) else { return }
        _ = try? folder.remove(DownloadFolder.complete(uuid))
        _ = try? folder.remove(DownloadFolder.partial(uuid))
    }

    /// Removes the file under way. What stays is checked again.
    public func removePartial(_ uuid: ImageUUID) {
        _ = try? PrivateFolder.existing(path)?.remove(DownloadFolder.partial(uuid))
    }

    /// Files that nobody has touched for so long that no import will go on with them.
    ///
    /// - Parameter age: in seconds.
    public func abandoned(after age: Int64 = 7 * 86400) throws -> [(uuid: ImageUUID, bytes: Int64)] {
        guard let folder = try PrivateFolder.existing(path) else { return [] }
        let now = Timestamp.now().milliseconds / 1000
        return try folder.names().sorted().compactMap { name in
            let stem =
                name.hasSuffix(".file") ? name.dropLast(5) : name.hasSuffix(".file.partial") ? name.dropLast(13) : ""
            guard let uuid = ImageUUID(String(stem)), let status = try folder.status(name),
                now.subtractingReportingOverflow(status.modified).partialValue > age
            else { return nil }
            return (uuid, status.size)
        }
    }

    /// Something of an image is there.
    public func hasFiles(_ uuid: ImageUUID) throws -> Bool {
        guard let folder = try PrivateFolder.existing(path) else { return false }
        return try folder.status(DownloadFolder.complete(uuid)) != nil
            || folder.status(DownloadFolder.partial(uuid)) != nil
    }
}
