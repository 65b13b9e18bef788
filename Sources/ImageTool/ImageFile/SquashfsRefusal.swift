import Compression
import Failure

/// What is said of a squashfs by commands that do not read one, and what reads it.
enum SquashfsRefusal {
    /// - Parameters:
    ///   - compression: in which it is packed once more.
    ///   - because: what the command takes, behind `is a squashfs`.
    ///   - first: what else to do, given how the file is called.
    static func failure(
        _ file: GivenFile, in compression: CompressionFormat, because reason: String,
        first: (String) -> [String] = { _ in [] }
    ) -> Failure {
        var path = file.path == nil ? "FILE" : file.name
        var hints: [String] = []
        if compression != .none {
            hints = ["unpack it first: it is packed by \(compression.rawValue)"]
            let suffix = compression.fileSuffix
            path = path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : "FILE"
        }
        hints += first(path)
        let pathOfImport = ShellWord.quoted(FileName.isPath(path) ? path : "./\(path)")
        hints += [
            "imgadm import \(pathOfImport) makes an image of it on this host",
            "sqfs2tar \(ShellWord.quoted(path)) | imgadm convert -o FOLDER - name=NAME version=VERSION makes an image file",
        ]
        return Failure(
            .unsupportedImage, "\"\(file.name)\" is a squashfs\(reason)", hints: hints)
    }
}
