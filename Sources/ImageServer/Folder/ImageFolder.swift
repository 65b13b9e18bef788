import Failure
import Glibc
import Host
import ImageModel
import SystemPackage

/// Where things are in the folder of a ``FolderRepository``.
struct ImageFolder: Sendable {
    let root: FilePath
    let mode: ServerMode

    var images: FilePath { root.appending("images") }
    var channels: FilePath { root.appending("channels.json") }
    func manifest(of uuid: ImageUUID) -> FilePath { images.appending("\(uuid).json") }

    func path(of part: ImagePart, _ uuid: ImageUUID) -> FilePath {
        switch part {
        case .file: images.appending("\(uuid).file")
        case .icon: images.appending("\(uuid).icon")
        }
    }

    /// The image of a manifest file's name; nil for other files.
    static func image(manifest name: String) -> ImageUUID? {
        name.hasSuffix(".json") ? ImageUUID(name.dropLast(".json".count)) : nil
    }

    /// - Throws: `FileSystemError`, `PermissionDenied` if the root is no folder that can be read.
    func checkReadable() throws {
        do {
            let open = try FileDescriptor.open(root, .readOnly, options: [.directory, .closeOnExec])
            try open.close()
        } catch Errno.noSuchFileOrDirectory {
            throw Failure(
                .fileSystem, "there is no folder \"\(root)\"", hint: "mkdir -p \(root) makes one, for images to come")
        } catch {
            throw HostFile.failure("cannot read folder", root, error)
        }
    }
}

/// What a file was when it was looked at: if that is still so, its content is taken to be the same.
struct FileMark: Sendable, Equatable {
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int
    /// Not a folder, a pipe, or the like.
    let isFile: Bool

    init(_ stat: Stat) {
        isFile = stat.type == .regular
        inode = UInt64(stat.inode.rawValue)
        size = stat.size
        seconds = stat.st_mtim.tv_sec
        nanoseconds = stat.st_mtim.tv_nsec
    }

    /// Nil if there is no such file.
    init?(_ path: FilePath) throws {
        do {
            self.init(try path.stat())
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw HostFile.failure("cannot look at", path, error)
        }
    }
}

/// The quick look that tells whether anything was added, renamed or removed.
struct FolderLook: Sendable, Equatable {
    let images: FileMark?
    let channels: FileMark?

    init(_ folder: ImageFolder) throws {
        images = try FileMark(folder.images)
        channels = try FileMark(folder.channels)
    }
}
