import Failure
import Host
import ImageModel
import SystemPackage

/// Where things are in the folder of a ``FolderRepository``.
struct ImageFolder: Sendable {
    let root: FilePath
    let mode: ServerMode

    var images: FilePath { root.appending("images") }
    static let channelsName = "channels.json"
    var channels: FilePath { root.appending(ImageFolder.channelsName) }
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

    /// Makes sure that the folder of images is not what somebody put there who may write in the root, as everybody may below /tmp:
    /// what is published would come to lie there, and what he put there would be served.
    ///
    /// - Throws: `UnsafeFolder`; `FileSystemError`, `PermissionDenied`.
    func checkTrusted() throws {
        guard try HostFile.isOpenToEverybody(root) else { return }
        for folder in [root, images] { try HostFile.checkTrusted(folder) }
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

/// The quick look that tells whether anything was added, renamed or removed.
struct FolderLook: Sendable, Equatable {
    let images: FileMark?
    let channels: FileMark?

    init(_ folder: ImageFolder) throws {
        images = try FileMark(folder.images)
        channels = try FileMark(folder.channels)
    }
}
