import Compression

/// Names that say of a file that it is a disk as it is. What such a disk begins with, its machine wrote, and may look like any other
/// format. (`.img` says less: distributions call qcow2 so, too.)
enum RawDiskName {
    private static let suffixes = [".raw", ".dd"]

    /// How the disk is packed, by the name; nil of a name that says nothing of the kind.
    static func compression(of fileName: String) -> CompressionFormat? {
        let name = fileName.lowercased()
        return CompressionFormat.allCases.first { format in
            name.hasSuffix(format.fileSuffix)
                && suffixes.contains(where: name.dropLast(format.fileSuffix.count).hasSuffix)
        }
    }
}
