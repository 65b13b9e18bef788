import Failure
import ImageTool

/// An argument that names a file of which an image can be made: a URL, or a path (imgadm.8, import).
enum FileArgument {
    /// - Parameter rest: the arguments behind it, which are fields of the manifest.
    /// - Returns: nil if the argument names an image of a source.
    /// - Throws: `Usage`.
    static func request(_ text: String, _ rest: some Sequence<String>) throws(Failure) -> FileRequest? {
        var request: FileRequest
        if ["http://", "https://"].contains(where: text.hasPrefix) {
            request = FileRequest(.url(text))
        } else if text.hasPrefix("file:///") {
            request = FileRequest(.path(String(text.dropFirst("file://".count))))
        } else if FileName.isPath(text) || FileName.isOfContent(text) && !text.contains(":") {
            request = FileRequest(.path(text))
        } else {
            return nil
        }
        request.fields = try ManifestArguments.fields(rest)
        return request
    }
}
