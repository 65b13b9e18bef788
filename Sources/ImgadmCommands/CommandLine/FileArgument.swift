import Failure
import ImageModel
import ImageTool

/// An argument that names a file of which an image can be made: a URL, or a path (imgadm.8, import).
enum FileArgument {
    /// - Parameter rest: the arguments behind it, which are fields of the manifest.
    /// - Returns: nil if the argument names an image of a source.
    /// - Throws: `Usage`.
    static func request(_ text: String, _ rest: some Sequence<String>) throws(Failure) -> FileRequest? {
        var request: FileRequest
        if ["http://", "https://"].contains(where: text.hasPrefix) {
            try refuseImageOfServer(text)
            request = FileRequest(.url(text))
        } else if text.hasPrefix("file:///") {
            request = FileRequest(.path(String(text.dropFirst("file://".count))))
        } else {
            try refuseBareURL(text)
            guard FileName.isPath(text) || FileName.isOfContent(text) && !text.contains(":") else { return nil }
            request = FileRequest(.path(text))
        }
        request.fields = try ManifestArguments.fields(rest)
        return request
    }

    /// Says of the address of an image on an image server, or of its page there, what names it: its manifest comes with it then.
    private static func refuseImageOfServer(_ text: String) throws(Failure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let place = parts.dropFirst(3).firstIndex(where: { ["images", "page"].contains($0) }),
            place + 1 < parts.count, let uuid = ImageUUID(typed: String(parts[place + 1].prefix { $0 != "?" })),
            place + 2 >= parts.count || parts[place + 2].prefix(while: { $0 != "?" }) == "file",
            !isOfGlance(parts[place - 1])
        else { return }
        let server = parts[..<place].joined(separator: "/")
        throw Failure(
            .usage, "\"\(text)\" is an image of an image server, which is imported from that by its UUID",
            hint:
                "imgadm import -S \(ShellWord.quoted(server)) \(uuid); imgadm sources -a \(ShellWord.quoted(server)) adds the server"
        )
    }

    /// OpenStack's image service has the version of its API before `images`, and plain files there.
    private static func isOfGlance(_ folder: String) -> Bool {
        folder.first == "v" && folder.count > 1 && folder.dropFirst().allSatisfy { $0.isNumber || $0 == "." }
    }

    /// Says of a URL without `https://` what it lacks: something like a host, behind it a path that ends as files of images do. Nothing
    /// in a registry is called like that.
    private static func refuseBareURL(_ text: String) throws(Failure) {
        guard !FileName.isPath(text), FileName.isOfContent(text), let slash = text.firstIndex(of: "/") else { return }
        try ImageArgument.refusePlace(text)
        let host = text[..<slash]
        let name = host.prefix { $0 != ":" }
        let port = host.dropFirst(name.count)
        let isHost = port.isEmpty ? name == "localhost" || name.contains(".") : UInt16(port.dropFirst()) != nil
        guard isHost, !MeantFile.isThere(text) else { return }
        throw Failure(
            .usage, "\"\(text)\" is no file here, and a URL begins with https:// or http://",
            hint: "did you mean \"https://\(text)\"? \"./\(text)\" is a path")
    }
}
