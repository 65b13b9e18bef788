import Failure
public import Host
public import ImageModel
import SwiftGlibc
public import SystemPackage

/// Downloaded image files that wait for their origin: `UUID.file` complete, `UUID.file.partial` under way (state.md,
/// "Files"). Files of an image are touched only under its lock.
public struct DownloadFolder: Sendable {
    public let path: FilePath

    public init(root: HostRoot) { path = root.downloads }

    /// Bytes that there is room for.
    public var freeSpace: UInt64? {
        var folder = path
        while (try? HostFile.exists(folder)) != true, folder.removeLastComponent() {}
        return HostFile.freeSpace(at: folder.isEmpty ? "." : folder)
    }

    public func complete(_ uuid: ImageUUID) -> FilePath { path.appending("\(uuid).file") }
    public func partial(_ uuid: ImageUUID) -> FilePath { path.appending("\(uuid).file.partial") }

    /// A complete file of an earlier run, if it has the size it should have. Its checksum is found out as it is read.
    public func usable(_ uuid: ImageUUID, size: Int64?) -> FilePath? {
        let file = complete(uuid)
        guard let actual = (try? HostFile.size(file)) ?? nil else { return nil }
        return size.map { $0 == actual } ?? true ? file : nil
    }

    /// Opens the file under way for more, made if need be.
    ///
    /// - Returns: the file, and how many bytes it has.
    public func openPartial(_ uuid: ImageUUID) throws -> (file: FileDescriptor, size: Int64) {
        try HostFile.makeFolder(path)
        do {
            let file = try FileDescriptor.open(
                partial(uuid), .readWrite, options: [.create, .closeOnExec, .noFollow], permissions: [.ownerReadWrite])
            do {
                return (file, try file.seek(offset: 0, from: .end))
            } catch {
                try? file.close()
                throw error
            }
        } catch {
            throw HostFile.failure("cannot open", partial(uuid), error)
        }
    }

    /// The file under way is complete.
    public func finish(_ uuid: ImageUUID) throws { try HostFile.rename(partial(uuid), to: complete(uuid)) }

    /// Removes what there is of an image.
    public func remove(_ uuid: ImageUUID) {
        _ = try? HostFile.remove(complete(uuid))
        _ = try? HostFile.remove(partial(uuid))
    }

    /// Removes the file under way.
    public func removePartial(_ uuid: ImageUUID) { _ = try? HostFile.remove(partial(uuid)) }

    /// Files that nobody has touched for so long that no import will go on with them.
    ///
    /// - Parameter age: in seconds.
    public func abandoned(after age: Int64 = 7 * 86400) throws -> [(uuid: ImageUUID, bytes: Int64)] {
        try HostFile.names(in: path).sorted().compactMap { name in
            let stem =
                name.hasSuffix(".file") ? name.dropLast(5) : name.hasSuffix(".file.partial") ? name.dropLast(13) : ""
            guard let uuid = ImageUUID(String(stem)), let stat = try? path.appending(name).stat(),
                Timestamp.now().milliseconds / 1000 - Int64(stat.st_mtim.tv_sec) > age
            else { return nil }
            return (uuid, stat.size)
        }
    }

    /// Something of an image is there.
    public func hasFiles(_ uuid: ImageUUID) throws -> Bool {
        try HostFile.exists(complete(uuid)) || HostFile.exists(partial(uuid))
    }
}
