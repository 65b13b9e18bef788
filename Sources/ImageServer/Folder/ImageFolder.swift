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

    /// The names in the folder of images; none if it was not made yet.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` if it cannot be read, or the root is gone.
    func names() throws -> [String] {
        let names = try HostFile.names(in: images)
        if names.isEmpty { try checkReadable() }
        return names
    }
}

/// What a file was when it was looked at: if that is still so, its content is taken to be the same.
struct FileMark: Sendable, Equatable {
    let inode: UInt64
    let size: Int64
    let modified: Moment
    /// When its inode changed, which nobody can set back.
    let changed: Moment
    /// Not a folder, a link, a pipe, or the like.
    let isFile: Bool

    /// A time as file systems tell it.
    struct Moment: Sendable, Equatable {
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }

        /// How long ago it was, in milliseconds; negative for one to come. Nil for more than a million years.
        var age: Int64? {
            let (milliseconds, isBeyond) = Int64(seconds).multipliedReportingOverflow(by: 1000)
            guard !isBeyond, milliseconds.magnitude < 1 << 55 else { return nil }
            return Timestamp.now().milliseconds - milliseconds - Int64(nanoseconds / 1_000_000)
        }
    }

    init(_ stat: Stat) {
        isFile = stat.type == .regular
        inode = UInt64(stat.inode.rawValue)
        size = stat.size
        modified = Moment(stat.st_mtim)
        changed = Moment(stat.st_ctim)
    }

    /// Nil if there is no such file.
    ///
    /// - Parameter followingLinks: looks at what a link leads to, not at the link.
    init?(_ path: FilePath, followingLinks: Bool = true) throws {
        do {
            self.init(try path.stat(followTargetSymlink: followingLinks))
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw HostFile.failure("cannot look at", path, error)
        }
    }

    /// Whether it has been as it is for so long that a change from now on shows: the clocks of file systems tick in
    /// milliseconds.
    var isSettled: Bool {
        [modified, changed].allSatisfy { moment in moment.age.map { !(-100..<100).contains($0) } ?? true }
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
