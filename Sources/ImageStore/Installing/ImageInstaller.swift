import ImageModel
import ZFS

/// Makes a dataset with `@final` of the file of an image: one for each kind of content. What comes before and after is the same
/// for all of them, and stands in ``ImageStore/install(_:opening:tell:)`` alone.
protocol ImageInstaller {
    /// - Parameters:
    ///   - partial: the dataset to make; it is not there. Whatever is made of it when this throws is taken away.
    ///   - open: opens the file from its beginning; an installer may do so more than once.
    /// - Returns: by what the image is known again.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeImage?
}

extension ImageStore {
    /// Where the kinds of content are listed.
    func installer(of content: ImageContent) -> any ImageInstaller {
        switch content {
        case .zfsStream: StreamInstaller(zfs: zfs, log: log)
        case .layer(let diffID): LayerInstaller(store: self, diffID: diffID)
        }
    }
}
