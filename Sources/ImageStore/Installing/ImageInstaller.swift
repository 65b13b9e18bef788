public import Failure
import Glibc
public import ImageModel
import ZFS

/// Makes a dataset with `@final` of the file of an image: one for each kind of content. What comes before and after is the same
/// for all of them, and stands in ``ImageStore/install(_:opening:tell:)`` alone.
protocol ImageInstaller {
    /// Looks whether this host and this user have what it takes, before a byte of the file is fetched.
    ///
    /// - Throws: `PermissionDenied`, `CommandNotFound`.
    func checkHost() throws(Failure)

    /// - Parameters:
    ///   - partial: the dataset to make; it is not there. Whatever is made of it when this throws is taken away.
    ///   - open: opens the file from its beginning; an installer may do so more than once.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeContent
}

extension ImageInstaller {
    /// It takes ZFS alone.
    func checkHost() throws(Failure) {}

    /// It makes files of any owner, which only root can do.
    func checkUnpacking() throws(Failure) {
        guard geteuid() == 0 else {
            throw Failure(
                .permissionDenied, "the image is unpacked file by file, which only root can do", hint: "run as root")
        }
    }
}

/// What an installer has made, and has learned of the image meanwhile.
public struct MadeContent: Sendable {
    /// By what the image is known again; nil where its dataset's name leaves no room for a snapshot.
    public var image: MadeImage?
    /// Its dataset, where it was looked at when it was made.
    var dataset: Dataset?
    /// Bytes of a disk.
    public var diskSize: UInt64?
    /// What the files of a root say of their system.
    public var release: OSRelease?
}

extension ImageStore {
    /// Looks whether an image of that content can be made here at all.
    ///
    /// - Throws: `PermissionDenied`, `CommandNotFound`.
    public func checkHost(for content: ImageContent) throws(Failure) { try installer(of: content).checkHost() }

    /// Where the kinds of content are listed.
    func installer(of content: ImageContent) -> any ImageInstaller {
        switch content {
        case .zfsStream: StreamInstaller(zfs: zfs, log: log)
        case .layer(let diffID): LayerInstaller(store: self, diffID: diffID)
        case .root: RootInstaller(store: self)
        case .squashfs: SquashfsInstaller(store: self)
        case .disk(let blockSize): DiskInstaller(zfs: zfs, log: log, blockSize: blockSize, rawIn: nil)
        case .rawDisk(let compression, let blockSize):
            DiskInstaller(zfs: zfs, log: log, blockSize: blockSize, rawIn: compression)
        }
    }
}
