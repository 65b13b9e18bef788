/// What the file of an image holds, and with that how the image is made of it. A new kind is a case here, and an installer in
/// the store.
public enum ImageContent: Sendable, Hashable {
    /// A stream of `zfs send`.
    case zfsStream
    /// The archive of a layer of a docker image; the digest is that of the archive once it is inflated, where it is known.
    case layer(diffID: ContentDigest?)
    /// The disk of a machine, in whatever format; of the volume that it becomes, the bytes of a block, where they were chosen.
    case disk(blockSize: Int?)
    /// A disk that is kept as it is, whatever its bytes look like, packed by the compression that is named, as manifests spell it.
    case rawDisk(compression: String, blockSize: Int?)
    /// The archive of a system's files.
    case root
    /// The same as a squashfs, which is read by `sqfs2tar` (squashfs-tools-ng).
    case squashfs

    /// The content of an image of a server: its manifest's type tells.
    public init(of manifest: Manifest) {
        guard manifest.imageType == .docker else {
            self = .zfsStream
            return
        }
        self = .layer(diffID: manifest.files.first?.uncompressedDigest.flatMap { ContentDigest($0) })
    }

    /// Of the volume that a disk becomes, the bytes of a block, where they were chosen.
    public var blockSize: Int? {
        switch self {
        case .disk(let size), .rawDisk(_, let size): size
        case .zfsStream, .layer, .root, .squashfs: nil
        }
    }

    /// Its file may have to be read a second time if it comes on top of another image.
    public var mayBeReadAgain: Bool { if case .layer = self { true } else { false } }
}
