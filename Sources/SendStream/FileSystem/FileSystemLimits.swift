/// What the reading of a file system may take.
public struct FileSystemLimits: Sendable {
    /// Bytes of memory for names and attributes: about 500 for each file. Content of files is never kept.
    public var bytes: Int
    /// Folders on the way from the root to anything.
    public var depth: Int

    public init(bytes: Int = 1 << 30, depth: Int = 1024) {
        self.bytes = bytes
        self.depth = depth
    }

    /// Bytes of a name (OpenZFS, zap.h, `ZAP_MAXNAMELEN_NEW`, without the NUL).
    static let nameLength = 1023
    /// Bytes of a path: more than any system takes. Names may be many, and each path is made of all that lead to it.
    static let pathLength = 64 << 10
    /// Bytes of a symbolic link's target: more than any system follows.
    static let targetLength = 64 << 10
    /// Bytes of an extended attribute (Linux, limits.h, `XATTR_SIZE_MAX`).
    static let attributeLength = 64 << 10
}
