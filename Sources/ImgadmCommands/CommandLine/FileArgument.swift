import Failure
import ImageTool

/// An argument that names a file of which an image can be made: a URL, or a path (imgadm.8, import).
enum FileArgument {
    /// How files are called that are disks or archives: no name of an image or repository ends like that.
    private static let suffixes = [
        ".qcow2", ".img", ".raw", ".vmdk", ".vhd", ".vhdx", ".ova", ".tar", ".tgz", ".txz", ".tzst", ".tar.gz",
        ".tar.xz", ".tar.zst", ".tar.bz2", ".squashfs", ".sqfs", ".img.gz", ".img.xz", ".img.zst", ".img.bz2",
        ".raw.gz", ".raw.xz",
        ".raw.zst", ".raw.bz2", ".qcow2.gz", ".qcow2.xz", ".qcow2.zst", ".qcow2.bz2",
    ]

    /// - Parameter rest: the arguments behind it, which are fields of the manifest.
    /// - Returns: nil if the argument names an image of a source.
    /// - Throws: `Usage`.
    static func request(_ text: String, _ rest: some Sequence<String>) throws(Failure) -> FileRequest? {
        var request: FileRequest
        if ["http://", "https://"].contains(where: text.hasPrefix) {
            request = FileRequest(.url(text))
        } else if text.hasPrefix("file:///") {
            request = FileRequest(.path(String(text.dropFirst("file://".count))))
        } else if ["/", "./", "../"].contains(where: text.hasPrefix)
            || suffixes.contains(where: text.lowercased().hasSuffix) && !text.contains(":")
        {
            request = FileRequest(.path(text))
        } else {
            return nil
        }
        request.fields = try ManifestArguments.fields(rest)
        return request
    }
}
